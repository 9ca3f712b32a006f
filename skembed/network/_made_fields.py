"""Which matrices with fields this process has made, to recognise them where the fields are lost.

scipy's and scikit-learn's stacks of matrices give plain ones, which tell nothing of what they were
made of. The rows and the number of entries of each column tell it.
"""

import hashlib
from collections import deque
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

# Matrices that are remembered, by some bytes each.
_MOST = 64


class _Made(NamedTuple):
    n_rows: int
    n_columns: int
    n_entries: int
    digest: bytes  # of the number of entries of each column


_MADE: deque[_Made] = deque(maxlen=_MOST)


def remember_fields(X: Any) -> None:
    """Remember a matrix with fields, if it matters that it has any."""
    if len(np.unique(X.fields)) > 1:
        counts = _column_counts(X)
        made = _Made(X.shape[0], X.shape[1], int(counts.sum()), _digest(counts))
        if made not in _MADE:
            _MADE.append(made)


def columns_with_fields(X: sp.csr_matrix) -> slice | None:
    """Neighbouring columns of X that are those of a remembered matrix; None if there are none.

    So they are in a stack of it and other columns, and in a stack of it and further rows.
    """
    counts: dict[int, np.ndarray] = {}
    for made in tuple(_MADE):
        if made.n_columns > X.shape[1] or made.n_rows > X.shape[0]:
            continue
        if made.n_rows < X.shape[0] and made.n_columns < X.shape[1]:
            continue
        if made.n_rows not in counts:
            counts[made.n_rows] = _column_counts(X[: made.n_rows])
        first = _first_place(counts[made.n_rows], made)
        if first is not None:
            return slice(first, first + made.n_columns)
    return None


def _first_place(counts: np.ndarray, made: _Made) -> int | None:
    ends = np.cumsum(np.append(0, counts))
    sums = ends[made.n_columns :] - ends[: len(ends) - made.n_columns]
    for first in np.flatnonzero(sums == made.n_entries).tolist():
        if _digest(counts[first : first + made.n_columns]) == made.digest:
            return first
    return None


def _column_counts(X: sp.csr_matrix) -> np.ndarray:
    """Entries (n_columns,) of each column that are not zero."""
    indices = X.indices if X.data.all() else X.indices[X.data != 0]
    return np.bincount(indices, minlength=X.shape[1])


def _digest(counts: np.ndarray) -> bytes:
    return hashlib.blake2b(counts.astype(np.int64).tobytes(), digest_size=16).digest()
