import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skembed.network._field_layout import FieldLayout
from skembed.training._field_codes import FieldCodes
from skembed.training._target_statistics import (
    N_FOLDS,
    _prior_rows,
    deepest_order,
    fit_statistics,
)


def identity(means):
    return means


def table(n_rows, sizes, seed=0):
    """Codes (n_rows, n_columns) from 1 to each size."""
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.integers(1, size + 1, n_rows) for size in sizes])


def fitted(codes, targets, order=1, weights=None, link=identity, seed=0):
    sizes = codes.max(axis=0) + 1
    targets = np.reshape(targets, (len(codes), -1)).astype(float)
    weights = np.ones(len(codes)) if weights is None else weights
    return fit_statistics(codes, sizes, targets, weights, order, link, np.random.default_rng(seed))


def folds_of(n_rows, seed=0):
    return np.random.default_rng(seed).permutation(n_rows) % N_FOLDS


def test_statistics_are_the_shrunken_means_of_the_formula():
    codes = table(300, [5])
    y = codes[:, 0] + np.random.default_rng(1).normal(size=300)
    statistics, crossed = fitted(codes, y)
    counts = np.bincount(codes[:, 0])[1:].astype(float)
    sums = np.bincount(codes[:, 0], y)[1:]
    prior = _prior_rows(counts, sums[:, None], np.array([(y**2).sum()]))[0]
    expected = (sums + prior * y.mean()) / (counts + prior)
    found = statistics.transform(np.arange(1, 6)[:, None])[:, 0]
    # standardised: the same but for one shift and one scale
    assert_allclose(np.corrcoef(found, expected)[0, 1], 1, atol=1e-6)
    assert_allclose(np.ptp(found) * crossed_deviation(codes, y, prior), np.ptp(expected), rtol=1e-4)
    assert_allclose(crossed.mean(axis=0), 0, atol=1e-5)
    assert_allclose(crossed.std(axis=0), 1, atol=1e-5)


def crossed_deviation(codes, y, prior):
    """Deviation of the cross-fitted statistics, row by row."""
    return np.std([crossed_value(codes[:, 0], y, prior, row) for row in range(len(y))])


def crossed_value(codes, y, prior, row):
    folds = folds_of(len(y))
    others = folds != folds[row]
    same = others & (codes == codes[row])
    return (y[same].sum() + prior * y[others].mean()) / (same.sum() + prior)


def test_a_rows_own_target_is_not_in_its_numbers():
    codes = table(200, [40, 3])
    y = np.random.default_rng(2).normal(size=200)
    _, before = fitted(codes, y, order=2)
    changed = y.copy()
    changed[folds_of(200) == 0] = 0  # targets of one fold
    _, after = fitted(codes, changed, order=2)
    inside = folds_of(200) == 0
    # equal but for prior and scale, which all rows share: the order of the rows stays
    for column in range(before.shape[1]):
        a, b = before[inside, column], after[inside, column]
        assert np.corrcoef(a, b)[0, 1] > 0.98
    assert not np.allclose(before[~inside], after[~inside], atol=0.2)


def test_training_rows_of_a_row_weighted_twice_count_twice():
    codes = table(100, [6])
    y = np.random.default_rng(3).normal(size=100)
    weights = np.random.default_rng(4).integers(1, 3, 100).astype(float)
    statistics, _ = fitted(codes, y, weights=weights)
    repeated = np.repeat(np.arange(100), weights.astype(int))
    again, _ = fitted(codes[repeated], y[repeated])
    assert_array_equal(statistics.keys, again.keys)
    a, b = statistics.values[:, 0], again.values[:, 0]
    assert_allclose((a - a.mean()) / a.std(), (b - b.mean()) / b.std(), atol=1e-4)


def test_pairs_tell_what_single_columns_do_not():
    codes = table(2_000, [4, 4])
    y = (codes[:, 0] + codes[:, 1]) % 2
    statistics, numbers = fitted(codes, y, order=2)
    assert statistics.members.tolist() == [[0, -1], [1, -1], [0, 1]]
    strength = [abs(np.corrcoef(number, y)[0, 1]) for number in numbers.T[::2]]
    assert max(strength[:2]) < 0.1
    assert strength[2] > 0.99


def test_combinations_that_say_no_more_are_left_out():
    fine = table(500, [12])[:, 0]
    codes = np.column_stack([fine, (fine - 1) // 3 + 1, np.ones(500, int)])
    statistics, _ = fitted(codes, fine, order=3)
    assert statistics.members.tolist() == [[0], [1]]  # not the constant, nor any pair


def test_unknown_combinations_have_the_mean_of_all():
    codes = np.column_stack([[1, 1, 2, 2] * 25, [1, 2, 1, 2] * 25])
    codes[codes[:, 0] + codes[:, 1] == 4] = 1  # no row has 2 and 2
    y = np.random.default_rng(5).normal(size=100)
    statistics, _ = fitted(codes, y, order=2)
    numbers = statistics.transform(np.array([[2, 2], [0, 0]]))
    assert_array_equal(numbers[:, 4], statistics.unknown[2, :1].repeat(2))
    assert_array_equal(numbers[1], statistics.unknown.ravel())


def test_counts_are_those_of_the_rows_of_the_other_folds():
    codes = table(400, [9, 2])
    weights = np.random.default_rng(7).uniform(0.5, 2, 400)
    statistics, numbers = fitted(codes, np.arange(400.0), weights=weights)
    folds = folds_of(400)
    others = [
        weights[(folds != folds[row]) & (codes[:, 0] == codes[row, 0])].sum() for row in range(400)
    ]
    expected = np.log1p(others)
    assert_allclose(numbers[:, 1], (expected - expected.mean()) / expected.std(), atol=1e-5)
    # a new row has the count of as many rows as a training row's other folds have
    new = statistics.transform(np.column_stack([np.arange(1, 10), np.zeros(9, int)]))[:, 1]
    totals = np.bincount(codes[:, 0], weights)[1:] * (1 - 1 / N_FOLDS)
    assert_allclose(new, (np.log1p(totals) - expected.mean()) / expected.std(), atol=1e-5)
    assert statistics.unknown[0, 1] < new.min()  # no row at all


def test_columns_that_do_not_vary_have_no_statistics():
    assert fitted(np.ones((20, 2), int), np.arange(20.0), order=2) is None


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 3))
def test_transform_finds_each_training_row(seed, order, n_outputs):
    codes = table(60, [3, 4, 2], seed)
    y = np.random.default_rng(seed).normal(size=(60, n_outputs))
    statistics, crossed = fitted(codes, y, order)
    numbers = statistics.transform(codes)
    assert numbers.shape == crossed.shape == (60, statistics.n_numbers)
    assert np.isfinite(numbers).all() and np.isfinite(crossed).all()
    assert_array_equal(statistics.transform(codes[:7]), numbers[:7])


def test_variance_within_and_between_set_the_prior():
    rng = np.random.default_rng(6)
    groups = np.repeat(np.arange(400), 25)
    effects = rng.normal(0, 0.5, 400)
    y = effects[groups] + rng.normal(0, 1.5, len(groups))
    counts, sums = np.bincount(groups).astype(float), np.bincount(groups, y)
    prior = _prior_rows(counts, sums[:, None], np.array([(y**2).sum()]))
    assert prior[0] == pytest.approx(1.5**2 / 0.5**2, rel=0.25)
    noise = rng.normal(size=len(groups))
    sums = np.bincount(groups, noise)
    assert _prior_rows(counts, sums[:, None], np.array([(noise**2).sum()]))[0] > 100


@pytest.mark.parametrize(("n_columns", "order"), [(1, 1), (2, 2), (9, 3), (10, 2), (40, 2)])
def test_deeper_combinations_where_columns_are_few(n_columns, order):
    assert deepest_order(n_columns) == order


def test_fields_with_one_entry_a_row_are_columns():
    # fields: two categories, a text of several words, two numbers
    layout = FieldLayout.of(np.array([0, 0, 1, 1, 1, 2, 2, -1, -1]), embedding_dim=2)
    X = sp.csr_matrix(
        np.array(
            [
                [1, 0, 0, 1, 0, 1, 1, 0.5, 2],
                [0, 1, 0, 0, 1, 0, 1, 0.1, 3],
                [0, 1, 0, 0, 0, 1, 0, 0.7, 4],
            ],
            np.float32,
        )
    )
    codes = FieldCodes.of(X, layout)
    assert codes.columns.tolist() == [0, 0, 1, 1, 1, -1, -1, -1, -1]
    assert codes.sizes.tolist() == [3, 4]
    assert codes.encode(X).tolist() == [[1, 2], [2, 3], [2, 0]]


def test_one_field_of_many_entries_is_no_column():
    X = sp.csr_matrix(np.ones((3, 4), np.float32))
    assert FieldCodes.of(X, None).n_columns == 0
