"""How far to trust a classifier on some data: calibration, parts of the loss, drift of terms."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_consistent_length, column_or_1d

from skembed.explanation._drift import term_drift
from skembed.explanation._plots import draw_reliability

_CURVE = ["class", "n_rows", "mean_predicted", "share", "standard_error"]
_LOSSES = ["log_loss", "miscalibration", "discrimination", "uncertainty"]


@dataclass(frozen=True)
class Reliability:
    """Calibration of a classifier, decomposition of its log loss, and drift of its terms.

    `reliability` returns an object of this class.

    Parameters
    ----------
    calibration : DataFrame
        Points of the calibration curves. Each row is a group of samples with similar
        probabilities of a class, with the columns class, n_rows, mean_predicted (the mean
        probability), share (the fraction of samples of the class) and standard_error (of the
        share).

    losses : DataFrame
        Decomposition of the log loss of each class against all others. A binary classifier
        has one row, for the second class. The columns are log_loss, miscalibration (the
        reduction of the loss by recalibration), discrimination (the reduction of the loss by
        the recalibrated probabilities, relative to a constant prediction of the class share)
        and uncertainty (the loss of that constant prediction):
        log_loss = miscalibration - discrimination + uncertainty.

    drift : DataFrame
        One row for each column encoded by a `VocabularyTransformer`. The columns are those of
        `VocabularyTransformer.coverage`, stability_index and stability_index_by_chance. Empty
        if the model has no such transformer.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skembed import EmbeddingDNNClassifier, VocabularyTransformer, reliability
    >>> from skembed.datasets import make_reviews
    >>> reviews, liked = make_reviews(600, random_state=0)
    >>> model = make_pipeline(VocabularyTransformer(), EmbeddingDNNClassifier(random_state=0))
    >>> found = reliability(model.fit(reviews[:400], liked[:400]), reviews[400:], liked[400:])
    >>> found.losses.columns.tolist()
    ['log_loss', 'miscalibration', 'discrimination', 'uncertainty']
    """

    calibration: pd.DataFrame
    losses: pd.DataFrame
    drift: pd.DataFrame = field(default_factory=pd.DataFrame)

    def plot(self, axes: Any = None) -> Any:
        """Plot the calibration curves and, if available, the drift of each column.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None
            Axes to draw on: one, or two if `drift` has rows. None creates a new figure.

        Returns
        -------
        ndarray of matplotlib Axes
            The axes.
        """
        return draw_reliability(self.calibration, self.losses, self.drift, axes)


def reliability(model: Any, X: Any, y: Any, *, n_bins: int = 10) -> Reliability:
    """Assess the calibration of a classifier and the drift of its terms on new data.

    Use it to decide whether to trust the predicted probabilities: it computes calibration
    curves, decomposes the log loss, and compares the terms in X with the terms in the
    training data.

    Parameters
    ----------
    model : classifier
        Any fitted classifier with `predict_proba` and `classes_`, or a Pipeline that ends in
        one.

    X : input of the model's `predict`
        Rows that were not used to fit the model.

    y : array-like of shape (n_samples,)
        True labels.

    n_bins : int, default=10
        Number of groups in each calibration curve. The groups have about the same number of
        rows.

    Returns
    -------
    Reliability
        Tables of the results, with a method to plot them.

    Raises
    ------
    ValueError
        If a label is not among the model's classes, or `n_bins` is less than 1.

    TypeError
        If the model has no `predict_proba` or `classes_`, or predicts label sets.

    Notes
    -----
    The log loss is decomposed as in Dimitriadis, Gneiting and Jordan (2021), with an isotonic
    regression on the same rows as recalibration. On few rows the regression overfits, so both
    miscalibration and discrimination are overestimated.

    The population stability index of a column compares the distribution of its term
    occurrences in X (q) with that in the training data (p). It is the sum of
    (q - p) ln(q / p) over the terms of the vocabulary, where terms with fewer than five
    expected occurrences form one group. Without drift its expected value is about
    stability_index_by_chance (Yurdakul, 2018). In credit scoring, 0.1 counts as a small
    change and 0.25 as a large one (Siddiqi, 2006).

    References
    ----------
    Dimitriadis, Gneiting and Jordan (2021). Stable reliability diagrams for probabilistic
    classifiers. PNAS 118.

    Siddiqi (2006). Credit Risk Scorecards. Wiley.

    Yurdakul (2018). Statistical Properties of Population Stability Index. Western Michigan
    University.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skembed import reliability
    >>> X = np.arange(200.0)[:, None] % 20
    >>> y = (X[:, 0] + np.arange(200) % 7 > 12).astype(int)
    >>> model = LogisticRegression().fit(X, y)
    >>> reliability(model, X, y, n_bins=5).calibration["n_rows"].tolist()
    [40, 40, 40, 40, 40]
    """
    if not hasattr(model, "predict_proba") or not hasattr(model, "classes_"):
        raise TypeError(
            f"reliability takes a fitted classifier with predict_proba; got {type(model).__name__}."
        )
    if n_bins < 1:
        raise ValueError(f"n_bins is {n_bins}, expected 1 or more.")
    classes, y = np.asarray(model.classes_), column_or_1d(y)
    unknown = ~np.isin(y, classes)
    if unknown.any():
        row = int(np.argmax(unknown))
        raise ValueError(
            f"Row {row} of y is {y.tolist()[row]!r}, expected one of the model's classes: "
            f"{classes.tolist()!r:.200}."
        )
    probabilities = model.predict_proba(X)
    if isinstance(probabilities, list) or probabilities.shape[1:] != classes.shape:
        raise TypeError(
            "The model predicts several labels per row, but reliability needs one class per row."
        )
    check_consistent_length(probabilities, y)
    chosen = range(len(classes)) if len(classes) > 2 else [len(classes) - 1]
    curves, losses = [], {}
    for number in chosen:
        predicted, there = probabilities[:, number].astype(np.float64), y == classes[number]
        curves.append(_curve(predicted, there, n_bins).assign(**{"class": classes[number]}))
        losses[classes[number]] = _loss_parts(predicted, there)
    drift = term_drift(model[:-1], X) if isinstance(model, Pipeline) and len(model) > 1 else None
    return Reliability(
        pd.concat(curves, ignore_index=True)[_CURVE],
        pd.DataFrame.from_dict(losses, orient="index", columns=_LOSSES).rename_axis("class"),
        pd.DataFrame() if drift is None else drift,
    )


def _curve(predicted: np.ndarray, there: np.ndarray, n_bins: int) -> pd.DataFrame:
    """Groups of rows by quantiles of their probabilities."""
    groups = pd.qcut(predicted, n_bins, labels=False, duplicates="drop")
    table = pd.DataFrame({"predicted": predicted, "there": there.astype(float)})
    if np.ptp(predicted) == 0:
        groups = np.zeros(len(predicted), int)
    grouped = table.groupby(groups)
    curve = grouped.agg(
        n_rows=("there", "size"), mean_predicted=("predicted", "mean"), share=("there", "mean")
    )
    variance = curve["share"] * (1 - curve["share"]) / curve["n_rows"]
    return curve.assign(standard_error=np.sqrt(variance))


def _loss_parts(predicted: np.ndarray, there: np.ndarray) -> list[float]:
    """Log loss, and its miscalibration, discrimination and uncertainty."""
    recalibrated = IsotonicRegression(y_min=0, y_max=1).fit_transform(predicted, there)
    share = np.full(len(there), there.mean())
    loss, best, uncertainty = (
        float(log_loss(there, values, labels=[False, True]))
        for values in (predicted, recalibrated, share)
    )
    return [loss, loss - best, uncertainty - best, uncertainty]
