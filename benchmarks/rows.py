"""How many rows it takes: ours at its defaults against logistic regression on few rows.

``python -m benchmarks.rows`` needs $SKEMBED_DATA and takes a few minutes. Both models get the
same rows, drawn anew from the training rows for each seed, and are judged on the same test rows.
"""

import argparse
import os
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from tabulate import tabulate
from threadpoolctl import threadpool_limits

from benchmarks._quality_models import Tuned
from benchmarks._quality_sets import SETS, Problem
from benchmarks._report import figure, machine

N_ROWS = (100, 250, 500, 1_000, 2_000, 4_000, 8_000)
N_SEEDS = 5
CHOSEN = ("imdb50", "imdb-words", "adult")
RESULTS = Path(__file__).parent / "results" / "rows.md"
GRID = tuple(np.logspace(-3, 3, 13).tolist())

HEAD = """# How many rows it takes

`python -m benchmarks.rows` on {machine}.

Log loss on the test rows of `quality.md`; skembed at its defaults, logistic regression with C
tuned as there. Means of {seeds} draws of the training rows, the same for both;
"better by" with the standard error over the draws. Seconds are medians of the fits, tuning
included. With fewer than 1,000 rows skembed holds none out by default, and chooses nothing;
"stopped" is with early_stopping=True.

"""


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
    start = time.perf_counter()
    model.fit(problem.X_train, problem.y_train)
    seconds = time.perf_counter() - start
    return Trial(log_loss(problem.y_test, model.predict_proba(problem.X_test)), seconds)


def compared(title: str, problem: Problem) -> Iterator[list[str]]:
    """Yield a line of the table for each number of rows."""
    from skembed import EmbeddingDNNClassifier

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


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    root = Path(os.environ.get("SKEMBED_DATA", ""))
    missing = [file for file in (SETS[name].file for name in CHOSEN) if not (root / file).exists()]
    if missing:
        parser.error(f"wants {', '.join(sorted(set(missing)))} below $SKEMBED_DATA.")
    lines: list[list[str]] = []
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in CHOSEN:
            data = SETS[name]
            lines += compared(data.title, data.make(root / data.file))
    headers = ["data", "rows", "ours", "stopped", "C = 1", "C tuned", "ours better than C = 1 by"]
    headers += ["than tuned by", "fit, ours", "fit, C = 1", "fit, tuned"]
    table = tabulate(lines, headers, tablefmt="github", disable_numparse=True)
    RESULTS.write_text(HEAD.format(machine=machine(), seeds=N_SEEDS) + table + "\n")


if __name__ == "__main__":
    main()
