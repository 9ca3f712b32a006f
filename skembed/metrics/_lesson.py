"""The evaluation of Google's embeddings lesson, for any binary scikit-learn classifier."""

from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, precision_score, recall_score, roc_auc_score
from sklearn.utils.validation import column_or_1d


def evaluate(estimator: Any, X: Any, y: Any, *, batch_size: int = 25) -> dict[str, float]:
    """Evaluate a binary classifier as the lesson's estimator does.

    Parameters
    ----------
    estimator : classifier
        Fitted, with `predict_proba` and two `classes_`; a Pipeline or a search is fine.

    X : array-like or sparse matrix of shape (n_samples, n_features)
        What the estimator predicts on.

    y : array-like of shape (n_samples,)
        True labels; the positive one is ``estimator.classes_[1]``.

    batch_size : int, default=25
        Rows over which "loss" sums before it averages, in the order of X.

    Returns
    -------
    dict of str to float
        "accuracy"; "accuracy_baseline", that of always predicting the more frequent label;
        "auc", the area under the ROC curve; "auc_precision_recall", see
        `average_precision_interpolated`; "average_loss", the mean cross entropy in nats;
        "label/mean" and "prediction/mean", the mean of labels and of probabilities of the
        positive class; "loss", the mean over batches of the summed cross entropy;
        "precision" and "recall" at threshold 0.5; "global_step", the training steps
        (0 for an estimator without `n_steps_`).

    Raises
    ------
    ValueError
        If the estimator does not have two classes, or y has others than those or only one.

    Notes
    -----
    The signature is that of a scorer, and all values are floats: pass the function as
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
        raise ValueError(f"batch_size must be at least 1; got {batch_size}.")
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
    """Area under the precision-recall curve, interpolated between its points.

    Between neighbouring thresholds the true positives are taken to grow linearly with the
    predicted positives, which makes precision a curve, not a line, over recall [1]_. This
    is the area that the lesson's estimator reports, there from 200 thresholds, here from
    all of them. `sklearn.metrics.average_precision_score` does not interpolate.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        1 or True for the positive class.

    y_score : array-like of shape (n_samples,)
        Larger for rows that are more likely positive.

    Returns
    -------
    float
        Area, 0 to 1.

    Raises
    ------
    ValueError
        If no label is positive.

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
        raise ValueError("y_true has no positive label: precision and recall are undefined.")
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
            f"evaluate needs a classifier with 2 classes; {type(estimator).__name__} has "
            f"{len(classes)}."
        )
    y = column_or_1d(y)
    unknown = ~np.isin(y, classes)
    if unknown.any():
        raise ValueError(
            f"y has the label {y[unknown].tolist()[0]!r}; the classes are {classes.tolist()}."
        )
    positive = y == classes[1]
    if positive.all() or not positive.any():
        raise ValueError(
            f"y has one label only, {y.tolist()[0]!r}: the areas under curves are undefined."
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
