"""The models of the table: ours by the one-line path, then its rivals."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from benchmarks.shared._source_digest import source_digest
from benchmarks.tables import _rivals, _torch_rivals
from benchmarks.tables._sets import Table
from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor, make_embedding_pipeline

_OUR_CODE = ("skembed.estimators", "skembed.tables", "skembed.vocabulary")
_RIVALS_CODE = ("skembed.comparison", "skembed.training._target_statistics")


def our_pipeline(table: Table, seed: int) -> Any:
    """The public path from columns to a fitted network, with nothing named."""
    network = EmbeddingDNNRegressor if table.task == "values" else EmbeddingDNNClassifier
    return make_embedding_pipeline(network(random_state=seed))


class Ours(BaseEstimator):
    """Our pipeline with the network of the task."""

    def __init__(self, table: Table, random_state: int = 0) -> None:
        self.table = table
        self.random_state = random_state

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return what a result depends on beside data and code."""
        return {"random_state": self.random_state}

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "Ours":
        """Fit the pipeline."""
        self.model_ = our_pipeline(self.table, self.random_state).fit(X, y)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict values."""
        return self.model_.predict(X)

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Predict probabilities."""
        return self.model_.predict_proba(X)

    note = ""


@dataclass(frozen=True)
class Model:
    """A model: its estimator, the package that it needs, and whether seeds change it."""

    title: str
    make: Callable[..., Any] | None = None  # None: ours
    package: str = "scikit-learn"
    for_values: str = ""  # its title where values are the task, if that is another
    seeded: bool = True

    @property
    def is_installed(self) -> bool:
        """Whether its package is there."""
        return self._version is not None

    @property
    def _version(self) -> str | None:
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None

    @property
    def ours(self) -> bool:
        """Whether it is ours, and warmed up by a fit that does not count."""
        return self.make is None

    @property
    def code(self) -> str:
        """What of the code a result depends on."""
        if self.make is None:
            return source_digest(_OUR_CODE)
        return f"{self.package} {self._version} {source_digest(_RIVALS_CODE)}"

    def title_for(self, task: str) -> str:
        """Return the name of the model for a task."""
        return self.for_values if task == "values" and self.for_values else self.title

    def estimator(self, table: Table, seed: int) -> Any:
        """Return the unfitted estimator."""
        if self.make is None:
            return Ours(table, seed)
        kinds = table.kinds if self.package == "scikit-learn" else table.library_kinds
        return self.make(table.task, kinds, random_state=seed)


MODELS: dict[str, Model] = {
    "ours": Model("make_embedding_pipeline", None, "skembed"),
    "linear": Model(
        "LogisticRegression, prepared, C tuned",
        _rivals.Linear,
        for_values="Ridge, prepared, alpha tuned",
        seeded=False,
    ),
    "statistics": Model(
        "LogisticRegression, prepared, target statistics",
        _rivals.LinearOnStatistics,
        for_values="Ridge, prepared, target statistics",
    ),
    "trees": Model("HistGradientBoosting, TargetEncoder", _rivals.Trees),
    "lightgbm": Model("LightGBM", _rivals.LightGBM, "lightgbm", seeded=False),
    "catboost": Model("CatBoost", _rivals.CatBoost, "catboost"),
    "realmlp": Model("RealMLP", _rivals.RealMLP, "pytabkit"),
    "tabm": Model("TabM", _rivals.TabM, "pytabkit"),
    "skorch": Model("skorch, embeddings and MLP", _torch_rivals.Skorch, "skorch"),
    "widedeep": Model("pytorch-widedeep, TabMlp", _torch_rivals.WideDeep, "pytorch-widedeep"),
}
