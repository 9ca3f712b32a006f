"""Logistic regression on features scaled by naive Bayes' log-count ratios (NB-LR)."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression


class NaiveBayesLogistic(ClassifierMixin, BaseEstimator):
    """For two classes, as Wang and Manning (2012) have it, with logistic regression for their SVM.

    The ratio of a column is ``log((p / |p|) / (q / |q|))`` with p and q the sums of the column over
    the rows of either class, one more for each.
    """

    def __init__(self, C: float = 1.0) -> None:
        self.C = C

    def fit(self, X: Any, y: np.ndarray) -> "NaiveBayesLogistic":
        """Count, scale, and fit."""
        self.classes_ = np.unique(y)
        positive = y == self.classes_[-1]
        p, q = (1 + np.asarray(X[rows].sum(axis=0)).ravel() for rows in (positive, ~positive))
        self.ratio_ = np.log(p / p.sum() * (q.sum() / q)).astype(X.dtype)
        self.model_ = LogisticRegression(C=self.C, max_iter=1000).fit(self._scaled(X), y)
        self.n_iter_ = self.model_.n_iter_
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities."""
        return self.model_.predict_proba(self._scaled(X))

    def predict(self, X: Any) -> np.ndarray:
        """Predict classes."""
        return self.model_.predict(self._scaled(X))

    def _scaled(self, X: Any) -> Any:
        return X.multiply(self.ratio_).tocsr()
