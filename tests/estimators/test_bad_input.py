"""What values and sizes of X are refused, in fitting and in predicting."""

import pickle

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from made_rows import random_counts
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from small_estimators import small
from spoilt_rows import changed

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor

ROW, COLUMN = 3, 4


@pytest.mark.parametrize("kind", ["dense", "sparse", "CSC", "frame"])
@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_nan_and_infinity_are_named_by_row_and_column(
    kind, value, name, fits_that_change_nothing, fitted, binary_problem
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
    for fit in fits_that_change_nothing("fit", "partial_fit"):
        with pytest.raises(ValueError, match=message):
            fit(bad, y)
    with pytest.raises(ValueError, match=message):
        fitted.predict(bad)


def test_values_whose_squares_overflow_are_refused(fitted, binary_problem):
    large = np.zeros((2, 30), np.float32)
    large[1, 7] = 1e15
    assert np.isfinite(fitted.transform(sp.csr_matrix(large))).all()
    for value in (1e17, -1e17, np.finfo(np.float32).max):
        large[1, 7] = value
        with pytest.raises(ValueError, match="row 1, column 7 that is too large for float32"):
            fitted.transform(sp.csr_matrix(large))


def test_no_rows_and_no_columns_are_refused(fits_that_change_nothing, fitted, binary_problem):
    X, y = binary_problem
    for empty in (X[:0], X[:0].toarray()):
        for fit in fits_that_change_nothing("fit", "partial_fit"):
            with pytest.raises(ValueError, match=r"0 sample\(s\)"):
                fit(empty, y[:0])
        with pytest.raises(ValueError, match=r"0 sample\(s\)"):
            fitted.predict(empty)
    for empty in (X[:, :0], X[:, :0].toarray()):
        for fit in fits_that_change_nothing("fit"):
            with pytest.raises(ValueError, match=r"0 feature\(s\)"):
                fit(empty, y)
        with pytest.raises(ValueError, match=r"0 feature\(s\)"):
            fitted.predict(empty)


def test_rows_without_any_entry_train_the_bias():
    y = np.arange(40) % 4 > 0
    model = small(max_epochs=300, learning_rate=0.1).fit(sp.csr_matrix((40, 5)), y)
    assert_array_equal(model.embeddings_, 0)
    assert_allclose(model.predict_proba(np.ones((2, 5)))[:, 1], 0.75, atol=0.05)


def test_one_dimension_is_refused(fits_that_change_nothing, fitted, binary_problem):
    X, y = binary_problem
    for fit in fits_that_change_nothing("fit", "partial_fit"):
        with pytest.raises(ValueError, match="Expected 2D array, got 1D array instead"):
            fit(X.toarray()[:, 0], y)
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


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"hidden_units": True}, "hidden_units is True, expected a number"),
        ({"hidden_units": [8, True]}, "hidden_units must be positive integers, .* got True"),
        ({"embedding_dim": True}, "embedding_dim is True, expected a number"),
        ({"max_epochs": True}, "max_epochs is True, expected a number"),
        ({"learning_rate": True}, "learning_rate is True, expected a number"),
        ({"tol": False}, "tol is False, expected a number"),
        ({"optimizer": keras.optimizers.SGD}, r"the class SGD; pass an instance, SGD\(\), or"),
    ],
)
def test_booleans_and_classes_are_no_numbers_and_instances(parameters, told):
    model = EmbeddingDNNClassifier(**parameters)
    with pytest.raises((TypeError, ValueError), match=told):
        model.fit(np.eye(4), [0, 1, 0, 1])
    assert not hasattr(model, "n_features_in_")


@pytest.mark.parametrize("value", [1e39, 1e300, -1e39])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
def test_values_that_a_float32_cannot_hold_are_refused(value, kind):
    X = np.eye(6)
    model = EmbeddingDNNClassifier(embedding_dim=2, hidden_units=4, max_epochs=1, random_state=0)
    model.fit(np.eye(6, dtype=np.float32), [0, 1] * 3)
    X[3, 2] = value
    with pytest.raises(ValueError, match="row 3, column 2 that is too large for float32.*scale X"):
        model.predict(kind(X))


def test_duplicates_whose_sum_is_infinite_are_refused():
    model = EmbeddingDNNClassifier(embedding_dim=2, hidden_units=4, max_epochs=1, random_state=0)
    model.fit(np.eye(6, dtype=np.float32), [0, 1] * 3)
    twice = np.full(2, 3e38, np.float32), np.array([1, 1]), np.array([0, 0, 2])
    with pytest.raises(ValueError, match="row 1, column 1 that is too large for float32"):
        model.predict(sp.csr_matrix(twice, shape=(2, 6)))


@pytest.mark.parametrize("factor", [-1.0, np.nan, np.inf])
def test_factors_of_classes_are_finite_and_not_negative(factor):
    model = EmbeddingDNNClassifier(class_weight={1: factor})
    with pytest.raises(ValueError, match="class_weight is .* for the label 1, expected a finite"):
        model.fit(np.eye(4), [0, 1, 0, 1])


def test_missing_values_in_vectors_and_classes_are_refused():
    vectors = np.ones((4, 2))
    vectors[2, 1] = np.nan
    with pytest.raises(ValueError, match="embedding_init has NaN or infinity in row 2"):
        EmbeddingDNNClassifier(embedding_init=vectors).fit(np.eye(4), [0, 1, 0, 1])
    with pytest.raises(ValueError, match="Input classes contains NaN in row 2"):
        EmbeddingDNNClassifier().partial_fit(np.eye(4), [0, 1, 0, 1], classes=[0, 1, np.nan])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([0.0, 1.0, np.nan, 1.0], "contains NaN in row 2"),
        ([0.0, np.inf, 0.0, 1.0], "contains infinity in row 1"),
    ],
)
def test_the_row_of_a_target_or_weight_is_named(values, told):
    with pytest.raises(ValueError, match=f"Input y {told}; fill in a finite number"):
        EmbeddingDNNRegressor().fit(np.eye(4), values)
    with pytest.raises(ValueError, match=f"Input sample_weight {told}"):
        EmbeddingDNNClassifier().fit(np.eye(4), [0, 1, 0, 1], sample_weight=values)


def test_a_target_whose_square_is_no_number_is_refused():
    with pytest.raises(ValueError, match=r"must not exceed 1e\+150; divide y"):
        EmbeddingDNNRegressor().fit(np.eye(4), [0.0, 1.0, 1e300, 1.0])


def test_a_sparse_array_of_one_dimension_is_refused():
    row = sp.coo_array(np.array([1.0, 0.0, 2.0]))
    with pytest.raises(ValueError, match="Expected 2D array, got a sparse array of 1 dimension"):
        EmbeddingDNNClassifier().fit(row, [0, 1, 0])
