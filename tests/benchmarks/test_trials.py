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


def test_a_line_has_all_columns(problem, monkeypatch):
    monkeypatch.setattr(_trials, "EmbeddingDNNClassifier", lambda **_: LogisticRegression(C=2))
    monkeypatch.setattr(_trials, "N_ROWS", (60,))
    monkeypatch.setattr(_trials, "N_SEEDS", 2)
    (line,) = _trials.compared("Made rows", problem)
    assert len(line) == len(_trials.COLUMNS) and line[:2] == ["Made rows", "60"]
    assert all(line)
    assert " ± " in line[_trials.COLUMNS.index("than tuned by")]
