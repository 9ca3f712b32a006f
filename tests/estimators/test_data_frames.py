"""DataFrames and other tables of numbers."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal
from small_estimators import small

ROW, COLUMN = 3, 4


def test_reordered_and_renamed_columns_are_refused(frame, binary_problem):
    _, y = binary_problem
    model = small().fit(frame, y)
    assert model.feature_names_in_.tolist() == list(frame.columns)
    before = model.predict_proba(frame)
    for method in (model.predict, model.transform, lambda X: model.partial_fit(X, y)):
        with pytest.raises(ValueError, match="must be in the same order"):
            method(frame[frame.columns[::-1]])
        with pytest.raises(ValueError, match="Feature names unseen at fit time"):
            method(frame.rename(columns={"c0": "other"}))
    assert_array_equal(model.predict_proba(frame), before)


def polars_frame(frame):
    polars = pytest.importorskip("polars")
    return polars.DataFrame({name: frame[name].to_numpy() for name in frame})


def arrow_table(frame):
    import pyarrow as pa

    return pa.table({name: frame[name].to_numpy() for name in frame})


TABLES = {
    "pandas": lambda frame: frame,
    "Int64": lambda frame: frame.astype("Int64"),
    "Float32": lambda frame: frame.astype("Float32"),
    "Float64": lambda frame: frame.astype("Float64"),
    "float[pyarrow]": lambda frame: frame.astype("float32[pyarrow]"),
    "Sparse": lambda frame: frame.astype(pd.SparseDtype("float32", 0)),
    "int": lambda frame: frame.astype(int),
    "object": lambda frame: frame.astype(object),
    "polars": polars_frame,
    "pyarrow": arrow_table,
}


@pytest.mark.parametrize("case", TABLES)
def test_tables_give_what_arrays_give(case, frame, binary_problem):
    X, y = binary_problem
    table = TABLES[case](frame)
    model = small().fit(table, y)
    expected = small().fit(X.astype(model.embeddings_.dtype), y)
    assert_array_equal(model.embeddings_, expected.embeddings_)
    assert_array_equal(model.predict_proba(table), expected.predict_proba(X))
    assert model.feature_names_in_.tolist() == list(frame.columns)


@pytest.mark.parametrize("case", ["int", "polars", "pyarrow", "Sparse"])
def test_only_float64_is_trained_in_float64(case, frame, binary_problem):
    """As documented, whatever holds the values."""
    _, y = binary_problem
    assert small().fit(TABLES[case](frame), y).embeddings_.dtype == np.float32


def test_lists_of_integers_are_trained_in_float32(binary_problem):
    X, y = binary_problem
    assert small().fit(X.toarray().astype(int).tolist(), y).embeddings_.dtype == np.float32


def test_nullable_booleans_are_zeros_and_ones(frame, binary_problem):
    _, y = binary_problem
    model = small().fit(frame.astype(bool).astype("boolean"), y)
    expected = small().fit(frame.to_numpy().astype(bool).astype(model.embeddings_.dtype), y)
    assert_array_equal(model.embeddings_, expected.embeddings_)


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean"])
def test_a_missing_value_of_a_nullable_column_is_named(
    dtype, frame, fits_that_change_nothing, binary_problem
):
    _, y = binary_problem
    nullable = frame.astype(bool).astype("boolean").astype(dtype)
    nullable.iloc[ROW, COLUMN] = pd.NA
    message = f"Input X contains NaN in row {ROW}, column {COLUMN}"
    for fit in fits_that_change_nothing("fit"):
        with pytest.raises(ValueError, match=message):
            fit(nullable, y)


def test_text_columns_are_refused(frame, fits_that_change_nothing, binary_problem):
    _, y = binary_problem
    for column in (["red"] * 400, pd.Categorical(["red"] * 400)):
        message = "could not convert string to float: 'red'.*Column 'c0' of X holds strings.*'red'"
        for fit in fits_that_change_nothing("fit"):
            with pytest.raises(ValueError, match=message):
                fit(frame.assign(c0=column), y)
    table = pa.Table.from_pandas(frame.assign(c0="red"))
    for fit in fits_that_change_nothing("fit"):
        with pytest.raises(ValueError, match="Column 'c0' of X holds strings"):
            fit(table, y)
    rows = frame.to_numpy().astype(object)
    rows[ROW, COLUMN] = "red"
    message = f"Column {COLUMN} of X holds strings such as 'red': .*make_embedding_pipeline"
    for fit in fits_that_change_nothing("fit"):
        with pytest.raises(ValueError, match=message):
            fit(rows, y)
