import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from made_rows import random_counts
from numpy.testing import assert_allclose, assert_array_equal

from skembed import EmbeddingDNNClassifier
from skembed.network._used_columns import Columns, column_counts


def test_columns_number_the_used_ones():
    X = sp.csr_matrix(np.array([[0, 2, 0, 1], [0, 3, 0, 0]], np.float32))
    columns = Columns.of(X)
    assert columns.used.tolist() == [1, 3]
    assert columns.counts.tolist() == [2, 1]
    assert columns.compact(X.indices).tolist() == [0, 1, 0]


@pytest.mark.parametrize("share_used", [0.5, 1.0])
@pytest.mark.parametrize("n_features", [100, 200_000])
def test_every_used_column_has_a_number_of_its_own(n_features, share_used):
    rng = np.random.default_rng(0)
    counts = rng.geometric(0.3, n_features) * (rng.random(n_features) < share_used)
    columns = Columns.from_counts(counts)
    used = columns.used
    assert_array_equal(np.sort(used), np.flatnonzero(counts))
    assert_array_equal(columns.counts, counts[used])
    assert_array_equal(columns.compact(used), np.arange(len(used)))
    if columns.numbers is not None:
        assert (columns.numbers[counts == 0] == len(used)).all()


def test_many_columns_are_numbered_by_falling_count():
    counts = np.random.default_rng(0).integers(0, 100_000, 150_000)
    columns = Columns.from_counts(counts)
    seen = np.minimum(columns.counts, 2**16 - 1)  # beyond that they are frequent enough
    assert (np.diff(seen) <= 0).all()


@given(
    n_rows=st.integers(1, 40),
    n_columns=st.integers(1, 30),
    density=st.floats(0, 1),
    seed=st.integers(0, 100),
)
@settings(deadline=None, max_examples=50)
def test_counts_are_those_of_the_entries(n_rows, n_columns, density, seed):
    X = random_counts(n_rows, n_columns, density=density, seed=seed)
    assert_array_equal(column_counts(X), (X.toarray() != 0).sum(axis=0))


@pytest.mark.parametrize("n_rows", [2**16 - 1, 2**16, 2**18 + 5])
def test_a_column_that_all_of_many_rows_have_is_counted(n_rows):
    odd = np.arange(n_rows) % 2
    X = sp.csr_matrix(np.column_stack([np.ones(n_rows), np.zeros(n_rows), odd]))
    assert column_counts(X).tolist() == [n_rows, 0, n_rows // 2]


@pytest.mark.parametrize("n_entries", [0, 2**18, 2**20 + 3])
def test_entries_are_counted_whatever_their_number(n_entries):
    """More than are counted at a time, too."""
    n_columns = 1500
    columns = np.arange(n_entries) % n_columns  # each once a row
    ends = np.minimum(np.arange(n_entries // n_columns + 2) * n_columns, n_entries)
    X = sp.csr_matrix((np.ones(n_entries), columns, ends), (len(ends) - 1, n_columns))
    assert_array_equal(column_counts(X), np.bincount(columns, minlength=n_columns))


def test_a_fit_does_not_depend_on_where_in_x_the_columns_are():
    """Neither on the order nor on unused ones in between, which make columns be numbered anew."""
    rng = np.random.default_rng(0)
    n_rows, n_used, n_features = 600, 80_000, 200_000
    y = rng.integers(0, 2, n_rows)
    common = sp.csr_matrix(rng.random((n_rows, 50)) < 0.2 + 0.1 * y[:, None], dtype=np.float32)
    rare = sp.csr_matrix(
        (
            np.ones(n_used - 50, np.float32),
            (rng.integers(0, n_rows, n_used - 50), range(50, n_used)),
        )
    )
    X = common.copy()
    X.resize(rare.shape)
    X = (X + rare).tocsr()
    places = rng.permutation(n_features)[:n_used]
    scattered = sp.csr_matrix((X.data, places[X.indices], X.indptr), (n_rows, n_features))
    vectors = np.zeros((n_features, 4), np.float32)
    vectors[places] = rng.normal(size=(n_used, 4))

    def fitted(X, vectors):
        network = EmbeddingDNNClassifier(
            embedding_init=vectors, batch_size=32, max_epochs=2, random_state=0
        )
        return network.fit(X, y)

    one, other = fitted(X, vectors[places]), fitted(scattered, vectors)
    assert np.abs(one.embeddings_[:50] - vectors[places[:50]]).max() > 1e-3
    assert_allclose(other.embeddings_[places], one.embeddings_, atol=1e-5)
    assert_allclose(other.predict_proba(scattered), one.predict_proba(X), atol=1e-5)
