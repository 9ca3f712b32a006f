"""Rows of terms and numbers: terms as CSR, numbers as a dense block beside them."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

from skembed.network._field_layout import FieldLayout
from skembed.network._used_columns import Columns


@dataclass(frozen=True)
class NumberSlots:
    """Where the features that are numbers stand in a dense block.

    Their fields have so many slots each, side by side; slots without a feature are zeros.
    """

    features: np.ndarray  # (n_numbers,) features that are numbers, the first slots
    n_fields: int  # fields of numbers
    n_slots: int  # of all fields together

    @classmethod
    def of(cls, layout: FieldLayout | None) -> "NumberSlots | None":
        """Lay out the numbers; None where there are none, or no fields of terms."""
        if layout is None or not layout.summed.any() or layout.summed.all():
            return None
        features = np.flatnonzero(layout.numeric)
        n_fields = int(layout.summed.sum())
        size = int(np.bincount(layout.numbers[features]).max())
        return cls(features, n_fields, n_fields * size)

    @property
    def fields(self) -> np.ndarray:
        """Field (n_numbers,) of each number, from 0."""
        return np.arange(len(self.features)) // (self.n_slots // self.n_fields)

    def table_rows(self, columns: Columns, padding: int) -> np.ndarray:
        """Row (n_slots,) of the trained table for each slot, `padding` where there is none."""
        rows = np.full(self.n_slots, padding, np.int64)
        numbers = columns.compact(self.features)
        used = numbers < len(columns.used)
        rows[np.flatnonzero(used)] = numbers[used]
        return rows


@dataclass(frozen=True)
class MixedRows:
    """Rows whose numbers are a block of their own."""

    terms: sp.csr_matrix  # (n_samples, n_features), without entries in features that are numbers
    numbers: np.ndarray  # (n_samples, n_numbers)
    features: np.ndarray  # (n_numbers,) which features the numbers are
    sizes: np.ndarray | None = None  # (n_samples, n_term_fields) of the terms, where known

    @classmethod
    def of(cls, X: sp.csr_matrix, slots: NumberSlots) -> "MixedRows":
        """Split canonical rows."""
        is_number = np.zeros(X.shape[1], bool)
        is_number[slots.features] = True
        numbers = X[:, slots.features].toarray()
        return cls(without_features(X, is_number), numbers, slots.features)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and features."""
        return self.terms.shape

    @property
    def dtype(self) -> np.dtype:
        """Type of the values."""
        return self.terms.dtype

    def __getitem__(self, rows: Any) -> "MixedRows":
        sizes = None if self.sizes is None else self.sizes[rows]
        return MixedRows(self.terms[rows], self.numbers[rows], self.features, sizes)

    def joined(self) -> sp.csr_matrix:
        """The rows as CSR, numbers among the entries."""
        n_rows, n_numbers = self.numbers.shape
        indptr = np.arange(n_rows + 1) * n_numbers
        arrays = self.numbers.ravel(), np.tile(self.features, n_rows), indptr
        return self.terms + sp.csr_matrix(arrays, shape=self.shape)


Features: TypeAlias = sp.csr_matrix | MixedRows


def split_rows(X: Features, slots: NumberSlots | None) -> Features:
    """Rows with their numbers apart, where these have slots."""
    return X if slots is None or isinstance(X, MixedRows) else MixedRows.of(X, slots)


def terms_of(X: Features) -> sp.csr_matrix:
    """The entries of the rows that are no numbers in a block of their own."""
    return X.terms if isinstance(X, MixedRows) else X


def consecutive_rows(X: Features, start: int, end: int) -> Features:
    """Rows from `start` to before `end`, whose entries are views of those of X."""
    if isinstance(X, MixedRows):
        terms = consecutive_rows(X.terms, start, end)
        assert isinstance(terms, sp.csr_matrix)
        sizes = None if X.sizes is None else X.sizes[start:end]
        return MixedRows(terms, X.numbers[start:end], X.features, sizes)
    starts = X.indptr[start : end + 1]
    entries = slice(starts[0], starts[-1])
    arrays = X.data[entries], X.indices[entries], starts - starts[0]
    return sp.csr_matrix(arrays, shape=(len(starts) - 1, X.shape[1]))


def without_features(X: sp.csr_matrix, dropped: np.ndarray) -> sp.csr_matrix:
    """Canonical rows without the entries of some features, bool (n_features,)."""
    kept = ~dropped[X.indices]
    if kept.all():
        return X
    before = np.zeros(X.nnz + 1, X.indptr.dtype)
    np.cumsum(kept, out=before[1:])
    return sp.csr_matrix((X.data[kept], X.indices[kept], before[X.indptr]), shape=X.shape)
