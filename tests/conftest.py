import os
import threading
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import settings

from skembed.parallel._worker_threads import IDLE

settings.register_profile("untimed", deadline=None)  # machines are shared
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; a test that asks for it skips where there is none."""
    root = os.environ.get("SKEMBED_DATA")
    if not root or not Path(root).is_dir():
        pytest.skip("real data: set SKEMBED_DATA to the folder that holds it")
    return Path(root)


def random_counts(n_rows: int, n_columns: int, *, seed: int = 0, density: float = 0.2):
    """CSR of small counts, float32, with some empty rows."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 4, (n_rows, n_columns)) * (
        rng.random((n_rows, n_columns)) < density * rng.random((n_rows, 1))
    )
    return sp.csr_matrix(counts.astype(np.float32))


@pytest.fixture(scope="session")
def binary_problem():
    """Counts (400, 30) and labels that depend on products of features."""
    X = random_counts(400, 30, density=0.5)
    dense = X.toarray()
    score = dense[:, :5].sum(1) - dense[:, 5:10].sum(1) + dense[:, 10] * dense[:, 11]
    return X, (score > np.median(score)).astype(int)


def assert_all_workers_idle():
    """No thread of ours works on, and each has been given back for the next fit."""
    alive = {t for t in threading.enumerate() if t.name.startswith("skembed-worker")}
    kept = [executor for executors in IDLE._idle.values() for executor in executors]
    assert alive == set().union(*(executor._threads for executor in kept))
    assert all(executor._work_queue.empty() for executor in kept)
