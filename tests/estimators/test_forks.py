"""Processes that are forked from one where TensorFlow has run: no fit, but predictions."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no forks")

START = """
import multiprocessing, warnings
warnings.simplefilter("ignore")
import numpy as np
import scipy.sparse as sp
from skembed import EmbeddingDNNClassifier

X = sp.random(80, 10, 0.4, "csr", random_state=0, dtype=np.float32)
y = np.arange(80) % 2

def fit(seed):
    model = EmbeddingDNNClassifier(embedding_dim=2, hidden_units=4, max_epochs=1, random_state=seed)
    return model.fit(X, y)

def told(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def in_fork(function, *arguments):
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply_async(told, (function, *arguments)).get(timeout=90)
"""


def output_of(script):
    """What a script prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", START + script], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_fit_in_a_fork_is_refused_and_a_prediction_is_right():
    told = output_of(
        """
model = fit(0)
print(in_fork(fit, 1))
print(in_fork(model.partial_fit, X, y))
print(in_fork(model.to_keras))
print((in_fork(model.predict_proba, X) == model.predict_proba(X)).all())
"""
    )
    *refused, predicted = told.splitlines()
    assert len(refused) == 3
    for line in refused:
        assert line.startswith("RuntimeError: This process was forked from a process that")
        assert "get_context('spawn')" in line
    assert predicted == "True"


def test_searches_with_forked_workers_are_refused_at_once():
    told = output_of(
        """
from joblib import parallel_config
from sklearn.model_selection import cross_val_score
model = fit(0)
with parallel_config("multiprocessing", n_jobs=2):
    print(told(lambda: cross_val_score(model, X, y, cv=2, error_score="raise").shape))
"""
    )
    assert told.startswith("RuntimeError: This process was forked")


def test_a_fork_may_fit_where_nothing_has_run_before_it():
    told = output_of("print(type(in_fork(fit, 1)).__name__)")
    assert told.strip() == "EmbeddingDNNClassifier"


def test_files_of_records_are_refused_in_a_fork(tmp_path):
    told = output_of(
        f"""
from skembed import read_tfrecord, write_tfrecord
write_tfrecord({str(tmp_path / "rows")!r}, [["a"], ["b", "c"]], [0, 1])
print(in_fork(read_tfrecord, {str(tmp_path / "rows")!r}))
"""
    )
    assert told.startswith("RuntimeError: This process was forked")
