"""Which features are pooled together: fields, each with a pooled embedding of its own."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

# Number, in what a caller gives, of the field of features that are numbers.
NUMERIC = -1
# Dimension of embeddings where nothing calls for more.
DEFAULT_DIM = 16


@dataclass(frozen=True)
class FieldLayout:
    """The field of each feature; those of numbers are summed, whatever the combiner.

    A row of features becomes one row for each field: a segment. All that pools rows then
    pools segments.
    """

    numbers: np.ndarray  # (n_features,) int32, from 0
    n_fields: int
    summed: np.ndarray  # (n_fields,) bool, whether a field's features are numbers

    @classmethod
    def of(cls, fields: np.ndarray, embedding_dim: int) -> "FieldLayout":
        """Lay out checked field numbers, `NUMERIC` where a feature is a number.

        As many numbers as an embedding has dimensions share a field: their vectors times
        their values then add up to a linear map that loses nothing of them.
        """
        numeric = fields == NUMERIC
        numbers = np.empty(len(fields), np.int32)
        kinds, numbers[~numeric] = np.unique(fields[~numeric], return_inverse=True)
        n_numeric = int(numeric.sum())
        numbers[numeric] = len(kinds) + np.arange(n_numeric) // embedding_dim
        n_fields = len(kinds) + -(-n_numeric // embedding_dim)
        return cls(numbers, n_fields, np.arange(n_fields) >= len(kinds))

    @property
    def numeric(self) -> np.ndarray:
        """Whether each feature is a number, (n_features,) bool."""
        return self.summed[self.numbers]

    def of_terms(self) -> "FieldLayout":
        """The fields of terms, for rows without entries in features that are numbers."""
        n_terms = int((~self.summed).sum())
        return FieldLayout(self.numbers, n_terms, self.summed[:n_terms])

    @cached_property
    def ascends(self) -> bool:
        """Whether the entries of canonical rows already are in order of their fields."""
        present = self.numbers[self.numbers < self.n_fields]  # without numbers that are apart
        return bool((np.diff(present) >= 0).all())

    def split(self, X: sp.csr_matrix) -> sp.csr_matrix:
        """Segments (n_samples * n_fields, n_features) of canonical rows, row by row."""
        starts = np.arange(X.shape[0], dtype=np.int64) * self.n_fields
        segments = np.repeat(starts, np.diff(X.indptr)) + self.numbers[X.indices]
        n_segments = X.shape[0] * self.n_fields
        indptr = np.zeros(n_segments + 1, X.indptr.dtype)
        np.cumsum(np.bincount(segments, minlength=n_segments), out=indptr[1:])
        data, indices = X.data, X.indices
        if not self.ascends:
            order = np.argsort(segments, kind="stable")
            data, indices = data[order], indices[order]
        return sp.csr_matrix((data, indices, indptr), shape=(n_segments, X.shape[1]))


def checked_fields(fields: Any, n_features: int) -> np.ndarray:
    """Field numbers (n_features,) of what was given: the same, or the sizes of fields.

    Raises
    ------
    ValueError
        If they are no integers, or neither one for each feature nor sizes that add up.
    """
    try:
        given = np.asarray(fields)
    except ValueError:
        given = np.empty((0, 0))
    if given.ndim != 1 or given.dtype.kind not in "iu" or not len(given):
        raise ValueError(
            "fields must be a list of integers: the number of each feature's field (-1 for a "
            f"feature that is a number), or the sizes of the fields; got {fields!r:.80}."
        )
    if len(given) == n_features:
        if given.min() < NUMERIC:
            raise ValueError(
                f"fields holds {given.min()} for feature {given.argmin()}; fields are numbered "
                "from 0, and -1 stands for a feature that is a number."
            )
        return given.astype(np.int64)
    if given.min() < 0 or given.sum() != n_features:
        raise ValueError(
            f"fields has {len(given)} numbers with the sum {given.sum()}, but X has {n_features} "
            "features: give one field number for each feature, or sizes that add up to them."
        )
    return np.repeat(np.arange(len(given)), given)
