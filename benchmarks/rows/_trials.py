"""Fits on a few training rows, drawn anew for each seed, and lines that compare them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from benchmarks.shared._tables import figure
from benchmarks.shared._timing import seconds_of
from benchmarks.shared._tuned_linear import GRID, Tuned
from benchmarks.shared.data._problem import Problem
from skembed import EmbeddingDNNClassifier

N_ROWS = (100, 250, 500, 1_000, 2_000, 4_000, 8_000)
N_SEEDS = 5
COLUMNS = (
    "data",
    "rows",
    "ours",
    "stopped",
    "C = 1",
    "C tuned",
    "ours better than C = 1 by",
    "than tuned by",
    "fit, ours",
    "fit, C = 1",
    "fit, tuned",
)


@dataclass(frozen=True)
class Trial:
    """What one fit led to."""

    loss: float
    seconds: float


def drawn(problem: Problem, n_rows: int, seed: int) -> Problem:
    """Keep some of the training rows."""
    rows = np.random.default_rng(seed).choice(problem.X_train.shape[0], n_rows, replace=False)
    return replace(problem, X_train=problem.X_train[rows], y_train=problem.y_train[rows])


def tried(model: Any, problem: Problem) -> Trial:
    """Fit and judge."""
    seconds = seconds_of(lambda: model.fit(problem.X_train, problem.y_train))
    return Trial(log_loss(problem.y_test, model.predict_proba(problem.X_test)), seconds)


def compared(title: str, problem: Problem) -> Iterator[list[str]]:
    """Yield a line of the table for each number of rows."""
    for n_rows in N_ROWS:
        parts = [drawn(problem, n_rows, seed) for seed in range(N_SEEDS)]
        tried(EmbeddingDNNClassifier(random_state=0), parts[0])  # compiles
        ours = [
            tried(EmbeddingDNNClassifier(random_state=seed), part)
            for seed, part in enumerate(parts)
        ]
        stopped = [
            tried(EmbeddingDNNClassifier(early_stopping=True, random_state=seed), part)
            for seed, part in enumerate(parts)
            if n_rows < 1_000
        ]
        linear = LogisticRegression(max_iter=1000)
        plain = [tried(linear, part) for part in parts]
        tuned = [tried(Tuned(linear, "C", GRID, "classes"), part) for part in parts]
        line = [title, f"{n_rows:,}"]
        line += [_loss(trials) for trials in (ours, stopped, plain, tuned)]
        line += [_gain(ours, plain), _gain(ours, tuned)]
        line += [_seconds(trials) for trials in (ours, plain, tuned)]
        print(*line, sep="  ", flush=True)
        yield line


def _loss(trials: list[Trial]) -> str:
    return f"{np.mean([trial.loss for trial in trials]):.4f}" if trials else ""


def _gain(ours: list[Trial], theirs: list[Trial]) -> str:
    gains = np.array([b.loss - a.loss for a, b in zip(ours, theirs, strict=True)])
    return f"{gains.mean():+.4f} ± {gains.std(ddof=1) / np.sqrt(len(gains)):.4f}"


def _seconds(trials: list[Trial]) -> str:
    return figure(float(np.median([trial.seconds for trial in trials])), "s")
