"""Fits, predictions and scores of a network and its rivals on a fold."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline

from skembed._compat import safe_indexing
from skembed.comparison._rivals import OURS, Rival, Training, joined
from skembed.comparison._scores import Part, Scoring
from skembed.comparison._tuned_linear import inner_splits

_MAX_SEED = np.iinfo(np.int32).max


@dataclass(frozen=True)
class _Fit:
    """What a model did on a fold."""

    scores: dict[str, float]
    fit_time: float
    predict_time: float
    chosen: str


@dataclass(frozen=True)
class RivalRunner:
    """Fits all models on a fold and scores them."""

    steps: Pipeline | None
    network: Any
    rivals: Mapping[str, Rival]
    scoring: Scoring
    table: pd.DataFrame | None  # all rows; None where X is a sparse matrix or no rival needs it

    def rows(
        self,
        data: Part,
        groups: np.ndarray | None,
        split: tuple[np.ndarray, np.ndarray],
        rng: np.random.RandomState,
    ) -> list[dict[str, Any]]:
        """A row of the frame for each model and score."""
        train, test = data.take(split[0]), data.take(split[1])
        inner_seed, seed = rng.randint(_MAX_SEED, size=2).tolist()
        steps, ours = self._ours(train, test, seed)
        inner = inner_splits(
            None,
            train.y,
            None if groups is None else groups[split[0]],
            stratify=is_classifier(self.network) and train.y.ndim == 1,
            seed=inner_seed,
        )
        training = Training(train, self._table_rows(split[0]), steps, inner, seed)
        test_table = self._table_rows(split[1])
        fits = {OURS: ours}
        for name, rival in self.rivals.items():
            cells = test_table if rival.named and test_table is not None else test.X
            rows = Part(cells, test.y, test.weights)
            fits[name] = self._fit(partial(rival.fitted, training), rows)
        sizes = {"n_train": len(train.y), "n_test": len(test.y)}
        return [
            {
                "scoring": score,
                "model": name,
                "score": value,
                "difference": np.nan if name == OURS else ours.scores[score] - value,
                **sizes,
                "fit_time": fit.fit_time,
                "predict_time": fit.predict_time,
                "chosen": fit.chosen,
            }
            for name, fit in fits.items()
            for score, value in fit.scores.items()
        ]

    def _table_rows(self, rows: np.ndarray) -> pd.DataFrame | None:
        if self.table is None:
            return None
        return safe_indexing(self.table, rows).reset_index(drop=True)

    def _ours(self, train: Part, test: Part, seed: int) -> tuple[Pipeline | None, _Fit]:
        """The fitted steps of our pipeline, and what it did."""
        model = clone(self.network)
        if model.random_state is None:
            model.set_params(random_state=seed)
        steps = None if self.steps is None else clone(self.steps)

        def fitted() -> tuple[Any, str]:
            made = train.X if steps is None else steps.fit_transform(train.X, train.y)
            return joined(steps, model.fit(made, train.y, **train.weighted)), ""

        return steps, self._fit(fitted, test)

    def _fit(self, make: Callable[[], tuple[Any, str]], test: Part) -> _Fit:
        start = time.perf_counter()
        model, chosen = make()
        fit_time = time.perf_counter() - start
        predict = getattr(model, "predict_proba", model.predict)
        start = time.perf_counter()
        predict(test.X)
        predict_time = time.perf_counter() - start
        return _Fit(self.scoring.scores(model, test), fit_time, predict_time, chosen)
