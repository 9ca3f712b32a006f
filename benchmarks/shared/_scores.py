"""Scores of predictions, and how sure a difference between two models is.

Every score that models are compared by is a mean over test rows of something a row has
(`row_scores`): its log loss, its squared error over the variance of the targets, or for
the AUC the share of the rows of the other class that it is ranked rightly against
(DeLong et al., 1988).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import accuracy_score, f1_score

LOWER_IS_BETTER = {"log loss"}
_N_BINS = 15
_TINY = float(np.finfo(np.float32).eps)  # probabilities are kept as far from 0 and 1


def probabilities(model: Any, task: str, X: Any) -> np.ndarray:
    """Predict probabilities, or values where those are the task."""
    return np.asarray(model.predict(X) if task == "values" else model.predict_proba(X))


def losses(task: str, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Return the loss of each row: log loss (for labels their mean) or squared error."""
    if task == "values":
        return (y - prediction) ** 2
    known = np.clip(prediction.astype(np.float64), _TINY, 1 - _TINY)
    if task == "labels":
        return -np.where(y == 1, np.log(known), np.log1p(-known)).mean(axis=1)
    return -np.log(known[np.arange(len(y)), y])


def placements(y: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Share of the rows of the other class that each row is ranked rightly against."""
    positive = y == 1
    found = np.empty(len(y))
    n_positive, n_negative = positive.sum(), (~positive).sum()
    ranks = rankdata(score)
    found[positive] = (ranks[positive] - rankdata(score[positive])) / n_negative
    found[~positive] = 1 - (ranks[~positive] - rankdata(score[~positive])) / n_positive
    return found


def row_scores(task: str, y: np.ndarray, prediction: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each test row adds to each score."""
    if task == "values":
        return {"R2": 1 - losses(task, y, prediction) / y.var()}
    found = {"log loss": losses(task, y, prediction)}
    if task == "classes" and prediction.shape[1] == 2:
        found["AUC"] = placements(y, prediction[:, 1])
    return found


def scores(task: str, y: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    """Return all scores of a prediction."""
    rows = row_scores(task, y, prediction)
    found = {name: _mean(values, strata(name, y)) for name, values in rows.items()}
    if task == "classes":
        found["accuracy"] = accuracy_score(y, prediction.argmax(axis=1))
        likeliest = prediction.argmax(axis=1)
        found["calibration"] = calibration_error(prediction.max(axis=1), likeliest == y)
    elif task == "labels":
        likely = prediction > 0.5
        found["accuracy"] = accuracy_score(y, likely)
        found["calibration"] = calibration_error(prediction.ravel(), y.ravel())
        found["micro-F1"] = f1_score(y, likely, average="micro", zero_division=0)
    return {name: float(value) for name, value in found.items()}


def calibration_error(chance: np.ndarray, happened: np.ndarray) -> float:
    """Expected calibration error of 15 bins of equal width (Guo et al., 2017).

    It is the mean over the bins of the distance between the mean chance and the share that
    happened, weighted by their numbers.
    """
    bins = np.minimum((chance * _N_BINS).astype(int), _N_BINS - 1)
    distance = np.bincount(bins, chance, _N_BINS) - np.bincount(bins, happened, _N_BINS)
    return float(np.abs(distance).sum() / len(chance))


def strata(score: str, y: np.ndarray) -> np.ndarray:
    """Return the class of each row where its rows are drawn apart (AUC), else zeros."""
    return y if score == "AUC" else np.zeros(len(y), np.int64)


def _mean(rows: np.ndarray, groups: np.ndarray) -> float:
    """Mean over groups of their means: for placements either group's is the AUC."""
    return float(np.mean([rows[groups == group].mean() for group in np.unique(groups)]))


@dataclass(frozen=True)
class Gain:
    """By how much one model is better than another, and the standard error of that."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:+.4f} ± {self.error:.4f}"


def gain(
    ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray], score: str, y: np.ndarray
) -> Gain:
    """Compare rows of scores, of a fit each; a model without seeds has one.

    The formula stands in `benchmarks/quality/__main__.py`.
    """
    sign = -1 if score in LOWER_IS_BETTER else 1
    differences = sign * (_common(ours, theirs) - _common(theirs, ours))
    groups = strata(score, y)
    mean = differences.mean(axis=0)
    variance = sum(
        mean[groups == group].var(ddof=1) / (groups == group).sum() for group in np.unique(groups)
    )
    if len(differences) > 1:
        variance += np.var([_mean(row, groups) for row in differences], ddof=1) / len(differences)
    return Gain(_mean(mean, groups), float(np.sqrt(variance)))


def _common(rows: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> np.ndarray:
    """Rows (n_fits, n_rows) of the seeds that both have; those of a single fit as they are."""
    n_fits = len(rows) if len(others) == 1 else min(len(rows), len(others))
    return np.stack(rows[:n_fits])
