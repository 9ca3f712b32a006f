"""The rivals of a comparison: what `rivals` names, each fitted with its own preparation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from sklearn.base import clone, is_classifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from skembed.comparison._column_kinds import Kind, kinds_for
from skembed.comparison._scores import Part, Scoring
from skembed.comparison._table_features import Components, linear_features, tree_features
from skembed.comparison._tuned_linear import LinearModel, Splits

OURS = "embedding"


@dataclass(frozen=True)
class Training:
    """The training part of a fold, and what a rival may choose by."""

    rows: Part  # as the user gave them
    table: pd.DataFrame | None  # the same as a table; None where X is a sparse matrix
    steps: Pipeline | None  # of our pipeline, fitted on these rows
    inner: Splits
    seed: int

    @property
    def kinds(self) -> dict[str, Kind]:
        """Kinds of the table's columns that our pipeline uses."""
        assert self.table is not None
        return kinds_for(self.table, self.steps)


class Rival(Protocol):
    """What can be fitted on a training part."""

    @property
    def named(self) -> bool:
        """Whether it takes the table, and not X as it was given."""

    def fitted(self, training: Training) -> tuple[Any, str]:
        """Return the fitted model, and what was chosen for it."""


@dataclass(frozen=True)
class LinearRival:
    """Logistic or ridge regression, its penalty chosen on rows of the training part."""

    model: LinearModel
    scoring: Scoring
    n_jobs: int | None
    named: bool = True

    def fitted(self, training: Training) -> tuple[Any, str]:
        """Prepare the columns, choose the penalty, fit."""
        part, features = training.rows, None
        if training.table is not None:
            features = linear_features(training.kinds, len(training.table))
            made = features.fit_transform(training.table)
            part = Part(made, part.y, part.weights)
        model, value = self.model.tuned(part, training.inner, self.scoring, self.n_jobs)
        chosen = f"{self.model.parameter}={value:.3g}"
        return joined(features, model), chosen


@dataclass(frozen=True)
class TreesRival:
    """Gradient boosting at its defaults."""

    classifier: bool
    class_weight: Any = None
    named: bool = True

    def fitted(self, training: Training) -> tuple[Any, str]:
        """Prepare the columns and fit."""
        part, features, categories = training.rows, None, None
        if training.table is None:
            features = Components(random_state=training.seed)
        else:
            features, categories = tree_features(
                training.kinds,
                training.table,
                target_type="auto" if self.classifier else "continuous",
                seed=training.seed,
            )
        made = features.fit_transform(part.X if training.table is None else training.table, part.y)
        model = self._model(categories, training.seed).fit(made, part.y, **part.weighted)
        return joined(features, model), ""

    def _model(self, categories: list[int] | None, seed: int) -> Any:
        given = {"categorical_features": categories or None, "random_state": seed}
        if self.classifier:
            return HistGradientBoostingClassifier(class_weight=self.class_weight, **given)
        return HistGradientBoostingRegressor(**given)


@dataclass(frozen=True)
class GivenRival:
    """An estimator of the user's, which gets X as it was given."""

    estimator: Any
    named: bool = False

    def fitted(self, training: Training) -> tuple[Any, str]:
        """Fit a clone, with a seed wherever it has none."""
        model, part = clone(self.estimator), training.rows
        seeded = {
            name: training.seed
            for name, value in model.get_params().items()
            if value is None and name.split("__")[-1] == "random_state"
        }
        model.set_params(**seeded)
        weights = {weights_name(model): part.weights} if part.weights is not None else {}
        return model.fit(part.X, part.y, **weights), ""


def joined(features: Any, model: Any) -> Any:
    """A fitted model behind its fitted preparation."""
    return model if features is None else Pipeline([("features", features), ("model", model)])


def weights_name(estimator: Any) -> str:
    """Name that `fit` takes the weights of rows by."""
    if isinstance(estimator, Pipeline):
        return f"{estimator.steps[-1][0]}__{weights_name(estimator.steps[-1][1])}"
    return "sample_weight"


NAMES = ("linear", "trees")


def checked_rivals(
    rivals: Any,
    network: Any,
    data: Part,
    *,
    linear: LinearModel,
    scoring: Scoring,
    n_jobs: int | None,
) -> dict[str, Rival]:
    """Rivals by name, from what `rivals` may be."""
    found: dict[str, Rival] = {}
    for name, given in _named(rivals):
        if name == OURS or name in found:
            raise ValueError(
                f"rivals has two models with the name {name!r}; pass a dict with a different "
                f"name for each, none of which is {OURS!r}."
            )
        if not isinstance(given, str):
            found[name] = _checked_estimator(name, given, data)
        elif given == "linear":
            found[name] = LinearRival(linear, scoring, n_jobs)
        elif given == "trees":
            _check_one_output(data.y)
            found[name] = TreesRival(is_classifier(network), getattr(network, "class_weight", None))
        else:
            raise ValueError(
                f"rivals names {given!r}, which is unknown; pass one of {list(NAMES)} or an "
                "estimator."
            )
    if not found:
        raise ValueError("rivals is empty: name at least one, such as 'linear'.")
    return found


def _named(rivals: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(rivals, Mapping):
        return [(str(name), given) for name, given in rivals.items()]
    if isinstance(rivals, str) or hasattr(rivals, "fit"):
        rivals = [rivals]
    if not isinstance(rivals, list | tuple):
        raise TypeError(
            f"rivals is {rivals!r}; pass a list of names and estimators, or a dict that maps "
            "names to them."
        )
    return [(each if isinstance(each, str) else type(each).__name__, each) for each in rivals]


def _checked_estimator(name: str, estimator: Any, data: Part) -> GivenRival:
    methods = ("fit", "predict", "get_params")
    if isinstance(estimator, type) or not all(hasattr(estimator, each) for each in methods):
        raise TypeError(
            f"rivals: {name!r} is {estimator!r}; give an unfitted estimator or one of the names "
            f"{list(NAMES)}."
        )
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if data.weights is not None and not has_fit_parameter(last, "sample_weight"):
        raise ValueError(
            f"rivals: fit of {name!r} takes no sample_weight; remove this rival, or pass "
            "sample_weight=None."
        )
    return GivenRival(estimator)


def _check_one_output(y: np.ndarray) -> None:
    if y.ndim > 1:
        raise ValueError(
            f"rivals has 'trees', which predict one output, but y has {y.shape[1]} columns; remove "
            "'trees', or pass an estimator for several outputs, such as "
            "MultiOutputRegressor(HistGradientBoostingRegressor())."
        )
