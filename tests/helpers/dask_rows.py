"""Rows in parts, and what a fit has left on Dask's workers; workers import this module."""

import os

import numpy as np
import psutil
import scipy.sparse as sp


def rows(n_rows=2000, n_columns=300):
    X = sp.random(n_rows, n_columns, 0.05, "csr", np.float64, random_state=0)
    X.data[:] = 1
    weights = np.random.default_rng(1).normal(size=n_columns)
    return X, (X @ weights > 0).astype(int)


def parts(n_parts=4):
    X, y = rows()
    return [(X[n::n_parts], y[n::n_parts]) for n in range(n_parts)]


def part(number):
    return parts()[number]


def training_processes():
    """Processes in which fits train."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "skembed.dask._worker" in (process.info["cmdline"] or [])
    ]


def folders(dask_worker=None):
    """Folders of fits on a worker."""
    return [
        name for name in os.listdir(dask_worker.local_directory) if name.startswith("skembed-fit")
    ]


def thread_variables():
    """What tells TensorFlow and BLAS how many threads to use."""
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return {name: os.environ.get(name) for name in names}
