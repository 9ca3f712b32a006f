import numpy as np
import pytest
import scipy.sparse as sp
from made_rows import random_counts
from numpy.testing import assert_array_equal

from skembed.estimators._csr_checks import canonical_rows, check_structure


def broken(**changes):
    X = random_counts(4, 6, density=1.0)
    for name, value in changes.items():
        setattr(X, name, value)
    return X


def test_unsorted_and_duplicate_entries_become_canonical_without_touching_the_input():
    data = np.array([1, 2, 3, 4], np.float32)
    indices = np.array([2, 0, 2, 1], np.int32)
    X = sp.csr_matrix((data, indices, np.array([0, 3, 4], np.int32)), shape=(2, 3))
    X.has_sorted_indices = True  # a flag that is wrong
    rows = canonical_rows(X)
    assert rows.has_canonical_format
    assert_array_equal(rows.toarray(), [[2, 0, 4], [0, 4, 0]])
    assert_array_equal(X.data, data)
    assert X.indices.tolist() == [2, 0, 2, 1]


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "lil", "dok"])
@pytest.mark.parametrize("array", [True, False])
def test_every_format_gives_the_same_rows(kind, array):
    X = random_counts(5, 4)
    other = (sp.csr_array if array else sp.csr_matrix)(X).asformat(kind)
    rows = canonical_rows(other)
    assert rows.indices.dtype == np.int32
    assert_array_equal(rows.toarray(), X.toarray())


def test_int64_indices_and_stored_zeros():
    X = random_counts(5, 4, density=0.9)
    X.data[0] = 0
    wide = sp.csr_matrix(
        (X.data, X.indices.astype(np.int64), X.indptr.astype(np.int64)), shape=X.shape
    )
    rows = canonical_rows(wide)
    assert rows.indices.dtype == rows.indptr.dtype == np.int32
    assert (rows.data != 0).all()
    assert_array_equal(rows.toarray(), X.toarray())


def test_canonical_input_is_shared_not_copied():
    X = random_counts(5, 4)
    assert np.shares_memory(canonical_rows(X).data, X.data)


def test_wrong_structure_is_named():
    n = random_counts(4, 6, density=1.0).nnz
    with pytest.raises(ValueError, match="column indices of X have type float64"):
        check_structure(broken(indices=np.zeros(n)))
    with pytest.raises(ValueError, match="column 6, which is out of bounds: X has 6 columns"):
        check_structure(broken(indices=np.full(n, 6, np.int32)))
    with pytest.raises(ValueError, match="column -1"):
        check_structure(broken(indices=np.full(n, -1, np.int32)))
    with pytest.raises(ValueError, match="indptr decreases after row 1"):
        check_structure(broken(indptr=np.array([0, 3, 2, 4, 5], np.int32)))
    with pytest.raises(ValueError, match="indptr must have 5 values starting at 0"):
        check_structure(broken(indptr=np.array([1, 2, 3, 4, 5], np.int32)))
    with pytest.raises(ValueError, match="indptr ends at"):
        check_structure(broken(indptr=np.array([0, 1, 2, 3, n + 9], np.int32)))
