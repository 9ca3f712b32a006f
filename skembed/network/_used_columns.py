"""Which columns of CSR rows have entries, and how many."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

# Entries that are counted at a time.
_BLOCK = 2**18
# Rows, at most, whose entries in a column 16 bits can count.
_BLOCK_ROWS = 2**16 - 1
# Used columns from which the table no longer stays in the caches next to the cores.
_MANY_COLUMNS = 2**16


@dataclass(frozen=True)
class Columns:
    """The columns of X that have entries, numbered without gaps."""

    used: np.ndarray  # (n_used,) their numbers
    counts: np.ndarray  # (n_used,) int64 entries in each
    numbers: np.ndarray | None  # (n_features,) int32 place in `used`, or n_used; None: all are used
    n_features: int

    @classmethod
    def of(cls, X: sp.csr_matrix) -> "Columns":
        """Find the used columns of canonical CSR rows."""
        return cls.from_counts(column_counts(X))

    @classmethod
    def from_counts(cls, counts: np.ndarray) -> "Columns":
        """Number the columns whose count of entries (n_features,) is not zero.

        Many are numbered by falling count, where they need new numbers anyway: rows of the table
        that most batches touch are then next to each other, in the same lines of the caches.
        """
        used = np.flatnonzero(counts != 0)  # of booleans: in a third of the time
        kept = counts[used].astype(np.int64)  # shares of narrow ones would be inexact
        if len(used) == len(counts):
            return cls(used, kept, None, len(counts))
        if len(used) >= _MANY_COLUMNS:
            rarity = ~np.minimum(kept, 2**16 - 1).astype(np.uint16)  # sorted by its digits
            order = np.argsort(rarity, kind="stable")
            used, kept = used[order], kept[order]
        numbers = np.full(len(counts), len(used), np.int32)
        numbers[used] = np.arange(len(used), dtype=np.int32)
        return cls(used, kept, numbers, len(counts))

    def compact(self, indices: np.ndarray) -> np.ndarray:
        """Numbers of the columns `indices` among the used ones."""
        # indices are valid: with mode "clip" this takes half the time of numbers[indices]
        return indices if self.numbers is None else np.take(self.numbers, indices, mode="clip")


def column_counts(X: sp.csr_matrix) -> np.ndarray:
    """Entries (n_features,) of each column of canonical rows, as uint16 or int32.

    Narrow counts, whose places are far apart in few lines of the caches, and wide ids, made
    block by block, take about half of the time of numpy's bincount.
    """
    starts = range(0, X.shape[0], _BLOCK_ROWS)
    counts = _narrow_counts(X.indices[: X.indptr[min(_BLOCK_ROWS, X.shape[0])]], X.shape[1])
    if len(starts) > 1:
        counts = counts.astype(np.int32)
    for start in starts[1:]:
        end = min(start + _BLOCK_ROWS, X.shape[0])
        counts += _narrow_counts(X.indices[X.indptr[start] : X.indptr[end]], X.shape[1])
    return counts


def _narrow_counts(indices: np.ndarray, n_columns: int) -> np.ndarray:
    """Times (n_columns,) uint16 that each column is among `indices`."""
    counts = np.zeros(n_columns, np.uint16)
    for start in range(0, len(indices), _BLOCK):
        np.add.at(counts, indices[start : start + _BLOCK].astype(np.intp), np.uint16(1))
    return counts
