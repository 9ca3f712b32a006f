import numpy as np
import pytest
import scipy.sparse as sp
from field_problem import FIELDS, problem
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skembed.network._field_layout import FieldLayout
from skembed.network._pooling import COMBINERS, Pooling


def pooled_by_field(X, table, combiner, fields, dim):
    """Each field by itself, by the identity that the whole row is pooled with."""
    parts = [
        Pooling(combiner).matrix(X[:, np.flatnonzero(fields == f)]) @ table[fields == f]
        for f in np.unique(fields[fields >= 0])
    ]
    numeric = np.flatnonzero(fields == -1)
    groups = [numeric[start : start + dim] for start in range(0, len(numeric), dim)]
    return np.hstack(parts + [X[:, group] @ table[group] for group in groups])


@pytest.mark.parametrize("combiner", COMBINERS)
def test_every_field_is_pooled_by_itself_and_numbers_are_added_up(combiner):
    X, _ = problem()
    table = np.random.default_rng(1).normal(size=(len(FIELDS), 2)).astype(np.float32)
    pooling = Pooling(combiner, FieldLayout.of(FIELDS, embedding_dim=2))
    ours = pooling.pool(pooling.segments(X), table).reshape(X.shape[0], -1)
    assert_allclose(ours, pooled_by_field(X, table, combiner, FIELDS, 2), atol=1e-6)
    assert_allclose(pooling.matrix(pooling.segments(X)) @ table, ours.reshape(-1, 2), atol=1e-6)


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=12), st.integers(0, 2**31))
def test_segments_hold_the_entries_of_their_row_and_field(fields, seed):
    fields = np.array(fields)
    layout = FieldLayout.of(fields, 3)
    X = sp.random(5, len(fields), 0.5, "csr", np.float32, random_state=seed)
    segments = layout.split(X).toarray().reshape(5, layout.n_fields, len(fields))
    assert_array_equal(segments.sum(axis=1), X.toarray())
    for field in range(layout.n_fields):
        assert (segments[:, field, layout.numbers != field] == 0).all()
