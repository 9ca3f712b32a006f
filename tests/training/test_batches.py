from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from made_rows import random_counts
from numpy.testing import assert_allclose, assert_array_equal

from skembed.network._pooling import COMBINERS, Pooling
from skembed.network._used_columns import Columns
from skembed.training._batch_shape import BatchShape, RowLengths, bucket, plan_shape
from skembed.training._batches import OneAhead, Packer, dealt_batches


def unpacked(chunk, columns, n_features):
    """The matrix that a program sees, put together from a chunk's arrays."""
    arrays, size = chunk.arrays, chunk.shape.batch_size
    X = np.zeros((chunk.shape.n_batches * size, n_features))
    for batch in range(chunk.n_batches):
        ids = arrays["ids"][batch]
        if "rows" in arrays:
            ids = arrays["rows"][batch][ids]
        segments = arrays["segments"][batch]
        real = segments < size
        if "values" in arrays:
            values = arrays["values"][batch]
            assert (values[~real] == 0).all()
        else:
            values = np.append(arrays["scales"][batch], 0)[segments]
        np.add.at(X, (batch * size + segments[real], columns.used[ids[real]]), values[real])
    return X[: chunk.n_rows]


@given(
    n_rows=st.integers(1, 40),
    n_columns=st.integers(1, 30),
    batch_size=st.integers(1, 16),
    density=st.floats(0, 1),
    combiner=st.sampled_from(COMBINERS),
    row_sparse=st.booleans(),
    uniform=st.booleans(),
    seed=st.integers(0, 100),
)
@settings(deadline=None, max_examples=150)
def test_a_chunk_holds_exactly_the_rows(
    n_rows, n_columns, batch_size, density, combiner, row_sparse, uniform, seed
):
    X = random_counts(n_rows, n_columns, density=density, seed=seed)
    if uniform:
        X.data[:] = 3
    columns = Columns.of(X)
    n_batches = -(-n_rows // batch_size)
    # as small as can be: the packer must grow what does not fit
    sparse_rows = 1 if row_sparse else None
    shape = BatchShape(
        batch_size, n_batches, 1, len(columns.used) + 1, sparse_rows, weighted=not uniform
    )
    packer = Packer(shape, columns, Pooling(combiner), np.dtype(np.float32))
    targets = np.arange(n_rows, dtype=np.int32)
    weights = np.linspace(1, 2, n_rows, dtype=np.float32)
    chunk = packer.pack(X, targets, weights)
    expected = Pooling(combiner).matrix(X)
    assert_allclose(unpacked(chunk, columns, n_columns), expected.toarray(), rtol=1e-6)
    assert chunk.n_rows == n_rows
    assert (chunk.arrays["targets"].ravel()[:n_rows] == targets).all()
    sums = (chunk.arrays["weights"].sum(1) * chunk.arrays["batch_rows"]).sum()
    assert_allclose(sums, weights.sum(), rtol=1e-5)
    assert chunk.shape == packer.shape
    assert chunk.shape.weighted == ("values" in chunk.arrays)


@pytest.mark.parametrize("n_batch_rows", [None, 1])
@pytest.mark.parametrize("n_rows", [2**16 - 1, 2**16 + 1])
def test_numbers_are_as_wide_as_a_batch_needs(n_rows, n_batch_rows):
    X = sp.eye(n_rows, format="csr", dtype=np.float32)
    columns = Columns.of(X)
    shape = BatchShape(n_rows, 1, n_rows, n_rows + 1, n_batch_rows, weighted=False)
    packer = Packer(shape, columns, Pooling("sum"), np.dtype(np.float32))
    chunk = packer.pack(X, np.zeros(n_rows, np.int32), np.ones(n_rows, np.float32))
    ids = chunk.arrays["ids"][0][:n_rows]
    rows = ids if n_batch_rows is None else chunk.arrays["rows"][0][ids]
    assert (columns.used[rows] == np.arange(n_rows)).all()
    assert (chunk.arrays["segments"][0][:n_rows] == np.arange(n_rows)).all()
    assert (chunk.arrays["segments"][0][n_rows:] == n_rows).all()


@pytest.mark.parametrize("row_sparse", [False, True])
@pytest.mark.parametrize("grows", [False, True])
def test_a_chunk_stays_as_it_is_while_the_next_is_packed(row_sparse, grows):
    """The program trains on its memory meanwhile; the next but one takes it over."""
    X = random_counts(64, 20, density=0.5, seed=0)
    columns, n_entries = Columns.of(X), 40 if grows else 8 * 20
    shape = BatchShape(8, 4, n_entries, bucket(21), 20 if row_sparse else None, weighted=True)
    packer = Packer(shape, columns, Pooling("mean"), np.dtype("f"))
    targets = weights = np.ones(64, "f")
    parts = [slice(0, 20), slice(20, 52), slice(52, 64)]
    before = packer.pack(X[parts[0]], targets[parts[0]], weights[parts[0]])
    for part, last in zip(parts[1:], parts, strict=False):
        then = {name: array.copy() for name, array in before.arrays.items()}
        chunk = packer.pack(X[part], targets[part], weights[part])
        for name, array in before.arrays.items():
            assert_array_equal(array, then[name])
            assert not np.shares_memory(array, chunk.arrays[name])
        expected = abs(X[last].toarray())
        expected /= np.maximum(expected.sum(axis=1, keepdims=True), 1e-9)
        assert_allclose(unpacked(before, columns, 20), expected, atol=1e-6)
        before = chunk


def test_tensors_are_the_arrays_of_a_chunk():
    from skembed.training.keras._loop import as_tensors

    X = random_counts(16, 9, density=0.5, seed=0)
    shape = BatchShape(8, 2, 8 * 9, bucket(10), 9, weighted=True)
    packer = Packer(shape, Columns.of(X), Pooling("mean"), np.dtype("f"))
    arrays = packer.pack(X, np.arange(16), np.ones(16, "f")).arrays
    tensors = as_tensors(arrays)
    for name, array in arrays.items():
        assert array.ctypes.data % 64 == 0
        assert tensors[name].dtype.as_numpy_dtype == array.dtype
        array.flat[0] = 3
        assert_array_equal(tensors[name].numpy(), array)


@given(
    lengths=st.lists(st.integers(0, 1000), min_size=1, max_size=60),
    batch_size=st.integers(1, 20),
    seed=st.integers(0, 100),
)
def test_dealt_batches_are_alike(lengths, batch_size, seed):
    lengths = np.array(lengths)
    order = dealt_batches(lengths, batch_size, np.random.default_rng(seed))
    assert sorted(order) == list(range(len(lengths)))
    full = len(lengths) // batch_size
    entries = lengths[order][: full * batch_size].reshape(full, batch_size).sum(axis=1)
    if full:
        assert np.ptp(entries) <= np.ptp(lengths)


def test_any_two_rows_may_share_a_batch():
    lengths, together = np.repeat([1, 50], 6), set()
    for seed in range(300):
        order = dealt_batches(lengths, 3, np.random.default_rng(seed))
        together |= {
            frozenset(pair) for b in range(4) for pair in combinations(order[3 * b :][:3], 2)
        }
    assert len(together) == 12 * 11 // 2


@given(st.integers(1, 10**9))
def test_buckets_waste_little(size):
    assert size <= bucket(size) <= max(size * 1.125, size)
    assert bucket(bucket(size)) == bucket(size)


def test_folds_share_a_shape():
    X = random_counts(3000, 200, density=0.3)
    shapes = set()
    for seed in range(5):
        rows = np.random.default_rng(seed).permutation(3000)[:2400]
        fold = X[rows]
        columns = Columns.of(fold)
        shapes.add(plan_shape(RowLengths.of(fold), columns, 64, allow_row_sparse=True))
    assert len(shapes) <= 2


def test_large_tables_are_planned_row_sparse_and_small_ones_not():
    rng = np.random.default_rng(0)
    lengths = RowLengths(2000, 10.0, 0.0, 10)
    wide = Columns.from_counts(rng.integers(1, 3, 50_000))
    narrow = Columns.from_counts(rng.integers(1, 3, 100))
    assert plan_shape(lengths, wide, 100, allow_row_sparse=True).row_sparse
    assert not plan_shape(lengths, wide, 100, allow_row_sparse=False).row_sparse
    assert not plan_shape(lengths, narrow, 100, allow_row_sparse=True).row_sparse


def test_planned_batches_hold_the_longest_row():
    lengths = RowLengths(1000, 6.0, 158.0, 5000)
    columns = Columns.from_counts(np.ones(6000, int))
    assert plan_shape(lengths, columns, 10, allow_row_sparse=True).n_entries >= 5009


def test_one_ahead_keeps_order_and_raises_where_the_source_does():
    def source():
        yield 1
        yield 2
        raise RuntimeError("no third")

    items = OneAhead(source())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(RuntimeError, match="no third"):
        next(items)


def test_moments_of_parts_are_those_of_the_whole():
    X = random_counts(300, 20, density=0.6)
    merged = RowLengths.merged([RowLengths.of(X[:100]), RowLengths.of(X[100:])])
    whole = RowLengths.of(X)
    assert (merged.n_rows, merged.longest) == (whole.n_rows, whole.longest)
    assert_allclose([merged.mean, merged.deviation], [whole.mean, whole.deviation])


@pytest.mark.parametrize("uniform", [True, False])
def test_dropped_terms_leave_the_expected_rows_as_they_were(uniform):
    X = random_counts(16, 12, density=0.9)
    if uniform:
        X.data[:] = 2
    columns = Columns.of(X)
    shape = BatchShape(8, 2, 8, len(columns.used) + 1, None, weighted=not uniform)
    total = np.zeros(X.shape)
    for seed in range(600):
        packer = Packer(
            shape, columns, Pooling("sqrtn"), np.dtype("f"), term_dropout=0.4, seed=seed
        )
        total += unpacked(packer.pack(X, np.zeros(16, "f"), np.ones(16, "f")), columns, 12)
    whole = Pooling("sqrtn").matrix(X).toarray()
    assert_allclose(total / 600, whole, atol=0.12)
    assert (total[whole == 0] == 0).all()


def test_no_rows_are_a_chunk_without_batches():
    # a worker's part of few rows
    X = random_counts(20, 30)
    for n_batch_rows in (None, 30):
        shape = BatchShape(8, 4, 256, 32, n_batch_rows)
        packer = Packer(shape, Columns.of(X), Pooling("mean"), np.dtype("f4"), term_dropout=0.2)
        packer.pack(X, np.zeros(20), np.ones(20))
        chunk = packer.pack(X[:0], np.zeros(0), np.ones(0))
        assert chunk.n_batches == chunk.n_rows == 0
        assert not chunk.arrays["weights"].any()
