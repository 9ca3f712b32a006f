"""How the embeddings of a row's terms become one vector: the combiners."""

import numpy as np
import scipy.sparse as sp

COMBINERS = ("mean", "sum", "sqrtn")


def has_uniform_values(X: sp.csr_matrix) -> bool:
    """Whether all stored entries are equal, as in binary features."""
    return X.nnz == 0 or bool(X.data.min() == X.data.max())


def row_scales(X: sp.csr_matrix, combiner: str) -> np.ndarray | None:
    """Factor (n_samples,) of the sum of each row's vectors; None for the combiner "sum"."""
    if combiner == "sum":
        return None
    totals = _row_totals(X, np.abs if combiner == "mean" else np.square)
    if combiner == "sqrtn":
        totals = np.sqrt(totals)
    scales = np.divide(1, totals, out=np.zeros_like(totals), where=totals > 0)
    return scales.astype(X.dtype)


def _row_totals(X: sp.csr_matrix, size: np.ufunc) -> np.ndarray:
    """Sum (n_samples,), float64, of the sizes of each row's values."""
    lengths = np.diff(X.indptr)
    if X.nnz and has_uniform_values(X):  # no need to add up
        return lengths * float(size(X.data[0]))
    totals = np.zeros(X.shape[0])
    filled = lengths > 0
    if filled.any():
        starts = X.indptr[:-1][filled]
        totals[filled] = np.add.reduceat(size(X.data), starts, dtype=np.float64)
    return totals


def entry_weights(X: sp.csr_matrix, combiner: str) -> np.ndarray:
    """Weight (nnz,) of each entry in its row's pooled embedding.

    With entry values v the weights are v ("sum"), v / sum(|v|) ("mean") or
    v / sqrt(sum(v ** 2)) ("sqrtn"), the sums being over the row.
    """
    scales = row_scales(X, combiner)
    return X.data if scales is None else X.data * np.repeat(scales, np.diff(X.indptr))


def uniform_weights(X: sp.csr_matrix, combiner: str) -> np.ndarray:
    """Weight (n_samples,) of every entry of a row, where all entries are equal."""
    value = X.data[0] if X.nnz else X.dtype.type(0)
    scales = row_scales(X, combiner)
    return np.full(X.shape[0], value) if scales is None else scales * value


def square_lengths(X: sp.csr_matrix, combiner: str) -> np.ndarray:
    """Sum (n_samples,) of the squared weights of each row's entries in the pooling."""
    if combiner == "sqrtn":
        return (np.diff(X.indptr) > 0).astype(np.float64)
    if has_uniform_values(X):
        return np.diff(X.indptr) * np.square(uniform_weights(X, combiner), dtype=np.float64)
    weights = sp.csr_matrix((entry_weights(X, combiner), X.indices, X.indptr), shape=X.shape)
    return _row_totals(weights, np.square)


def pool(X: sp.csr_matrix, table: np.ndarray, combiner: str) -> np.ndarray:
    """Pooled embeddings (n_samples, embedding_dim): the sparse-dense product of the lesson."""
    sums = X @ table
    scales = row_scales(X, combiner)
    if scales is not None:
        sums *= scales[:, None]
    return sums
