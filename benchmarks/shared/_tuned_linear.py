"""A linear model with its penalty chosen on held-out rows: the rival of most tables."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import train_test_split

from benchmarks.shared._scores import losses, probabilities

GRID = tuple(np.logspace(-3, 3, 13).tolist())
_PATIENCE = 3  # worse values in a row after which the grid ends


class Tuned(BaseEstimator):
    """The value of one parameter chosen on a fifth of the training rows, then a refit."""

    def __init__(self, estimator: Any, parameter: str, values: Any, task: str) -> None:
        self.estimator = estimator
        self.parameter = parameter
        self.values = values
        self.task = task

    def fit(self, X: Any, y: np.ndarray) -> "Tuned":
        """Go through the values in order until they have become worse."""
        parts = train_test_split(
            X, y, test_size=0.2, random_state=0, stratify=y if self.task == "classes" else None
        )
        found: dict[float, float] = {}
        model = clone(self.estimator)
        if "warm_start" in model.get_params():
            model.set_params(warm_start=True)
        for value in self.values:
            found[value] = self._loss(model.set_params(**{self.parameter: value}), *parts)
            self.best_ = min(found, key=lambda value: found[value])
            if list(found).index(self.best_) < len(found) - _PATIENCE:
                break
        self.model_ = clone(self.estimator).set_params(**{self.parameter: self.best_})
        self.model_.fit(X, y)
        return self

    def _loss(self, model: Any, X: Any, X_held: Any, y: np.ndarray, y_held: np.ndarray) -> float:
        model.fit(X, y)
        return float(losses(self.task, y_held, probabilities(model, self.task, X_held)).mean())

    def predict(self, X: Any) -> np.ndarray:
        """Predict by the refitted model."""
        return self.model_.predict(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities by the refitted model."""
        return self.model_.predict_proba(X)
