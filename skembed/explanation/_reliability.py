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
    """How a classifier's probabilities agree with labels, and how its terms have drifted.

    `reliability` makes it.

    Parameters
    ----------
    calibration : DataFrame
        Groups of rows with like probabilities of a class. Columns class, n_rows,
        mean_predicted (the mean probability), share (of rows that are of the class) and
        standard_error of the share.

    losses : DataFrame
        A row for each class, of two for the second, each against all others. Columns log_loss,
        miscalibration (what recalibration would take off it), discrimination (what the
        probabilities then gain on the share of the class) and uncertainty (the loss of that
        share): log_loss = miscalibration - discrimination + uncertainty.

    drift : DataFrame
        A row for each column that a `VocabularyTransformer` encodes: the columns of
        `VocabularyTransformer.coverage`, stability_index and stability_index_by_chance. No
        rows where none does.

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
        """Draw the calibration curves and, where terms are known, the drift of the columns.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None
            One, or two where there is drift to draw; None makes a figure.

        Returns
        -------
        ndarray of matplotlib Axes
            The axes.
        """
        return draw_reliability(self.calibration, self.losses, self.drift, axes)


def reliability(model: Any, X: Any, y: Any, *, n_bins: int = 10) -> Reliability:
    """Compare a classifier's probabilities with labels, and terms with those of the fit.

    The log loss is split as Dimitriadis, Gneiting and Jordan (2021) do: recalibrated are the
    probabilities by an isotonic regression on the same rows. On few rows it fits chance, and
    miscalibration and discrimination are both too large.

    The stability index of a column compares how its occurrences are distributed over the
    terms of the vocabulary, here and in the fit: the sum of (q - p) ln(q / p), terms of fewer
    than five occurrences taken together. Without drift it is about as large as
    stability_index_by_chance (Yurdakul, 2018). Those who score credits take 0.1 for a small
    change and 0.25 for a large one (Siddiqi, 2006).

    Parameters
    ----------
    model : classifier
        Fitted, with `predict_proba`: ours, a Pipeline, or any other.

    X : what the model predicts on
        Rows that it was not fitted on.

    y : array-like of shape (n_samples,)
        Their labels.

    n_bins : int, default=10
        Groups of a calibration curve, of about as many rows each.

    Returns
    -------
    Reliability
        Tables and a picture.

    Raises
    ------
    ValueError
        If a label is not among the model's classes, or `n_bins` is below 1.

    TypeError
        If the model has no classes and probabilities.

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
        raise ValueError(f"n_bins is {n_bins}, but must be 1 or more.")
    classes, y = np.asarray(model.classes_), column_or_1d(y)
    unknown = ~np.isin(y, classes)
    if unknown.any():
        row = int(np.argmax(unknown))
        raise ValueError(
            f"Row {row} of y is {y.tolist()[row]!r}, which is not among the classes of the model: "
            f"{classes.tolist()!r:.200}."
        )
    probabilities = model.predict_proba(X)
    if isinstance(probabilities, list) or probabilities.shape[1:] != classes.shape:
        raise TypeError("reliability takes classes of which a row has one, not sets of labels.")
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
