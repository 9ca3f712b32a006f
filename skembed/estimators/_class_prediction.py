"""Classes, probabilities and scores from the logits of a classifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin

from skembed._typing import ArrayLike, MatrixLike
from skembed.estimators._one_state import as_now
from skembed.estimators._prediction import predicted_logits
from skembed.training._class_targets import checked_labels


class ClassPredictionMixin(ClassifierMixin):
    """Prediction of two classes, many classes or label sets; the score checks label sets."""

    classes_: np.ndarray
    _label_sets: bool

    def decision_function(self, X: MatrixLike) -> np.ndarray:
        """Return the logits.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes the log-odds of ``classes_[1]``, else one logit a class.
        """
        self = as_now(self)
        logits = predicted_logits(self, X)
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def predict_log_proba(self, X: MatrixLike) -> np.ndarray:
        """Return the logarithms of the class probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Natural logarithms, in the order of `classes_`.
        """
        return _of_classes(as_now(self), X, log_expit, log_softmax)

    def predict_proba(self, X: MatrixLike) -> np.ndarray:
        """Return the class probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`; each row sums to 1, except for label
            sets, where each label has a probability of its own.
        """
        return _of_classes(as_now(self), X, expit, softmax)

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or an indicator matrix of the labels that are likelier than not.
        """
        self = as_now(self)
        logits = predicted_logits(self, X)
        if self._label_sets:
            return (logits > 0).astype(np.int64)
        if logits.shape[1] == 1:
            return self.classes_[(logits[:, 0] > 0).astype(int)]
        return self.classes_[logits.argmax(axis=1)]

    def score(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy: the share of rows whose label, or whole label set, is right.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or an indicator matrix of label sets.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float
            Accuracy, 0 to 1.

        Raises
        ------
        ValueError
            If X is malformed, or label sets hold anything but 0 and 1.
        """
        if getattr(self, "_label_sets", False):
            y = checked_labels(y)
        return super().score(X, y, sample_weight=sample_weight)


def _of_classes(
    estimator: Any, X: Any, of_each: Callable[..., np.ndarray], of_all: Callable[..., np.ndarray]
) -> np.ndarray:
    """A value (n_samples, n_classes) of each class: by its own logit, or by those of all classes.

    Labels of a set have logits of their own, two classes share one, more classes compete.
    """
    logits = predicted_logits(estimator, X)
    if estimator._label_sets:
        return of_each(logits)
    if logits.shape[1] == 1:
        return of_each(np.hstack([-logits, logits]))
    return of_all(logits, axis=1)
