"""The evaluation of Google's embeddings lesson, for any binary scikit-learn classifier."""

from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, precision_score, recall_score, roc_auc_score
from sklearn.utils.validation import column_or_1d


def evaluate(estimator: Any, X: Any, y: Any, *, batch_size: int = 25) -> dict[str, float]:
    """Compute the metrics of TensorFlow's DNNClassifier for a binary classifier.

    Use it to compare a classifier with the results of Google's embeddings lesson.

    Parameters
    ----------
    estimator : classifier
        Fitted binary classifier with `predict_proba` and `classes_`. It may be a Pipeline or
        a search such as `GridSearchCV`.

    X : array-like or sparse matrix of shape (n_samples, n_features)
        Input of the estimator.

    y : array-like of shape (n_samples,)
        True labels. The positive label is ``estimator.classes_[1]``.

    batch_size : int, default=25
        Number of rows per batch for the metric "loss". Batches follow the order of X.

    Returns
    -------
    dict of str to float
        The metrics by name:

        - "accuracy", and "accuracy_baseline", the accuracy of always predicting the more
          frequent label.
        - "auc", the area under the ROC curve.
        - "auc_precision_recall", see `average_precision_interpolated`.
        - "average_loss", the mean cross entropy in nats.
        - "loss", the mean over batches of the summed cross entropy.
        - "label/mean" and "prediction/mean", the mean label and the mean probability of the
          positive class.
        - "precision" and "recall" at threshold 0.5.
        - "global_step", the number of training steps, or 0 if the estimator has no
          `n_steps_`.

    Raises
    ------
    ValueError
        If the estimator does not have two classes, or if y has unknown labels or only one
        distinct label.

    Notes
    -----
    The function has the signature of a scorer and returns floats only. You can pass it as
    ``scoring=evaluate`` to `cross_validate`, or to `GridSearchCV` with ``refit="auc"``.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skembed.metrics import evaluate
    >>> X, y = make_classification(random_state=0)
    >>> metrics = evaluate(LogisticRegression().fit(X, y), X, y)
    >>> round(metrics["accuracy"], 2), metrics["accuracy_baseline"], metrics["label/mean"]
    (0.94, 0.5, 0.5)
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, expected 1 or more.")
    positive = _positive_labels(estimator, y)
    probability = np.asarray(estimator.predict_proba(X), np.float64)[:, 1]
    losses = _cross_entropies(positive, probability)
    predicted = probability > 0.5
    mean = positive.mean()
    batches = np.add.reduceat(losses, np.arange(0, len(losses), batch_size))
    values = {
        "accuracy": accuracy_score(positive, predicted),
        "accuracy_baseline": max(mean, 1 - mean),
        "auc": roc_auc_score(positive, probability),
        "auc_precision_recall": average_precision_interpolated(positive, probability),
        "average_loss": losses.mean(),
        "label/mean": mean,
        "loss": batches.mean(),
        "precision": precision_score(positive, predicted, zero_division=0),
        "prediction/mean": probability.mean(),
        "recall": recall_score(positive, predicted),
        "global_step": _training_steps(estimator),
    }
    return {name: float(value) for name, value in values.items()}


def average_precision_interpolated(y_true: Any, y_score: Any) -> float:
    """Compute the area under the interpolated precision-recall curve.

    The result corresponds to "auc_precision_recall" of TensorFlow's estimators in Google's
    embeddings lesson. Unlike `sklearn.metrics.average_precision_score`, it interpolates
    between the points of the curve.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels: 1 or True for the positive class.

    y_score : array-like of shape (n_samples,)
        Scores; higher values mean that the positive class is more likely.

    Returns
    -------
    float
        Area, from 0 to 1.

    Raises
    ------
    ValueError
        If no label is positive.

    Notes
    -----
    Between neighbouring thresholds, the number of true positives is assumed to grow linearly
    with the number of predicted positives. Precision is then a nonlinear function of
    recall [1]_. The lesson's estimator uses 200 thresholds; this function uses all of them.

    References
    ----------
    .. [1] Davis and Goadrich, "The relationship between precision-recall and ROC curves",
       ICML 2006.

    Examples
    --------
    >>> from skembed.metrics import average_precision_interpolated
    >>> average_precision_interpolated([0, 1, 1], [0.1, 0.8, 0.9])
    1.0
    """
    y_true, y_score = column_or_1d(y_true) > 0, column_or_1d(y_score)
    if not y_true.any():
        raise ValueError(
            "y_true has no positive label, so recall is undefined; pass at least one positive row."
        )
    order = np.argsort(-y_score, kind="stable")
    last_of_ties = np.append(np.flatnonzero(np.diff(y_score[order])), len(order) - 1)
    found = np.append(0, np.cumsum(y_true[order])[last_of_ties])
    predicted = np.append(0, last_of_ties + 1)
    gained, added = np.diff(found), np.diff(predicted)
    slope = gained / added
    offset = found[1:] - slope * predicted[1:]
    # log(predicted[1:] / predicted[:-1]) has no weight in the first segment: its offset is 0
    growth = np.append(0, np.log(predicted[2:] / predicted[1:-1]))
    return float((slope * (gained + offset * growth)).sum() / found[-1])


def _positive_labels(estimator: Any, y: Any) -> np.ndarray:
    classes = np.asarray(estimator.classes_)
    if len(classes) != 2:
        raise ValueError(
            f"evaluate needs a binary classifier, but this {type(estimator).__name__} has "
            f"{len(classes)} classes."
        )
    y = column_or_1d(y)
    unknown = ~np.isin(y, classes)
    if unknown.any():
        raise ValueError(
            f"y has the label {y[unknown].tolist()[0]!r}, expected one of the classifier's "
            f"classes {classes.tolist()}."
        )
    positive = y == classes[1]
    if positive.all() or not positive.any():
        raise ValueError(
            f"y has only one distinct label, {y.tolist()[0]!r}, so the areas under the curves are "
            "undefined; pass rows of both classes."
        )
    return positive


def _cross_entropies(positive: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Cross entropy (n_samples,) in nats, finite also where a probability is 0 or 1."""
    of_truth = np.where(positive, probability, 1 - probability)
    return -np.log(np.maximum(of_truth, np.finfo(np.float64).eps))


def _training_steps(estimator: Any) -> int:
    estimator = getattr(estimator, "best_estimator_", estimator)
    steps = getattr(estimator, "steps", None)
    return getattr(steps[-1][1] if steps else estimator, "n_steps_", 0)
