import numpy as np
import pytest
import scipy.sparse as sp
from made_rows import random_counts
from numpy.testing import assert_allclose

from skembed.network._pooling import COMBINERS, Pooling


def pooled_by_lookup(X, table, combiner):
    """The lesson's way: look every occurrence up, sum, divide."""
    out = np.zeros((X.shape[0], table.shape[1]))
    for number, row in enumerate(X.toarray()):
        weights = row[row != 0]
        vectors = table[np.flatnonzero(row)]
        total = (weights[:, None] * vectors).sum(0)
        size = {
            "sum": 1.0,
            "mean": np.abs(weights).sum(),
            "sqrtn": np.sqrt(np.square(weights).sum()),
        }[combiner]
        out[number] = total / size if len(weights) else 0
    return out


@pytest.mark.parametrize("combiner", COMBINERS)
def test_lookup_equals_sparse_product(combiner):
    X = random_counts(50, 20)
    table = np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)
    assert_allclose(
        Pooling(combiner).pool(X, table), pooled_by_lookup(X, table, combiner), atol=1e-6
    )


@pytest.mark.parametrize("combiner", COMBINERS)
def test_empty_rows_pool_to_zeros(combiner):
    X = sp.csr_matrix((3, 5), dtype=np.float32)
    assert (Pooling(combiner).pool(X, np.ones((5, 2), np.float32)) == 0).all()


def test_mean_of_counts_equals_mean_of_occurrences():
    table = np.arange(6, dtype=np.float32).reshape(3, 2)
    counts = sp.csr_matrix(np.array([[2, 0, 1]], np.float32))
    assert_allclose(
        Pooling("mean").pool(counts, table), table[[0, 0, 2]].mean(0, keepdims=True), rtol=1e-6
    )


@pytest.mark.parametrize("combiner", COMBINERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_keep_the_type_and_the_input(combiner, dtype):
    X = random_counts(10, 5).astype(dtype)
    before = X.data.copy()
    assert Pooling(combiner).entry_weights(X).dtype == dtype
    assert (X.data == before).all()
