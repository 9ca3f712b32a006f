"""Prediction needs numpy alone: in threads, after a fork, from memory that is read-only."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import joblib
import pytest
from numpy.testing import assert_array_equal
from small_estimators import small


@pytest.fixture(scope="module")
def fitted(binary_problem):
    return small().fit(*binary_problem)


def test_in_threads(fitted, binary_problem):
    X, _ = binary_problem
    expected = fitted.predict_proba(X)
    with ThreadPoolExecutor(4) as threads:
        for result in threads.map(fitted.predict_proba, [X] * 20):
            assert_array_equal(result, expected)


# forking a process that has TensorFlow's threads is what is tested
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork.*:RuntimeWarning")
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
def test_after_a_fork(fitted, binary_problem):
    X, _ = binary_problem
    with multiprocessing.get_context("fork").Pool(1) as pool:
        forked = pool.apply_async(fitted.predict_proba, (X,)).get(timeout=60)
    assert_array_equal(forked, fitted.predict_proba(X))


def test_from_a_read_only_memory_map(fitted, binary_problem, tmp_path):
    X, _ = binary_problem
    joblib.dump((fitted, X), tmp_path / "both")
    model, rows = joblib.load(tmp_path / "both", mmap_mode="r")
    assert not rows.data.flags.writeable
    assert_array_equal(model.predict_proba(rows), fitted.predict_proba(X))


def test_any_part_of_the_rows_is_predicted_alike(fitted, binary_problem):
    X, _ = binary_problem
    expected = fitted.predict_proba(X)
    for rows in (slice(0, 1), slice(3, 300), slice(399, 400), slice(100, 356)):
        assert_array_equal(fitted.predict_proba(X[rows]), expected[rows])
