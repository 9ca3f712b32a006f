"""Fits on rows of which few have a label, drawn anew for each seed, and lines that compare them."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from benchmarks.shared._scores import losses
from benchmarks.shared._tables import figure
from benchmarks.shared._timing import seconds_of
from benchmarks.shared._tuned_linear import GRID, Tuned
from benchmarks.shared.data._problem import Problem
from benchmarks.shared.data._rows import draw_rows
from benchmarks.unlabeled._rivals import LabelsAlone, LatentLogistic, SelfTraining
from skembed import EmbeddingDNNClassifier

N_LABELS = (250, 500, 2_000)
N_SEEDS = 5
COLUMNS = ("data", "labels", "model", "log loss", "accuracy", "ours better by", "fit")

OURS, SELF_TRAINING = "skembed, all rows", "SelfTrainingClassifier, all rows"
# Each takes a seed. Rows without a label have the label -1.
MODELS: dict[str, Callable[[int], Any]] = {
    OURS: lambda seed: EmbeddingDNNClassifier(unlabeled=True, random_state=seed),
    "skembed, rows with a label": lambda seed: LabelsAlone(
        EmbeddingDNNClassifier(random_state=seed)
    ),
    "LogisticRegression, C tuned, rows with a label": lambda seed: LabelsAlone(
        Tuned(LogisticRegression(max_iter=1000), "C", GRID, "classes")
    ),
    "LogisticRegressionCV on TruncatedSVD of all rows": lambda seed: LatentLogistic(),
    SELF_TRAINING: lambda seed: SelfTraining(),
}


def marked(problem: Problem, n_labels: int, seed: int) -> np.ndarray:
    """Labels of the training rows, -1 but for a few."""
    y = np.full(len(problem.y_train), -1)
    rows = draw_rows(len(y), n_labels, seed, problem.y_train)
    y[rows] = problem.y_train[rows]
    return y


def compared(
    title: str, problem: Problem, numbers: tuple[int, ...] = N_LABELS, n_seeds: int = N_SEEDS
) -> Iterator[list[str]]:
    """Yield a line of the table for each number of labels and model."""
    for n_labels in numbers:
        own: np.ndarray | None = None
        for name, model in MODELS.items():
            if name == SELF_TRAINING and problem.y_train.max() > 1:
                continue  # takes a minute a fit with 20 classes
            tried = [
                _tried(model(seed), problem, marked(problem, n_labels, seed))
                for seed in range(n_seeds)
            ]
            found, hits, seconds = (np.array(values) for values in zip(*tried, strict=True))
            own = found if own is None else own
            line = [title, f"{n_labels:,}", name, f"{found.mean():.4f}", f"{hits.mean():.4f}"]
            line += [_gain(found - own), figure(float(np.median(seconds)), "s")]
            print(*line, sep="  ", flush=True)
            yield line


def _tried(model: Any, problem: Problem, y: np.ndarray) -> tuple[float, float, float]:
    """Log loss, accuracy and seconds of a fit."""
    with threadpool_limits(limits=1):  # which is faster on busy cores
        seconds = seconds_of(lambda: model.fit(problem.X_train, y))
        predicted = model.predict_proba(problem.X_test)
    loss = float(losses("classes", problem.y_test, predicted).mean())
    return loss, float((predicted.argmax(axis=1) == problem.y_test).mean()), seconds


def _gain(gains: np.ndarray) -> str:
    """Mean over the seeds, with its standard error."""
    if not gains.any():
        return ""
    return f"{gains.mean():+.4f} ± {gains.std(ddof=1) / np.sqrt(len(gains)):.4f}"
