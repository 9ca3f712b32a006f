"""Fits on a few training rows, drawn anew for each seed, and lines that compare them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.quality import _rivals
from benchmarks.shared._scores import losses, probabilities
from benchmarks.shared._tables import figure
from benchmarks.shared._timing import seconds_of
from benchmarks.shared.data._problem import Problem
from benchmarks.shared.data._rows import draw_rows
from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor

N_ROWS = (50, 100, 250, 500, 1_000, 2_000, 4_000, 8_000)
N_SEEDS = 10
COLUMNS = (
    "data",
    "rows",
    "ours",
    "linear",
    "tuned",
    "better than linear by",
    "than tuned by",
    "fit, ours",
    "fit, linear",
    "fit, tuned",
)
# Rows of a class on average: fewer cannot be held out to tune the rival.
_OF_A_CLASS = 5


@dataclass(frozen=True)
class Trial:
    """What one fit led to."""

    loss: float
    seconds: float


def sizes(problem: Problem) -> list[int]:
    """Numbers of training rows to draw: as many as there are, and enough for the classes."""
    n_rows, n_classes = problem.X_train.shape[0], 1
    if problem.task == "classes":
        n_classes = int(problem.y_train.max()) + 1
    return [number for number in N_ROWS if _OF_A_CLASS * n_classes <= number <= n_rows]


def drawn(problem: Problem, n_rows: int, seed: int) -> Problem:
    """Keep some of the training rows, a few of each class among them; labels that vary."""
    y = problem.y_train if problem.task == "classes" else None
    rows = draw_rows(problem.X_train.shape[0], n_rows, seed, y)
    part = replace(problem, X_train=problem.X_train[rows], y_train=problem.y_train[rows])
    return part.learnable()


def ours(task: str, seed: int) -> Any:
    """Our estimator at its defaults."""
    kind = EmbeddingDNNRegressor if task == "values" else EmbeddingDNNClassifier
    return kind(random_state=seed)


def tried(model: Any, problem: Problem) -> Trial:
    """Fit and judge: by the log loss, or by the squared error over the variance."""
    seconds = seconds_of(lambda: model.fit(problem.X_train, problem.y_train))
    predicted = probabilities(model, problem.task, problem.X_test)
    loss = float(losses(problem.task, problem.y_test, predicted).mean())
    if problem.task == "values":
        loss /= float(problem.y_test.var())
    return Trial(loss, seconds)


def compared(title: str, problem: Problem, most: int = max(N_ROWS)) -> Iterator[list[str]]:
    """Yield a line of the table for each number of rows, up to `most`."""
    for n_rows in sizes(problem):
        if n_rows > most:
            return
        parts = [drawn(problem, n_rows, seed) for seed in range(N_SEEDS)]
        tried(ours(problem.task, 0), parts[0])  # compiles
        own = [tried(ours(problem.task, seed), part) for seed, part in enumerate(parts)]
        plain = _rivals_trials(_rivals.linear, parts)
        tuned = _rivals_trials(_rivals.tuned, parts)
        line = [title, f"{n_rows:,}"]
        line += [_loss(trials) for trials in (own, plain, tuned)]
        line += [_gain(own, plain), _gain(own, tuned)]
        line += [_seconds(trials) for trials in (own, plain, tuned)]
        print(*line, sep="  ", flush=True)
        yield line


def _rivals_trials(rival: Callable[[str], Any], parts: list[Problem]) -> list[Trial]:
    with threadpool_limits(limits=1):  # which is faster on busy cores
        return [tried(rival(part.task), part) for part in parts]


def _loss(trials: list[Trial]) -> str:
    return f"{np.mean([trial.loss for trial in trials]):.4f}"


def _gain(own: list[Trial], theirs: list[Trial]) -> str:
    gains = np.array([b.loss - a.loss for a, b in zip(own, theirs, strict=True)])
    return f"{gains.mean():+.4f} ± {gains.std(ddof=1) / np.sqrt(len(gains)):.4f}"


def _seconds(trials: list[Trial]) -> str:
    return figure(float(np.median([trial.seconds for trial in trials])), "s")
