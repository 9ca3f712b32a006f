"""Fields of one-hot code are found, and nothing else is taken for it."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.preprocessing import OneHotEncoder

from skembed.network._one_hot_fields import one_hot_fields

N_ROWS = 2_000


@given(st.lists(st.integers(1, 30), min_size=2, max_size=6), st.integers(0, 10))
def test_fields_are_the_columns_of_one_hot_code(sizes, seed):
    rng = np.random.default_rng(seed)
    table = np.column_stack([rng.integers(0, size, N_ROWS) for size in sizes])
    encoder = OneHotEncoder(dtype=np.float32)
    X = encoder.fit_transform(table)
    found = one_hot_fields(sp.csr_matrix(X))
    if sum(len(kinds) > 1 for kinds in encoder.categories_) < 2:
        assert found is None
        return
    assert_array_equal(
        found, np.repeat(np.arange(len(sizes)), [len(kinds) for kinds in encoder.categories_])
    )


def encoded(n_rows=N_ROWS):
    rng = np.random.default_rng(0)
    return sp.csr_matrix(
        OneHotEncoder(dtype=np.float32).fit_transform(rng.integers(0, 5, (n_rows, 3)))
    )


def with_value(value):
    X = encoded()
    X.data[7] = value
    return X


def without_an_entry():
    X = encoded().tolil()
    X[3] = 0
    return X.tocsr()


def lists_of_one_length():
    rng = np.random.default_rng(0)
    places = np.sort(np.argsort(rng.random((N_ROWS, 40)), axis=1)[:, :3], axis=1)
    return sp.csr_matrix(
        (np.ones(places.size), places.ravel(), np.arange(N_ROWS + 1) * 3), (N_ROWS, 40)
    )


@pytest.mark.parametrize(
    "X",
    [
        encoded(N_ROWS - 1),
        with_value(2),
        with_value(0.5),
        without_an_entry(),
        lists_of_one_length(),
        sp.csr_matrix(np.ones((N_ROWS, 4))),
        encoded()[:, :5],
        sp.csr_matrix((N_ROWS, 4)),
        sp.csr_matrix((0, 4)),
    ],
    ids=[
        "few rows",
        "counts",
        "shares",
        "a row without entries",
        "lists of one length",
        "ones",
        "one column",
        "no entries",
        "no rows",
    ],
)
def test_other_rows_have_none(X):
    assert one_hot_fields(X) is None


def test_features_that_no_row_has_belong_to_the_field_before():
    X = sp.hstack([encoded()[:, :5], sp.csr_matrix((N_ROWS, 2)), encoded()[:, 5:]]).tocsr()
    assert_array_equal(one_hot_fields(X), np.repeat([0, 1, 2], [7, 5, 5]))
