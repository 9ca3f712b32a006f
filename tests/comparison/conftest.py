import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.sparse as sp
from compared import N_COLUMNS, N_ROWS, SHORT_GRID, network
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from skembed import compare_with_linear

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def X():
    """Four terms a row: all folds of a size can share a compiled program."""
    rng = np.random.default_rng(0)
    dense = np.tile([1.0] * 4 + [0.0] * (N_COLUMNS - 4), (N_ROWS, 1))
    return sp.csr_matrix(rng.permuted(dense, axis=1))


def noise(n_columns):
    return np.random.default_rng(1).normal(size=(N_ROWS, n_columns))


@pytest.fixture(scope="session")
def two_classes(X):
    score = X @ np.arange(N_COLUMNS) + 5 * noise(1)[:, 0]
    return (score > np.median(score)).astype(int)


@pytest.fixture(scope="session")
def three_classes(X):
    return np.array(["ant", "bee", "cow"])[(X[:, :3].toarray() + noise(3)).argmax(axis=1)]


@pytest.fixture(scope="session")
def numbers(X):
    return X @ np.arange(N_COLUMNS) + 5 * noise(1)[:, 0]


@pytest.fixture(scope="session")
def label_sets(X):
    return (X[:, :3].toarray() + noise(3) > 1).astype(int)


@pytest.fixture(scope="session")
def halves():
    """Two folds, drawn at random."""
    rows = np.random.default_rng(2).permutation(N_ROWS)
    half = N_ROWS // 2
    return [(rows[:half], rows[half:]), (rows[half:], rows[:half])]


@pytest.fixture(scope="session")
def compared(X, three_classes, halves):
    scoring = ["neg_log_loss", "accuracy"]
    inner = StratifiedKFold(4)
    return compare_with_linear(
        network(), X, three_classes, cv=halves, inner_cv=inner, scoring=scoring, grid=SHORT_GRID
    )


@pytest.fixture(autouse=True, scope="session")
def one_blas_thread():
    """Small fits by hand are slow where several threads wait for a busy core."""
    with threadpool_limits(1, user_api="blas"):
        yield
