"""The score of a classifier whose y may be label sets."""

from typing import Any

from sklearn.base import ClassifierMixin

from skembed.training._class_targets import checked_labels


class LabelSetClassifierMixin(ClassifierMixin):
    """scikit-learn's mixin for classifiers, with a score that checks label sets."""

    _label_sets: bool

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
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
