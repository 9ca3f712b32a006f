"""The best items of scores, in order."""

import numpy as np
import scipy.sparse as sp


def best_items(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers (n_rows, k) of the items with the highest scores, best first, and the scores.

    Of equal scores the lower number comes first. An item whose score is minus infinity is
    not recommended: its number is -1.
    """
    n_items = scores.shape[1]
    k = min(k, n_items)
    if k < n_items:
        # all that are no worse than the k-th: ties are cut by number, not by chance
        least = np.partition(scores, n_items - k, axis=1)[:, n_items - k]
        items = np.empty((len(scores), k), np.int64)
        for row, (values, bound) in enumerate(zip(scores, least, strict=True)):
            candidates = np.flatnonzero(values >= bound)
            order = np.argsort(-values[candidates], kind="stable")[:k]
            items[row] = candidates[order]
    else:
        items = np.argsort(-scores, axis=1, kind="stable")
    best = np.take_along_axis(scores, items, axis=1)
    items[np.isneginf(best)] = -1
    return items, best


def without(scores: np.ndarray, seen: sp.csr_matrix) -> None:
    """Make the scores of the items that a row has minus infinity, in place."""
    rows = np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr))
    scores[rows, seen.indices] = -np.inf
