"""Made rows of any size."""

import numpy as np
import scipy.sparse as sp

from benchmarks.shared.data._rows import Data


def widened(X: sp.csr_matrix, n_columns: int) -> sp.csr_matrix:
    """The same entries with the columns sent to random ones of `n_columns`."""
    places = np.random.default_rng(0).permutation(n_columns)[: X.shape[1]].astype(np.int32)
    wide = sp.csr_matrix((X.data, places[X.indices], X.indptr), (X.shape[0], n_columns))
    wide.sort_indices()
    return wide


def zipf_rows(n_rows: int, n_entries: int, n_columns: int, seed: int = 0) -> Data:
    """Rows of ids whose frequency falls as 1 / rank, and labels that depend on them.

    Ids are drawn at random, equal ones of a row are one entry, and ranks are spread
    over the columns at random.
    """
    rng = np.random.default_rng(seed)
    ranks = np.exp(rng.random(n_rows * n_entries, np.float32) * np.log(n_columns)).astype(np.int32)
    ids = rng.permutation(n_columns).astype(np.int32)[np.minimum(ranks, n_columns - 1)]
    indptr = np.arange(0, len(ids) + 1, n_entries)
    X = sp.csr_matrix((np.ones(len(ids), np.float32), ids, indptr), (n_rows, n_columns))
    X.sum_duplicates()
    X.data[:] = 1
    return X, (ids.reshape(n_rows, n_entries)[:, 0] % 2).astype(np.int64)
