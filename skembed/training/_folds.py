"""Folds of few rows: each row is held out once, so that all of them judge a candidate."""

import numpy as np

from skembed.training._sources import Rows
from skembed.training._targets import Task


def folds(rows: Rows, task: Task, n_folds: int, seed: int) -> list[tuple[Rows, Rows]]:
    """Rows to train on and rows held out, `n_folds` times.

    Each class is dealt out evenly, and keeps a row among those to train on: the only row of a
    class is never held out.

    Parameters
    ----------
    rows : tuple
        Checked features, targets and weights.
    task : Task
        Knows the classes.
    n_folds : int
        Parts, of which each is held out once.
    seed : int
        Of the order in which rows are dealt out.

    Returns
    -------
    list of tuple
        Of rows to train on, and rows held out; fewer than `n_folds` where there are fewer rows
        that can be held out.
    """
    X, y, weights = rows
    numbers = fold_numbers(task.strata(y), n_folds, seed)
    parts = []
    for number in range(n_folds):
        held_out = numbers == number
        if held_out.any():
            train = ~held_out
            parts.append(
                (
                    (X[train], y[train], weights[train]),
                    (X[held_out], y[held_out], weights[held_out]),
                )
            )
    return parts


def fold_numbers(strata: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Fold (n_samples,) of each row, -1 for the only row of its stratum; see `folds`."""
    order = np.random.default_rng(seed).permutation(len(strata))
    order = order[np.argsort(strata[order], kind="stable")]
    _, counts = np.unique(strata[order], return_counts=True)
    alone = np.repeat(counts == 1, counts)
    numbers = np.full(len(strata), -1)
    dealt = order[~alone]
    numbers[dealt] = np.arange(len(dealt)) % n_folds
    return numbers
