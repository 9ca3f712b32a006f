"""Vectors of terms that occur in the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD


def cooccurrence_vectors(
    X: Any, embedding_dim: int, random_state: int | np.random.RandomState | None
) -> tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.int64]]:
    """Return the vectors (n_terms, embedding_dim), and the number of rows that hold each term.

    An entry counts as 1, whatever its value, over the roots of the numbers of terms of its
    row and of rows of its term: the scaling of correspondence analysis (Greenacre, 1984). The
    vectors are the right singular vectors times the singular values.
    """
    there = sp.csr_matrix(X, dtype=np.float32, copy=True)
    there.eliminate_zeros()
    counts = there.getnnz(axis=0)
    rows = np.repeat(1 / np.sqrt(np.maximum(there.getnnz(axis=1), 1)), np.diff(there.indptr))
    there.data[:] = rows / np.sqrt(np.maximum(counts, 1))[there.indices]
    dim = min(embedding_dim, *there.shape)
    svd = TruncatedSVD(dim, random_state=random_state).fit(there)
    return svd.components_.T * svd.singular_values_, counts.astype(np.int64)
