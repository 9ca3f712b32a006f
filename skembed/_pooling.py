"""How the embeddings of a row's terms become one vector: the combiners."""

import numpy as np
import scipy.sparse as sp

COMBINERS = ("mean", "sum", "sqrtn")


def row_of_entry(indptr: np.ndarray) -> np.ndarray:
    """Row number of each stored entry, int32 (nnz,)."""
    return np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))


def entry_weights(X: sp.csr_matrix, combiner: str) -> np.ndarray:
    """Weight (nnz,) of each entry in its row's pooled embedding.

    With entry values v the weights are v ("sum"), v / sum(|v|) ("mean") or
    v / sqrt(sum(v ** 2)) ("sqrtn"), the sums being over the row.
    """
    if combiner == "sum" or X.nnz == 0:
        return X.data
    sizes = np.abs(X.data) if combiner == "mean" else np.square(X.data)
    lengths = np.diff(X.indptr)
    filled = lengths > 0
    totals = np.add.reduceat(sizes, X.indptr[:-1][filled], dtype=np.float64)
    if combiner == "sqrtn":
        totals = np.sqrt(totals)
    scale = np.divide(1, totals, out=np.zeros_like(totals), where=totals > 0)
    return X.data * np.repeat(scale.astype(X.dtype), lengths[filled])


def pool(X: sp.csr_matrix, table: np.ndarray, combiner: str) -> np.ndarray:
    """Pooled embeddings (n_samples, embedding_dim): the sparse-dense product of the lesson."""
    weights = entry_weights(X, combiner)
    return sp.csr_matrix((weights, X.indices, X.indptr), shape=X.shape) @ table
