"""Fits on few rows."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from benchmarks.rows import _trials
from benchmarks.shared.data._made_rows import zipf_rows
from benchmarks.shared.data._problem import Problem


@pytest.fixture
def problem():
    X, y = zipf_rows(300, 5, 20)
    return Problem("classes", X[:200], y[:200], X[200:], y[200:])


def test_rows_are_drawn_anew_for_each_seed(problem):
    parts = [_trials.drawn(problem, 50, seed) for seed in (0, 0, 1)]
    assert all(part.X_train.shape == (50, 20) and part.X_test is problem.X_test for part in parts)
    first, again, other = (part.X_train.toarray() for part in parts)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_each_class_is_drawn_and_labels_vary():
    X, _ = zipf_rows(300, 5, 20)
    y = np.minimum(np.arange(300) // 3, 2)  # three rows of two classes each
    classes = Problem("classes", X, y, X, y)
    assert _trials.sizes(classes) == [50, 100, 250]
    for seed in range(5):
        assert np.bincount(_trials.drawn(classes, 50, seed).y_train).min() >= 3
    Y = np.stack([np.arange(300) % 2, np.zeros(300, int)], axis=1)
    assert _trials.drawn(Problem("labels", X, Y, X, Y), 50, 0).y_test.shape == (300, 1)


def test_a_line_has_all_columns(problem, monkeypatch):
    monkeypatch.setattr(_trials, "ours", lambda task, seed: LogisticRegression(C=2))
    monkeypatch.setattr(_trials, "N_ROWS", (60, 201))  # there are 200
    monkeypatch.setattr(_trials, "N_SEEDS", 2)
    (line,) = _trials.compared("Made rows", problem)
    assert len(line) == len(_trials.COLUMNS) and line[:2] == ["Made rows", "60"]
    assert all(line)
    assert " ± " in line[_trials.COLUMNS.index("than tuned by")]
