"""Lines of the table of few labels: every model learns from the same ones."""

import numpy as np
import scipy.sparse as sp

from benchmarks.shared.data._problem import Problem
from benchmarks.unlabeled._trials import COLUMNS, MODELS, compared, marked


def made(n_rows, seed):
    """Rows of words of one of two topics."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n_rows)
    words = rng.integers(0, 60, (n_rows, 10)) + 60 * y[:, None]
    words = np.where(rng.random(words.shape) < 0.4, rng.integers(0, 120, words.shape), words)
    X = sp.csr_matrix(
        (np.ones(words.size, np.float32), words.ravel(), np.arange(n_rows + 1) * 10), (n_rows, 120)
    )
    X.sum_duplicates()
    return X, y


def test_lines_have_all_models_and_the_same_labels():
    problem = Problem("classes", *made(400, 0), *made(300, 1))
    y = marked(problem, 60, 0)
    assert (y != -1).sum() == 60
    assert (y[y != -1] == problem.y_train[y != -1]).all()
    assert np.bincount(y[y != -1]).min() >= 3
    lines = list(compared("made", problem, (60,), 2))
    assert [line[2] for line in lines] == list(MODELS)
    assert {len(line) for line in lines} == {len(COLUMNS)}
    accuracies = [float(line[4]) for line in lines]
    assert min(accuracies) > 0.5
    assert lines[0][5] == ""
    assert all("±" in line[5] for line in lines[1:])
