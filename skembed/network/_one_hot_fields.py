"""Fields of rows that are columns of a table in one-hot code, though nobody has said so."""

import numpy as np
import scipy.sparse as sp

# Fewer rows are in one-hot code by chance, and too few for statistics of rare categories.
_MIN_ROWS = 2000
_MIN_FIELDS = 2


def one_hot_fields(X: sp.csr_matrix) -> np.ndarray | None:
    """Number of the field of each feature, of canonical rows in one-hot code.

    So are rows as scikit-learn's ``OneHotEncoder`` or pandas' ``get_dummies`` gives them: the
    features are neighbouring blocks, one for each column of the table, of which every row has
    exactly one entry each, and all entries are 1.

    Parameters
    ----------
    X : csr_matrix of shape (n_samples, n_features)
        Canonical rows.

    Returns
    -------
    ndarray of shape (n_features,), int64, or None
        The fields, from 0; None where rows are something else, where there are fewer than 2,000
        of them, or where fewer than two fields have several features.
    """
    n_rows, n_features = X.shape
    if n_rows < _MIN_ROWS or X.nnz % n_rows or X.nnz < _MIN_FIELDS * n_rows:
        return None
    lengths = np.diff(X.indptr)
    if lengths.min() != lengths.max() or X.data.min() != 1 or X.data.max() != 1:
        return None
    places = X.indices.reshape(n_rows, -1)
    first, last = places.min(axis=0), places.max(axis=0)
    if (last[:-1] >= first[1:]).any() or (last > first).sum() < _MIN_FIELDS:
        return None
    return np.searchsorted(first[1:], np.arange(n_features), side="right")
