"""A row's prediction has the same bytes whatever rows come with it, on any number of threads."""

import os
import platform
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor, save

N_ROWS = 9_000  # pieces of several threads

PREDICT = """
import sys
import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_info
from skembed import load

assert all(pool["num_threads"] == 1 for pool in threadpool_info())
model = load(sys.argv[1])
np.save(sys.argv[3], getattr(model, sys.argv[4])(sp.load_npz(sys.argv[2])))
"""


def rows(dtype=np.float32):
    """Rows of 0 to 30 values, some of one value only."""
    rng = np.random.default_rng(0)
    X = sp.random(N_ROWS, 40, 0.2, "csr", random_state=0, dtype=dtype)
    uniform = np.repeat(rng.random(N_ROWS) < 0.5, np.diff(X.indptr))
    X.data[uniform] = dtype(0.1)
    return X


def fitted(kind):
    dtype = np.float64 if kind == "float64" else np.float32
    X = rows(dtype)
    y = np.arange(N_ROWS) % {"classes": 30}.get(kind, 2)
    given = {"max_epochs": 1, "random_state": 0}
    if kind == "labels":
        y = np.random.default_rng(1).integers(0, 2, (N_ROWS, 12))
    if kind == "fields":
        given["fields"] = np.repeat([0, 1, 2, 3], 10)
    if kind == "numbers":  # the second half of the columns, and the fit adds statistics
        categories = np.eye(20, dtype=dtype)[np.random.default_rng(2).integers(0, 20, N_ROWS)]
        X = sp.hstack([categories, X[:, 20:]], format="csr", dtype=dtype)
        given |= {"fields": np.repeat([0, -1], 20), "target_statistics": 1}
    if kind == "regressor":
        return EmbeddingDNNRegressor(combiner="sqrtn", **given).fit(X, y * 1.0), X
    return EmbeddingDNNClassifier(**given).fit(X, y), X


KINDS = ("binary", "classes", "labels", "fields", "numbers", "float64", "regressor")


@pytest.mark.parametrize("kind", KINDS)
def test_batches_dense_rows_and_one_thread_give_the_same_bytes(kind, tmp_path):
    model, X = fitted(kind)
    name = "predict" if kind == "regressor" else "predict_proba"
    predict = getattr(model, name)
    together = predict(X)
    for size in (1, 7, 300, 5_000):
        n_rows = min(40 * size, N_ROWS)
        parts = [predict(X[start : start + size]) for start in range(0, n_rows, size)]
        assert np.concatenate(parts)[:n_rows].tobytes() == together[:n_rows].tobytes(), size
    assert predict(X.toarray()).tobytes() == together.tobytes()
    save(model, tmp_path / "model.skembed")
    sp.save_npz(tmp_path / "X.npz", X)
    one_thread = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    files = [str(tmp_path / file) for file in ("model.skembed", "X.npz", "out.npy")]
    script = [sys.executable, "-c", PREDICT, *files, name]
    subprocess.run(script, check=True, env=os.environ | one_thread, timeout=120)
    assert np.load(tmp_path / "out.npy").tobytes() == together.tobytes()


PRODUCTS = """
import sys
import numpy as np
from skembed.network._network import product

rng = np.random.default_rng(0)
for dtype in (np.float32, np.float64):
    for n_inputs in (1, 7, 16, 17, 33, 64, 200):
        for n_units in (2, 3, 16, 30, 64, 256):
            row = rng.normal(size=(1, n_inputs)).astype(dtype)
            kernel = rng.normal(size=(n_inputs, n_units)).astype(dtype)
            found = product(np.tile(row, (256, 1)), kernel)
            assert (found == found[0]).all(), (dtype, n_inputs, n_units)
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="kernels of x86")
@pytest.mark.parametrize("kernel", ["Haswell", "SkylakeX", "Zen"])
def test_a_row_has_the_same_bytes_at_each_place_by_any_kernel(kernel):
    environment = os.environ | {"OPENBLAS_CORETYPE": kernel}
    subprocess.run([sys.executable, "-c", PRODUCTS], check=True, env=environment, timeout=120)
