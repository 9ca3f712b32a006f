"""Codes of the categories in CSR rows: one for each field that has at most one entry a row."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from skembed.network._field_layout import FieldLayout


@dataclass(frozen=True)
class FieldCodes:
    """Which fields are columns of a table, and the code of each of their features.

    A field is a column where no training row has more than one entry in it, as one-hot
    categories and bins have; lists of terms, texts and numbers are not.
    """

    columns: np.ndarray  # (n_features,) int32 coded column of each feature; -1: of none
    codes: np.ndarray  # (n_features,) int32 code within its column, from 1
    sizes: np.ndarray  # (n_columns,) int64 codes of each column, that of no entry, 0, included

    @classmethod
    def of(cls, X: sp.csr_matrix, layout: FieldLayout | None) -> "FieldCodes":
        """Find the columns among the fields of canonical training rows."""
        fields = np.zeros(X.shape[1], np.int64) if layout is None else layout.numbers
        coded = most_entries(X, layout) == 1
        numbers = np.where(coded, np.cumsum(coded) - 1, -1)
        columns = numbers[fields].astype(np.int32)
        codes = np.zeros(len(columns), np.int32)
        sizes = np.ones(int(coded.sum()), np.int64)
        for column in range(len(sizes)):
            features = np.flatnonzero(columns == column)
            codes[features] = np.arange(1, len(features) + 1)
            sizes[column] += len(features)
        return cls(columns, codes, sizes)

    @property
    def n_columns(self) -> int:
        """Number of coded columns."""
        return len(self.sizes)

    def encode(self, X: sp.csr_matrix) -> np.ndarray:
        """Codes (n_samples, n_columns), 0 where a row has no entry in a column."""
        out = np.zeros((X.shape[0], self.n_columns), np.int64)
        columns = self.columns[X.indices]
        coded = columns >= 0
        out[_entry_rows(X)[coded], columns[coded]] = self.codes[X.indices[coded]]
        return out


def most_entries(X: sp.csr_matrix, layout: FieldLayout | None) -> np.ndarray:
    """Most entries (n_fields,) of each field in a row; 0 for fields of numbers."""
    if layout is None:
        return np.diff(X.indptr).max(initial=0, keepdims=True)
    segments = np.diff(layout.split(X).indptr).reshape(-1, layout.n_fields)
    return np.where(layout.summed, 0, segments.max(axis=0, initial=0))


def _entry_rows(X: sp.csr_matrix) -> np.ndarray:
    """Row (nnz,) of each entry."""
    return np.repeat(np.arange(X.shape[0], dtype=np.int64), np.diff(X.indptr))
