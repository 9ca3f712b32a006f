"""Columns whose values are so large that they are codes, or numbers that were not scaled."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

# Rows that are looked at.
_ROWS = 10_000
# Root mean square from which numbers cost accuracy, and from which whole ones can be codes.
# How the bounds were measured: docs/development/decisions/fields.md.
LARGE = 20.0
_CODES = 5.0
# Distinct values from which whole numbers are no short scale.
_MIN_VALUES = 10
# Share of the rows that have more than half of the largest count, at most, and the largest count
# as a multiple of the median, at most. Codes by frequency have a larger range.
_TAIL, _RANGE = 0.1, 40
_MOST_COUNTED = 10_000
# Columns from which a common largest value makes them one thing: pixels, or the like.
_MANY_COLUMNS = 16
_ALIKE = 0.9


class Large(NamedTuple):
    """Columns with large values, in their order."""

    codes: np.ndarray  # columns of whole numbers that can be codes
    numbers: np.ndarray  # other columns


def large_columns(X: sp.csr_matrix, numeric: np.ndarray | None) -> Large:
    """Find the columns of canonical rows whose values are no weights.

    `numeric` (n_features,) tells which columns are numbers by their field: these are not
    divided by the size of their row.
    """
    X = X[:: max(1, -(-X.shape[0] // _ROWS))]
    none = Large(np.zeros(0, np.intp), np.zeros(0, np.intp))
    if not X.nnz or np.abs(X.data).max() < _CODES:
        return none
    n_rows, counts = X.shape[0], np.bincount(X.indices, minlength=X.shape[1])
    squares = np.bincount(X.indices, np.square(X.data, dtype=np.float64), X.shape[1])
    sizes = np.sqrt(squares / n_rows)
    numeric = np.zeros(X.shape[1], bool) if numeric is None else numeric
    weights = np.flatnonzero(~numeric & (sizes >= _CODES) & (2 * counts >= n_rows))
    if len(weights) and (_are_counts(X, weights) or _are_alike(X, weights)):
        weights = weights[:0]
    codes = [j for j in weights.tolist() if _can_be_codes(X[:, [j]].data)]
    numbers = np.setdiff1d(weights[sizes[weights] >= LARGE], codes)
    numbers = np.union1d(numbers, np.flatnonzero(numeric & (sizes >= LARGE)))
    return Large(np.array(codes, np.intp), numbers.astype(np.intp))


def _are_counts(X: sp.csr_matrix, columns: np.ndarray) -> bool:
    """Whether the values of most of the columns are counts, such as those of a text's words."""
    if X.data.min() < 0 or (X.data != np.floor(X.data)).any():
        return False
    tails = [_has_tail(X[:, [j]].data, X.shape[0]) for j in columns.tolist()]
    return 2 * sum(tails) > len(tails)


def _are_alike(X: sp.csr_matrix, columns: np.ndarray) -> bool:
    """Whether there are many such columns and most reach the same value, as pixels do."""
    if len(columns) < _MANY_COLUMNS:
        return False
    highest = X[:, columns].max(axis=0).toarray().ravel()
    return bool(np.mean(highest >= _ALIKE * highest.max()) > 1 / 2)


def _can_be_codes(values: np.ndarray) -> bool:
    """Whether a column's values are whole, not negative, and not few."""
    if values.min() < 0 or (values != np.floor(values)).any():
        return False
    return len(np.unique(values)) >= _MIN_VALUES


def _has_tail(values: np.ndarray, n_rows: int) -> bool:
    """Whether few values are large, as those of counts, and none is out of their range."""
    highest = values.max()
    few = np.count_nonzero(2 * values > highest) < _TAIL * n_rows
    return bool(few and highest < min(_MOST_COUNTED, _RANGE * np.median(values)))
