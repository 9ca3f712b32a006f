"""What each kind of malformed or unusual input does, in fitting and in predicting."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse as sp
from conftest import random_counts
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor

ROW, COLUMN = 3, 4


def small(cls=EmbeddingDNNClassifier, **params):
    values = dict(embedding_dim=4, hidden_units=(8,), combiner="sum", learning_rate=0.02)
    values |= dict(max_epochs=2, random_state=0, batch_size=256)
    return cls(**{**values, **params})


@pytest.fixture(scope="module")
def fitted(binary_problem):
    return small().fit(*binary_problem)


@pytest.fixture(scope="module")
def frame(binary_problem):
    """The features as a DataFrame of float32 columns c0, c1, ..."""
    X, _ = binary_problem
    return pd.DataFrame(X.toarray(), columns=[f"c{i}" for i in range(X.shape[1])])


@pytest.fixture(scope="module")
def refused(fitted, binary_problem):
    """Check that data is refused with a message, and that no estimator changes by that."""
    good_X, _ = binary_problem
    expected = fitted.predict_proba(good_X)

    def check(X, y, message, *, methods=("fit", "partial_fit"), **kwargs):
        for method in methods:
            model = pickle.loads(pickle.dumps(fitted))
            with pytest.raises(ValueError, match=message):
                getattr(model, method)(X, y, **kwargs)
            assert_array_equal(model.predict_proba(good_X), expected)
        fresh = small()
        with pytest.raises(ValueError, match=message):
            fresh.fit(X, y, **kwargs)
        with pytest.raises(NotFittedError):
            fresh.predict(good_X)

    return check


def spoilt(X, **attributes):
    """Copy of a sparse matrix with other index arrays or values, not checked by scipy."""
    X = X.copy()
    for name, value in attributes.items():
        setattr(X, name, value)
    return X


def changed(array, place, value):
    array = np.array(array)
    array[place] = value
    return array


# The structure of sparse matrices.

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
def test_a_broken_sparse_matrix_is_refused(case, refused, fitted, binary_problem):
    X, y = binary_problem
    spoil, message = STRUCTURES[case]
    refused(spoil(X), y, message)
    for method in (fitted.predict, fitted.transform, fitted.predict_log_proba):
        with pytest.raises(ValueError, match=message):
            method(spoil(X))


def shuffled(X):
    """The same matrix with the entries of each row in the opposite order."""
    order = np.concatenate(
        [np.arange(start, end)[::-1] for start, end in zip(X.indptr, X.indptr[1:], strict=False)]
    )
    return sp.csr_matrix((X.data[order], X.indices[order], X.indptr), shape=X.shape)


def doubled(X):
    """The same matrix with each entry as two halves."""
    halves = np.repeat(X.data / 2, 2).astype(X.dtype)
    return sp.csr_matrix((halves, np.repeat(X.indices, 2), X.indptr * 2), shape=X.shape)


def with_stored_zeros(X):
    dense = X.toarray()
    everywhere = np.tile(np.arange(X.shape[1]), X.shape[0])
    return sp.csr_matrix(
        (dense.ravel(), everywhere, np.arange(X.shape[0] + 1) * X.shape[1]), shape=X.shape
    )


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


# Values and sizes of X.


@pytest.mark.parametrize("kind", ["dense", "sparse", "CSC", "frame"])
@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_nan_and_infinity_are_named_by_row_and_column(
    kind, value, name, refused, fitted, binary_problem
):
    X, y = binary_problem
    bad = changed(X.toarray(), (ROW, COLUMN), value)
    bad = {
        "dense": bad,
        "sparse": sp.csr_matrix(bad),
        "CSC": sp.csc_matrix(bad),
        "frame": pd.DataFrame(bad),
    }[kind]
    message = f"Input X contains {name} in row {ROW}, column {COLUMN}"
    refused(bad, y, message)
    with pytest.raises(ValueError, match=message):
        fitted.predict(bad)


def test_values_whose_sum_overflows_are_finite(fitted, binary_problem):
    X, _ = binary_problem
    large = np.zeros((2, 30), np.float32)
    large[:, 0] = np.finfo(np.float32).max
    assert fitted.transform(sp.csr_matrix(large)).shape == (2, 4)


def test_no_rows_and_no_columns_are_refused(refused, fitted, binary_problem):
    X, y = binary_problem
    for empty in (X[:0], X[:0].toarray()):
        refused(empty, y[:0], r"0 sample\(s\)")
        with pytest.raises(ValueError, match=r"0 sample\(s\)"):
            fitted.predict(empty)
    for empty in (X[:, :0], X[:, :0].toarray()):
        refused(empty, y, r"0 feature\(s\)", methods=["fit"])
        with pytest.raises(ValueError, match=r"0 feature\(s\)"):
            fitted.predict(empty)


def test_rows_without_any_entry_train_the_bias():
    y = np.arange(40) % 4 > 0
    model = small(max_epochs=300, learning_rate=0.1).fit(sp.csr_matrix((40, 5)), y)
    assert_array_equal(model.embeddings_, 0)
    assert_allclose(model.predict_proba(np.ones((2, 5)))[:, 1], 0.75, atol=0.05)


def test_one_dimension_is_refused(refused, fitted, binary_problem):
    X, y = binary_problem
    refused(X.toarray()[:, 0], y, "Expected 2D array, got 1D array instead")
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array instead"):
        fitted.predict(X.toarray()[0])


@pytest.mark.parametrize("n_columns", [29, 31])
def test_the_number_of_features_must_stay(n_columns, fitted, binary_problem):
    X, y = binary_problem
    other = random_counts(400, n_columns)
    message = f"X has {n_columns} features, but EmbeddingDNNClassifier is expecting 30 features"
    with pytest.raises(ValueError, match=message):
        fitted.predict(other)
    for method in ("fit", "partial_fit"):
        model = pickle.loads(pickle.dumps(fitted)).set_params(warm_start=True)
        with pytest.raises(ValueError, match=message):
            getattr(model, method)(other, y)
        assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("what", ["X", "y", "sample_weight"])
def test_a_failed_fit_on_other_columns_leaves_the_old_ones(what, fitted, binary_problem):
    X, y = binary_problem
    wide = pd.DataFrame(np.ones((400, 31)), columns=[f"w{i}" for i in range(31)])
    data = {"X": wide, "y": y, "sample_weight": np.ones(400)}
    if what == "X":
        wide.iloc[ROW, COLUMN] = np.nan
    else:
        data[what] = changed(data[what].astype(float), ROW, np.nan)
    model = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(ValueError, match="contains NaN"):
        model.fit(**data)
    assert model.n_features_in_ == 30
    assert not hasattr(model, "feature_names_in_")
    assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))


def test_a_failed_fit_leaves_a_new_estimator_unfitted(binary_problem):
    X, y = binary_problem
    model = small()
    with pytest.raises(ValueError, match="contains NaN"):
        model.fit(X, changed(y.astype(float), ROW, np.nan))
    for method in (model.predict, model.predict_proba, model.decision_function, model.transform):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            method(X)


# DataFrames and other tables.


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
def test_a_missing_value_of_a_nullable_column_is_named(dtype, frame, refused, binary_problem):
    _, y = binary_problem
    nullable = frame.astype(bool).astype("boolean").astype(dtype)
    nullable.iloc[ROW, COLUMN] = pd.NA
    message = f"Input X contains NaN in row {ROW}, column {COLUMN}"
    refused(nullable, y, message, methods=["fit"])


def test_text_columns_are_refused(frame, refused, binary_problem):
    _, y = binary_problem
    for column in (["red"] * 400, pd.Categorical(["red"] * 400)):
        message = "could not convert string to float: 'red'.*Column 'c0' of X holds strings.*'red'"
        refused(frame.assign(c0=column), y, message, methods=["fit"])
    table = pa.Table.from_pandas(frame.assign(c0="red"))
    refused(table, y, "Column 'c0' of X holds strings", methods=["fit"])
    rows = frame.to_numpy().astype(object)
    rows[ROW, COLUMN] = "red"
    message = f"Column {COLUMN} of X holds strings such as 'red': .*make_embedding_pipeline"
    refused(rows, y, message, methods=["fit"])


# Labels.


def polars_series(values):
    return pytest.importorskip("polars").Series(values)


def arrow_array(values):
    import pyarrow as pa

    return pa.array(values)


NUMBERS = {
    "list": list,
    "Int64": lambda y: pd.Series(y, dtype="Int64"),
    "Int8": lambda y: pd.Series(y, dtype="Int8"),
    "int64[pyarrow]": lambda y: pd.Series(y, dtype="int64[pyarrow]"),
    "categories that are integers": lambda y: pd.Series(y, dtype="category"),
    "Float64": lambda y: pd.Series(y, dtype="Float64"),
    "boolean": lambda y: pd.Series(y > 0, dtype="boolean"),
    "a column of a frame": lambda y: pd.DataFrame({"label": y})["label"],
    "other index": lambda y: pd.Series(y, index=np.arange(400)[::-1]),
    "polars": polars_series,
    "pyarrow": arrow_array,
}


@pytest.mark.parametrize("case", NUMBERS)
def test_labels_of_any_number_type_train_alike(case, fitted, binary_problem):
    X, y = binary_problem
    labels = NUMBERS[case](y)
    model = small().fit(X, labels)
    kind = {"Float64": "f", "boolean": "b"}.get(case, "i")
    assert model.classes_.dtype.kind == kind
    assert_array_equal(model.classes_, [0, 1])
    assert_array_equal(model.embeddings_, fitted.embeddings_)
    assert_array_equal(model.predict(X), fitted.predict(X))
    assert model.score(X, y) == fitted.score(X, y)
    assert_array_equal(model.partial_fit(X, labels).classes_, [0, 1])


STRINGS = {
    "list": list,
    "numpy": np.asarray,
    "object": lambda y: np.array(y, dtype=object),
    "pandas": pd.Series,
    "string": lambda y: pd.Series(y, dtype="string"),
    "category": lambda y: pd.Series(y, dtype="category"),
    "ordered category": lambda y: pd.Series(pd.Categorical(y, ["yes", "no"], ordered=True)),
    "Categorical": pd.Categorical,
    "polars": polars_series,
    "pyarrow": arrow_array,
}


@pytest.mark.parametrize("case", STRINGS)
def test_labels_of_any_string_type_train_alike(case, fitted, binary_problem):
    X, y = binary_problem
    model = small().fit(X, STRINGS[case](["yes" if label else "no" for label in y]))
    assert model.classes_.tolist() == ["no", "yes"]
    assert_array_equal(model.embeddings_, fitted.embeddings_)
    assert_array_equal(model.predict(X) == "yes", fitted.predict(X) == 1)


def test_a_column_vector_of_labels_is_taken_with_a_warning(fitted, binary_problem):
    from sklearn.exceptions import DataConversionWarning

    X, y = binary_problem
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        model = small().fit(X, y[:, None])
    assert_array_equal(model.embeddings_, fitted.embeddings_)


MISSING = {
    "float": lambda y: changed(y.astype(float), ROW, np.nan),
    "list": lambda y: [None if i == ROW else label for i, label in enumerate(y.tolist())],
    "strings": lambda y: [np.nan if i == ROW else str(label) for i, label in enumerate(y)],
    "object": lambda y: changed(y.astype(object), ROW, None),
    "Int64": lambda y: pd.Series(changed(y.astype(object), ROW, None), dtype="Int64"),
    "boolean": lambda y: pd.Series(changed((y > 0).astype(object), ROW, None), dtype="boolean"),
    "string": lambda y: pd.Series(changed(y.astype(str), 0, "0"), dtype="string").where(
        np.arange(400) != ROW
    ),
    "category": lambda y: pd.Series(changed(y.astype(object), ROW, None), dtype="category"),
    "polars": lambda y: polars_series(changed(y.astype(object), ROW, None).tolist()),
    "pyarrow": lambda y: arrow_array(changed(y.astype(object), ROW, None).tolist()),
}


@pytest.mark.parametrize("case", MISSING)
def test_a_missing_label_is_refused(case, refused, binary_problem):
    X, y = binary_problem
    refused(X, MISSING[case](y), f"Input y contains NaN in row {ROW}: every row needs a label")


def test_infinite_and_continuous_labels_are_refused(refused, binary_problem):
    X, y = binary_problem
    refused(X, changed(y.astype(float), ROW, np.inf), "Input y contains infinity")
    refused(X, np.linspace(0, 1, 400), "Unknown label type")


@pytest.mark.parametrize("y", [np.zeros(400), ["same"] * 400])
def test_one_class_is_refused(y, refused, binary_problem):
    X, _ = binary_problem
    refused(X, y, "at least 2 classes in y; it got 1 class", methods=["fit"])


def test_one_class_left_by_the_weights_is_refused(refused, binary_problem):
    X, y = binary_problem
    message = "at least 2 classes in y; it got 1 class: 1"
    refused(X, y, message, methods=["fit"], sample_weight=y.astype(float))


@pytest.mark.parametrize("y", [None, [], [0, 1]])
def test_labels_must_be_as_many_as_rows(y, refused, binary_problem):
    X, _ = binary_problem
    message = "requires y to be passed" if y is None else "inconsistent numbers of samples|0 sample"
    refused(X, y, message)


def test_a_new_class_in_partial_fit_is_named(fitted, binary_problem):
    X, y = binary_problem
    model = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(ValueError, match=r"label 7, which is not one of the classes \[0, 1\]"):
        model.partial_fit(X, changed(y, ROW, 7))
    assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))
    model = pickle.loads(pickle.dumps(fitted)).set_params(warm_start=True)
    with pytest.raises(ValueError, match="label 7, which is not one of the classes"):
        model.fit(X, changed(y, ROW, 7))
    assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))
    fresh = small()
    with pytest.raises(ValueError, match="label 7, which is not one of the classes"):
        fresh.partial_fit(X, changed(y, ROW, 7), classes=[0, 1])
    with pytest.raises(NotFittedError):
        fresh.predict(X)


def test_changed_and_missing_classes_are_named(fitted, binary_problem):
    X, y = binary_problem
    model = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(ValueError, match=r"classes=\[0, 1, 2\] is not what it was.*\[0, 1\]"):
        model.partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"classes=\['no', 'yes'\] is not what it was"):
        model.partial_fit(X, y, classes=["no", "yes"])
    assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        small().partial_fit(X, y)
    model.partial_fit(X, y, classes=[1, 0])  # the same, in another order


KINDS = {
    "two": lambda y: y,
    "three": lambda y: y + np.arange(400) % 2,
    "sets of two": lambda y: np.stack([y, 1 - y], 1),
    "sets of three": lambda y: np.stack([y, 1 - y, np.arange(400) % 2], 1),
}


@pytest.mark.parametrize("after", KINDS)
@pytest.mark.parametrize("before", KINDS)
def test_labels_of_another_kind_cannot_go_on(before, after, binary_problem):
    X, y = binary_problem
    model = small(warm_start=True).fit(X, KINDS[before](y))
    expected, labels = model.predict_proba(X), KINDS[after](y)
    if before == after or (before, after) == ("three", "two"):  # the same, or some of them
        assert model.fit(X, labels).partial_fit(X, labels).n_epochs_ == 5
        return
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=r"label.*(expected|classes|fit)|labels a row"):
            method(X, labels)
        assert_array_equal(model.predict_proba(X), expected)


# Weights.

WEIGHTS = {
    "NaN": (changed(np.ones(400), ROW, np.nan), "sample_weight contains NaN"),
    "infinity": (changed(np.ones(400), ROW, np.inf), "sample_weight contains infinity"),
    "negative": (changed(np.ones(400), ROW, -2), r"Negative values.*row 3 has -2"),
    "all zero": (np.zeros(400), "at least one non-zero number|sample_weight is zero for all rows"),
    "too few": (np.ones(399), r"sample_weight.shape == \(399,\), expected \(400,\)"),
    "two columns": (np.ones((400, 2)), "Sample weights must be 1D array or scalar"),
    "text": (["heavy"] * 400, "could not convert string to float"),
}


@pytest.mark.parametrize("case", WEIGHTS)
def test_wrong_weights_are_refused(case, refused, binary_problem):
    X, y = binary_problem
    weights, message = WEIGHTS[case]
    refused(X, y, message, sample_weight=weights)


@pytest.mark.parametrize("make", [list, pd.Series, polars_series, lambda w: w.astype(np.float32)])
def test_weights_of_any_type_train_alike(make, binary_problem):
    X, y = binary_problem
    weights = np.random.default_rng(0).integers(1, 4, 400).astype(float)
    expected = small().fit(X, y, weights)
    assert_array_equal(small().fit(X, y, make(weights)).embeddings_, expected.embeddings_)


# Arrays that must not be written to.


def read_only(array):
    array = array.copy()
    array.setflags(write=False)
    return array


@pytest.mark.parametrize("spoil", [lambda X: X, shuffled, doubled, with_stored_zeros])
def test_read_only_arrays_and_memory_maps_train_alike(spoil, binary_problem, tmp_path):
    X, y = binary_problem
    weights = np.arange(400) % 3
    X = spoil(X)
    expected = small().fit(X, y, weights)
    joblib.dump((X, y, weights), tmp_path / "data")
    mapped = joblib.load(tmp_path / "data", mmap_mode="r")
    assert isinstance(mapped[0].data, np.memmap)
    frozen = sp.csr_matrix(X.shape, dtype=X.dtype)
    frozen.data, frozen.indices, frozen.indptr = map(read_only, (X.data, X.indices, X.indptr))
    for data in (mapped, (frozen, read_only(y), read_only(weights))):
        model = small().fit(*data)
        assert_array_equal(model.embeddings_, expected.embeddings_)
        assert_array_equal(model.predict_proba(data[0]), expected.predict_proba(X))
        model.partial_fit(data[0], data[1], sample_weight=data[2])
    dense = read_only(X.toarray())
    assert_array_equal(small().fit(dense, y, weights).embeddings_, expected.embeddings_)


@pytest.mark.parametrize("cls", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
def test_an_estimator_in_a_memory_map_predicts_and_goes_on(cls, binary_problem, tmp_path):
    X, y = binary_problem
    first = {"classes": [0, 1]} if cls is EmbeddingDNNClassifier else {}
    model = small(cls).partial_fit(X, y, **first)
    joblib.dump(model, tmp_path / "model")
    mapped = joblib.load(tmp_path / "model", mmap_mode="r")
    assert isinstance(mapped.embeddings_, np.memmap)
    assert_array_equal(mapped.predict(X), model.predict(X))
    assert_array_equal(mapped.partial_fit(X, y).embeddings_, model.partial_fit(X, y).embeddings_)
