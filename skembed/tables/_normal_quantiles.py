"""Numbers as the quantiles of a normal distribution: long tails become short."""

import numpy as np
from scipy.special import ndtri

_MOST_KNOTS = 128


def quantile_scale(distinct: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Values of a column, ascending, and their normal quantiles: (2, n), n at most 128.

    The quantile of a value is in the middle of the rows that have it.
    """
    if not len(distinct):
        return np.zeros((2, 1))
    ends = np.cumsum(weights)
    shares = (ends - weights / 2) / ends[-1]
    places = np.searchsorted(shares, np.linspace(0, 1, _MOST_KNOTS))
    kept = np.unique(np.minimum(places, len(distinct) - 1))
    return np.stack([distinct[kept], ndtri(shares[kept])])


def normal_quantiles(values: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Normal quantile (n_rows,) of each value, between knots by a line; 0 where missing."""
    found = np.interp(values, *scale)
    found[np.isnan(values)] = 0
    return found
