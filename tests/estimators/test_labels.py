"""Labels of every type, and those that are none."""

import pickle

import numpy as np
import pandas as pd
import pytest
from foreign_columns import arrow_array, polars_series
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from small_estimators import small
from spoilt_rows import changed

ROW, COLUMN = 3, 4
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
def test_a_missing_label_is_refused(case, fits_that_change_nothing, binary_problem):
    X, y = binary_problem
    for fit in fits_that_change_nothing("fit", "partial_fit"):
        with pytest.raises(ValueError, match=f"Input y contains NaN in row {ROW}; fill in a label"):
            fit(X, MISSING[case](y))


def test_infinite_and_continuous_labels_are_refused(fits_that_change_nothing, binary_problem):
    X, y = binary_problem
    for fit in fits_that_change_nothing("fit", "partial_fit"):
        with pytest.raises(ValueError, match="Input y contains infinity"):
            fit(X, changed(y.astype(float), ROW, np.inf))
    for fit in fits_that_change_nothing("fit", "partial_fit"):
        with pytest.raises(ValueError, match="Unknown label type"):
            fit(X, np.linspace(0, 1, 400))


@pytest.mark.parametrize("y", [np.zeros(400), ["same"] * 400])
def test_one_class_is_refused(y, fits_that_change_nothing, binary_problem):
    X, _ = binary_problem
    for fit in fits_that_change_nothing("fit"):
        with pytest.raises(ValueError, match="at least 2 classes in y; it got 1 class"):
            fit(X, y)


def test_one_class_left_by_the_weights_is_refused(fits_that_change_nothing, binary_problem):
    X, y = binary_problem
    message = "at least 2 classes in y; it got 1 class: 1"
    for fit in fits_that_change_nothing("fit"):
        with pytest.raises(ValueError, match=message):
            fit(X, y, sample_weight=y.astype(float))


@pytest.mark.parametrize("y", [None, [], [0, 1]])
def test_labels_must_be_as_many_as_rows(y, fits_that_change_nothing, binary_problem):
    X, _ = binary_problem
    message = "requires y to be passed" if y is None else "inconsistent numbers of samples|0 sample"
    for fit in fits_that_change_nothing("fit", "partial_fit"):
        with pytest.raises(ValueError, match=message):
            fit(X, y)


def test_a_new_class_in_partial_fit_is_named(fitted, binary_problem):
    X, y = binary_problem
    model = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(
        ValueError, match=r"label 7 in row [0-9]+, which is not one of the classes \[0, 1\]"
    ):
        model.partial_fit(X, changed(y, ROW, 7))
    assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))
    model = pickle.loads(pickle.dumps(fitted)).set_params(warm_start=True)
    with pytest.raises(ValueError, match=r"label 7 in row [0-9]+, which is not one of the classes"):
        model.fit(X, changed(y, ROW, 7))
    assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))
    fresh = small()
    with pytest.raises(ValueError, match=r"label 7 in row [0-9]+, which is not one of the classes"):
        fresh.partial_fit(X, changed(y, ROW, 7), classes=[0, 1])
    with pytest.raises(NotFittedError):
        fresh.predict(X)


def test_changed_and_missing_classes_are_named(fitted, binary_problem):
    X, y = binary_problem
    model = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(ValueError, match=r"classes is \[0, 1, 2\], but .* call had \[0, 1\]"):
        model.partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"classes is \['no', 'yes'\], but an earlier call had"):
        model.partial_fit(X, y, classes=["no", "yes"])
    assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        small().partial_fit(X, y)
    model.partial_fit(X, y, classes=[1, 0])  # the same, in another order


KINDS = {
    "two": lambda y: y,
    "three": lambda y: y + np.arange(400) % 2,
    "sets of two": lambda y: np.stack([y, np.arange(400) % 2], 1),
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
