"""Metrics and seconds of the models, as one table."""

from statistics import median

import numpy as np
from tabulate import tabulate
from tqdm.auto import tqdm

from benchmarks.lesson._models import MODELS
from benchmarks.shared._timing import Contender, race
from benchmarks.shared.data._rows import Data
from skembed.metrics import evaluate

REPEATS = 5
_METRICS = ("accuracy", "auc", "average_loss")


def compare(train: Data, test: Data, n_seeds: int) -> dict[str, dict[str, float]]:
    """Mean metrics over the seeds, and seconds of a fit after the first, by model."""
    results: dict[str, list[dict[str, float]]] = {name: [] for name in MODELS}
    bar = tqdm(total=n_seeds * len(MODELS), desc="fits", unit="fit", disable=None)
    for seed in range(n_seeds):
        for name, make in MODELS.items():
            model = make(seed)
            model.fit(*train)
            results[name].append(evaluate(model, *test))
            bar.update()
    bar.close()
    means = {
        name: {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
        for name, rows in results.items()
    }
    for name, seconds in fit_seconds(train).items():
        means[name]["fit seconds"] = seconds
    return means


def fit_seconds(train: Data) -> dict[str, float]:
    """Median seconds of a fit in a process where each model was fitted before, interleaved."""
    timings = race(
        [
            Contender(
                name,
                lambda seed, make=make: make(seed).fit(*train),
                prepare=iter(range(REPEATS)).__next__,  # a seed for each turn
                warms_up=False,
                shows_peak=False,
            )
            for name, make in MODELS.items()
        ],
        REPEATS,
        "seconds",
    )
    return {timing.contender.name: median(timing.seconds) for timing in timings}


def table(results: dict[str, dict[str, float]], n_seeds: int) -> str:
    """Our figures, and those that the lesson prints, as text."""
    rows = [
        [name, *(f"{row[key]:.4f}" for key in _METRICS), f"{row['fit seconds']:.3f}"]
        for name, row in results.items()
    ]
    rows.append(["the lesson's printed figures (IMDB)", "0.7773", "0.8657", "0.4629", "-"])
    headers = [f"test set, mean of {n_seeds} seeds", "accuracy", "AUC", "log loss", "fit s"]
    return tabulate(rows, headers, disable_numparse=True, stralign="right", colalign=("left",))
