"""Where the bins of a column of numbers begin: at quantiles, and around common values."""

import numpy as np


def distinct_values(
    values: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values of a column, ascending, and the sum of each one's weights.

    Missing values and rows of weight 0 are left out.
    """
    there = ~np.isnan(values)
    if weights is not None:
        there &= weights > 0
    distinct, codes = np.unique(values[there], return_inverse=True)
    counted = None if weights is None else weights[there]
    return distinct, np.bincount(codes, counted, minlength=len(distinct)).astype(float)


def bin_starts(distinct: np.ndarray, weights: np.ndarray, n_bins: int) -> np.ndarray:
    """Value at which each bin but the first begins, ascending: (n,) of `distinct`.

    A value that has more than a bin's worth of rows hides those around it from the
    quantiles. It gets a bin of its own, and the others have quantiles without it, too.
    """
    if len(distinct) <= n_bins:
        return distinct[1:]
    common = weights * n_bins > weights.sum()
    rare = ~common
    parts = [
        _quantiles(distinct, weights, n_bins),
        _quantiles(distinct[rare], weights[rare], n_bins) if common.any() else distinct[:0],
        distinct[common],
        distinct[1:][common[:-1]],  # what follows a common value
    ]
    starts = np.unique(np.concatenate(parts))
    return starts[starts > distinct[0]]


def _quantiles(distinct: np.ndarray, weights: np.ndarray, n_bins: int) -> np.ndarray:
    """Values before which 1, 2, ... of `n_bins` equal shares of the rows end."""
    if not len(distinct):
        return distinct
    ends = np.cumsum(weights)
    # both sides times n_bins: whole weights are then compared without rounding
    places = np.searchsorted(ends * n_bins, ends[-1] * np.arange(1, n_bins), side="right")
    return distinct[np.minimum(places, len(distinct) - 1)]
