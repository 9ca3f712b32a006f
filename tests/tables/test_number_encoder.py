import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_get_feature_names_out_error,
    check_n_features_in_after_fitting,
    check_param_validation,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    parametrize_with_checks,
)

from skembed import NumberEncoder, field_numbers

ADULT = Path(os.environ.get("SKEMBED_DATA", "/nonexistent")) / "adult" / "adult.parquet"
ENCODINGS = pytest.mark.parametrize("encoding", ["bin", "linear"])


@parametrize_with_checks(
    [
        NumberEncoder(),
        NumberEncoder(4, encoding="bin", with_number=False),
        NumberEncoder(sparse_output=False),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        check_dataframe_column_names_consistency,
        check_get_feature_names_out_error,
        check_n_features_in_after_fitting,
        check_param_validation,
        check_transformer_get_feature_names_out,
        check_transformer_get_feature_names_out_pandas,
    ],
)
def test_further_sklearn_check(check):
    check("NumberEncoder", NumberEncoder())


def bins(*args, **parameters):
    return NumberEncoder(*args, **{"encoding": "bin", "with_number": False, **parameters})


cells = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, np.nan]), st.floats(allow_infinity=False), st.floats(-9, 9)
)
tables = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=30), elements=cells)
resolutions = st.one_of(st.integers(2, 9), st.lists(st.integers(2, 40), min_size=1, max_size=3))


@settings(deadline=None, max_examples=50)
@given(tables, resolutions, st.sampled_from(["bin", "linear"]), st.data())
def test_each_field_of_a_row_sums_to_one(table, n_bins, encoding, data):
    encoder = bins(n_bins, encoding=encoding)
    X = encoder.fit_transform(table)
    assert X.dtype == np.float32 and X.has_canonical_format and X.nnz == np.count_nonzero(X.data)
    if encoding == "bin":
        assert_array_equal(np.diff(X.indptr), encoder.fields_.max() + 1)
    rows = data.draw(arrays(np.float64, (5, table.shape[1]), elements=cells))
    for made in X, encoder.transform(table), encoder.transform(rows):
        members = np.eye(encoder.fields_.max() + 1)[encoder.fields_]
        np.testing.assert_allclose(made @ members, 1, atol=1e-6)
        assert (made.data > 0).all()
    assert_array_equal(encoder.transform(table).toarray(), X.toarray())
    names = encoder.get_feature_names_out()
    assert len(names) == len(set(names)) == X.shape[1] == len(encoder.fields_)
    missing = X.toarray()[:, [name.split(" (")[0].endswith("missing") for name in names]]
    per_column = [len(edges) for edges in encoder.edges_]
    assert_array_equal(missing, np.repeat(np.isnan(table), per_column, axis=1))


@settings(deadline=None, max_examples=50)
@given(tables)
def test_every_bin_has_rows_and_those_of_the_interval(table):
    encoder = bins((4, 9))
    X = encoder.fit_transform(table).toarray()
    fields = iter(range(encoder.fields_.max() + 1))
    for column, of_column in zip(table.T, encoder.edges_, strict=True):
        for starts in of_column:
            inside_bins = X[:, encoder.fields_ == next(fields)][:, :-1]
            borders = [-np.inf, *starts, np.inf]
            inside = [
                (column >= low) & (column < high)
                for low, high in zip(borders[:-1], borders[1:], strict=True)
            ]
            assert_array_equal(inside_bins, np.transpose(inside))
            assert inside_bins.any(axis=0).all() or np.isnan(column).all()


@settings(deadline=None, max_examples=50)
@given(tables, st.sampled_from(["bin", "linear"]))
def test_numbers_come_after_all_fields(table, encoding):
    encoder = NumberEncoder(encoding=encoding)
    X = encoder.fit_transform(table)
    assert X.has_canonical_format and X.nnz == np.count_nonzero(X.data)
    n_columns = table.shape[1]
    assert_array_equal(encoder.fields_[-n_columns:], -1)
    assert X.shape[1] == len(encoder.fields_) == len(set(encoder.get_feature_names_out()))
    without = bins(encoding=encoding).fit_transform(table)
    assert_array_equal(X[:, :-n_columns].toarray(), without.toarray())
    for values, numbers in zip(table.T, X[:, -n_columns:].toarray().T, strict=True):
        order = np.argsort(values)  # missing values last
        n = int((~np.isnan(values)).sum())
        assert (np.diff(numbers[order][:n]) >= 0).all() and not numbers[order][n:].any()
        assert np.isfinite(numbers).all()


def test_numbers_are_normal_quantiles():
    values = np.random.default_rng(0).lognormal(0, 2, (10_000, 1))
    numbers = NumberEncoder().fit_transform(values)[:, -1].toarray()[:, 0]
    np.testing.assert_allclose([numbers.mean(), numbers.std()], [0, 1], atol=0.01)
    np.testing.assert_allclose(np.corrcoef(numbers, np.log(values[:, 0]))[0, 1], 1, atol=0.01)
    names = NumberEncoder().fit(pd.DataFrame({"age": [1, 2]})).get_feature_names_out()
    assert names[-1] == "age as a number"


def test_few_rows_have_fewer_resolutions():
    values = np.random.default_rng(0).normal(size=(6400, 1))
    for n_rows, expected in (10, [8]), (1599, [8]), (1600, [8, 32]), (6400, [8, 32, 128]):
        edges = NumberEncoder(encoding="bin").fit(values[:n_rows]).edges_[0]
        assert [len(starts) + 1 for starts in edges] == expected


def test_quantiles_have_equal_shares():
    values = np.random.default_rng(0).lognormal(0, 2, (6400, 1))
    X = bins((16, 64)).fit_transform(values)
    assert_array_equal(X.sum(axis=0).A1, [400] * 16 + [0] + [100] * 64 + [0])


def test_values_that_common_ones_hide_have_bins():
    rng = np.random.default_rng(0)
    values = np.where(rng.random(10_000) < 0.95, 0, rng.lognormal(3, 1, 10_000))[:, None]
    counts = bins(8).fit_transform(values).sum(axis=0).A1
    n_rest = (values > 0).sum()
    assert counts[0] == len(values) - n_rest and counts[-1] == 0
    assert counts[1:-1].sum() == n_rest
    assert counts[1:-1].max() < n_rest / 7


def test_few_distinct_values_have_a_bin_each_and_one_resolution():
    encoder = bins((8, 16)).fit([[3], [1], [2], [3]])
    assert encoder.get_feature_names_out().tolist() == [
        "x0 < 2",
        "x0 in [2, 3)",
        "x0 >= 3",
        "x0 is missing",
    ]


def test_names_of_two_resolutions_are_told_apart():
    frame = pd.DataFrame({"age": [1, 2, 3, 4.25]})
    assert bins((2, 4)).fit(frame).get_feature_names_out().tolist() == [
        *["age < 3", "age >= 3", "age is missing (1)", "age < 2", "age in [2, 3)"],
        *["age in [3, 4.25)", "age >= 4.25", "age is missing (2)"],
    ]


@ENCODINGS
def test_values_beyond_the_range_are_in_the_end_bins(encoding):
    encoder = bins(4, encoding=encoding).fit(np.arange(100.0)[:, None])
    ends = encoder.transform([[0], [99], [-1e300], [1e300]]).toarray()
    assert_array_equal(ends[:2], ends[2:])


def test_linear_weights_interpolate():
    x = np.array([[0.0], [1], [2], [4], [8], [np.nan]])
    encoder = bins(8, encoding="linear").fit(x)
    assert_array_equal(encoder.edges_[0][0], [0, 1, 2, 4, 8])
    assert encoder.get_feature_names_out()[-2:].tolist() == ["x0 near 8", "x0 is missing"]
    found = encoder.transform([[3.0], [7.0], [9.0], [2.0], [np.nan]])
    assert_array_equal(
        found.toarray(),
        [
            [0, 0, 0.5, 0.5, 0, 0],
            [0, 0, 0, 0.25, 0.75, 0],
            [0, 0, 0, 0, 1, 0],
            [0, 0, 1, 0, 0, 0],
            [0, 0, 0, 0, 0, 1],
        ],
    )
    knots = np.append(encoder.edges_[0][0], 0)
    values = np.random.default_rng(0).uniform(0, 8, (20, 1))
    np.testing.assert_allclose(encoder.transform(values) @ knots, values[:, 0], rtol=1e-6)


@ENCODINGS
def test_constant_and_missing_columns_survive(encoding):
    frame = pd.DataFrame({"same": [7, 7], "none": [np.nan, np.nan]})
    encoder = bins(encoding=encoding).fit(frame)
    rows = encoder.transform(pd.DataFrame({"same": [7, np.nan], "none": [1, np.nan]}))
    assert_array_equal(rows.toarray(), [[1, 0, 1, 0], [0, 1, 0, 1]])
    assert encoder.get_feature_names_out()[3] == "none is missing"


def test_every_table_library_gives_the_same():
    frame = pd.DataFrame({"a": [1, 2, None, 4], "b": [1.5, np.nan, 2.5, 0]})
    expected = bins(2).fit(frame)
    for table in (
        frame.convert_dtypes(),
        pl.from_pandas(frame),
        pa.Table.from_pandas(frame),
        frame.astype(object).where(frame.notna(), None),
    ):
        encoder = bins(2).fit(table)
        assert_array_equal(encoder.transform(table).toarray(), expected.transform(frame).toarray())
        assert_array_equal(encoder.get_feature_names_out(), expected.get_feature_names_out())


def test_infinite_values_name_their_column():
    frame = pd.DataFrame({"a": [1.0, 2], "b": [1, -np.inf]})
    with pytest.raises(ValueError, match="infinity in column 'b'"):
        bins().fit(frame)
    encoder = bins().fit(frame[:1])
    with pytest.raises(ValueError, match="infinity in column 'b'"):
        encoder.transform(frame)
    with pytest.raises(ValueError, match="infinity in column 1"):
        bins().fit(frame.to_numpy())


@pytest.mark.parametrize("n_bins", [[], [1], [4, True], [2.5], ["a"]])
def test_senseless_resolutions_are_refused(n_bins):
    with pytest.raises(ValueError, match="n_bins must be one or more integers >= 2"):
        bins(n_bins).fit([[1], [2]])


def test_weights_are_repetitions():
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(60, 2)).round(1), rng.integers(0, 4, 60)
    weighted = bins((3, 5)).fit(x, sample_weight=weights)
    repeated = bins((3, 5)).fit(np.repeat(x, weights, axis=0))
    assert_array_equal(weighted.get_feature_names_out(), repeated.get_feature_names_out())


def test_fields_and_pickles():
    frame = pd.DataFrame({"a": np.arange(100), "b": np.arange(100) % 5})
    columns = make_column_transformer((bins((4, 8)), ["a", "b"])).fit(frame)
    assert_array_equal(field_numbers(columns), np.repeat([0, 1, 2, 3], [5, 9, 5, 6]))
    encoder = bins((4, 8)).fit(frame)
    copy = pickle.loads(pickle.dumps(encoder))
    assert_array_equal(copy.transform(frame).toarray(), encoder.transform(frame).toarray())
    assert clone(encoder).get_params() == encoder.get_params()


def test_data_frames_want_dense_output():
    frame = pd.DataFrame({"a": [1, 2]})
    with pytest.raises(ValueError, match="Pandas output does not support sparse data"):
        bins().set_output(transform="pandas").fit(frame).transform(frame)
    dense = bins(sparse_output=False).set_output(transform="pandas")
    assert list(dense.fit_transform(frame)) == ["a < 2", "a >= 2", "a is missing"]


@pytest.mark.skipif(not ADULT.exists(), reason="SKEMBED_DATA has no adult/adult.parquet")
def test_a_real_table():
    frame = pd.read_parquet(ADULT).select_dtypes("number")
    encoder = bins()
    X = encoder.fit_transform(frame)
    assert len(encoder.edges_[0]) == 3
    assert (X.sum(axis=1) == encoder.fields_.max() + 1).all()
    names = encoder.get_feature_names_out().tolist()
    gains = X[:, [name.startswith("capital") for name in names]]
    assert gains.sum(axis=0).min() >= 0 and any("age in [" in name for name in names)
