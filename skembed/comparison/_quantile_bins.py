"""Numbers as one-hot bins between their quantiles, at several resolutions at once."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin


class QuantileBins(TransformerMixin, BaseEstimator):
    """Columns of numbers to a CSR matrix with an entry for each column and resolution.

    A missing number has a bin of its own.
    """

    def __init__(self, resolutions: tuple[int, ...]) -> None:
        self.resolutions = resolutions

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the edges of each column."""
        columns = np.asarray(X, np.float64).T
        self.edges_ = [
            [bin_edges(column, n_bins) for n_bins in self.resolutions] for column in columns
        ]
        return self

    def transform(self, X: Any) -> sp.csr_matrix:
        """Tell the bins of each row."""
        rows, codes, start = np.asarray(X, np.float64), [], 0
        for column, resolutions in zip(rows.T, self.edges_, strict=True):
            for edges in resolutions:
                bins = np.searchsorted(edges, column)
                codes.append(start + np.where(np.isnan(column), len(edges) + 1, bins))
                start += len(edges) + 2
        indices = np.stack(codes, axis=1).ravel()
        indptr = np.arange(len(rows) + 1) * len(codes)
        return sp.csr_matrix((np.ones(len(indices)), indices, indptr), (len(rows), start))


def bin_edges(values: np.ndarray, n_bins: int) -> np.ndarray:
    """Inner edges at quantiles, also at those of the values that are no more than a bin's worth.

    Where most rows have the same value, the others would share a bin otherwise.
    """
    values = values[~np.isnan(values)]
    distinct, counts = np.unique(values, return_counts=True)
    rare = values[~np.isin(values, distinct[counts > len(values) / n_bins])]
    shares = np.linspace(0, 1, n_bins + 1)[1:-1]
    found = [np.quantile(part, shares) for part in (values, rare) if len(part)]
    return np.unique(found) if found else np.empty(0)
