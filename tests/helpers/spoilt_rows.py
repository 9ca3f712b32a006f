"""The same rows in other forms."""

import numpy as np
import scipy.sparse as sp


def changed(array, place, value):
    array = np.array(array)
    array[place] = value
    return array


def shuffled(X):
    """The same matrix with the entries of each row in the opposite order."""
    order = np.concatenate(
        [np.arange(start, end)[::-1] for start, end in zip(X.indptr, X.indptr[1:], strict=False)]
    )
    return sp.csr_matrix((X.data[order], X.indices[order], X.indptr), shape=X.shape)


def doubled(X):
    """The same matrix with each entry as two halves."""
    halves = np.repeat(X.data / 2, 2).astype(X.dtype)
    return sp.csr_matrix((halves, np.repeat(X.indices, 2), X.indptr * 2), shape=X.shape)


def with_stored_zeros(X):
    dense = X.toarray()
    everywhere = np.tile(np.arange(X.shape[1]), X.shape[0])
    return sp.csr_matrix(
        (dense.ravel(), everywhere, np.arange(X.shape[0] + 1) * X.shape[1]), shape=X.shape
    )
