"""Malformed sparse matrices, and well-formed ones in every form."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from small_estimators import small
from spoilt_rows import changed, doubled, shuffled, with_stored_zeros


def spoilt(X, **attributes):
    """Copy of a sparse matrix with other index arrays or values, not checked by scipy."""
    X = X.copy()
    for name, value in attributes.items():
        setattr(X, name, value)
    return X


STRUCTURES = {
    "float indices": (
        lambda X: spoilt(X, indices=X.indices.astype(float)),
        "column indices of X have type float64; they must be integers",
    ),
    "float indptr": (
        lambda X: spoilt(X, indptr=X.indptr.astype(float)),
        "X.indptr has type float64; it must hold integers",
    ),
    "index too large": (
        lambda X: spoilt(X, indices=changed(X.indices, 0, 30)),
        "entry in column 30, which is out of bounds: X has 30 columns",
    ),
    "index negative": (
        lambda X: spoilt(X, indices=changed(X.indices, 0, -1)),
        "entry in column -1, which is out of bounds",
    ),
    "index too large in CSC": (
        lambda X: spoilt(X.tocsc(), indices=changed(X.tocsc().indices, 0, 400)),
        "entry in row 400, which is out of bounds: X has 400 rows",
    ),
    "index too large in COO": (
        lambda X: spoilt(X.tocoo(), coords=(X.tocoo().row, changed(X.tocoo().col, 0, 30))),
        "entry in column 30, which is out of bounds",
    ),
    "decreasing indptr": (
        lambda X: spoilt(X, indptr=changed(X.indptr, 8, 0)),
        "X.indptr decreases after row 7; it must not",
    ),
    "indptr beyond the entries": (
        lambda X: spoilt(X, indptr=changed(X.indptr, -1, X.nnz + 5)),
        r"X.indptr ends at \d+ but X holds \d+ indices",
    ),
    "indptr too short": (
        lambda X: spoilt(X, indptr=X.indptr[:-1]),
        "X.indptr must have 401 values starting at 0",
    ),
    "indptr not from 0": (
        lambda X: spoilt(X, indptr=changed(X.indptr, 0, 1)),
        "X.indptr must have 401 values starting at 0.*starting at",
    ),
}


@pytest.mark.parametrize("case", STRUCTURES)
def test_a_broken_sparse_matrix_is_refused(case, fits_that_change_nothing, fitted, binary_problem):
    X, y = binary_problem
    spoil, message = STRUCTURES[case]
    for fit in fits_that_change_nothing("fit", "partial_fit"):
        with pytest.raises(ValueError, match=message):
            fit(spoil(X), y)
    for method in (fitted.predict, fitted.transform, fitted.predict_log_proba):
        with pytest.raises(ValueError, match=message):
            method(spoil(X))


def with_long_indices(X):
    X = X.copy()
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def with_spare_room(X):
    X = X.copy()
    X.indices, X.data = np.append(X.indices, [7, 7]), np.append(X.data, [9, 9]).astype(X.dtype)
    return X


def claiming_to_be_sorted(X):
    X = shuffled(X)
    X.has_sorted_indices = X.has_canonical_format = True
    return X


SAME_MATRIX = {
    "unsorted indices": shuffled,
    "unsorted indices that claim to be sorted": claiming_to_be_sorted,
    "duplicate indices": doubled,
    "stored zeros": with_stored_zeros,
    "int64 indices": with_long_indices,
    "room behind the last entry": with_spare_room,
    "COO": sp.csr_matrix.tocoo,
    "CSC": sp.csr_matrix.tocsc,
    "DOK": sp.csr_matrix.todok,
    "LIL": sp.csr_matrix.tolil,
    "BSR": sp.csr_matrix.tobsr,
    "CSR array": sp.csr_array,
    "COO array": sp.coo_array,
    "dense": sp.csr_matrix.toarray,
    "dense, Fortran order": lambda X: np.asfortranarray(X.toarray()),
    "dense, every second row": lambda X: np.repeat(X.toarray(), 2, axis=0)[::2],
    "bool": lambda X: X.astype(bool),
    "int8": lambda X: X.astype(np.int8),
    "float16": lambda X: X.toarray().astype(np.float16),
}


def as_bytes(X):
    if isinstance(X, np.ndarray):
        return X.tobytes()
    names = [name for name in ("data", "indices", "indptr", "coords", "rows") if hasattr(X, name)]
    return pickle.dumps([getattr(X, name) for name in names] if names else sorted(X.items()))


@pytest.mark.parametrize("case", SAME_MATRIX)
def test_the_same_matrix_in_another_form_gives_the_same(case, binary_problem):
    X, y = binary_problem
    plain = X.astype(bool).astype(np.float32) if case == "bool" else X
    expected = small().fit(plain, y)
    other = SAME_MATRIX[case](X)
    before = as_bytes(other)
    model = small().fit(other, y)
    assert_array_equal(model.embeddings_, expected.embeddings_)
    assert_array_equal(model.predict_proba(other), expected.predict_proba(plain))
    assert_array_equal(model.transform(other), expected.transform(plain))
    model.partial_fit(other, y)
    assert as_bytes(other) == before
