"""Scripts run by several processes on this machine, as by TensorFlow's workers."""

import json
import os
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np

# What each script begins with: rows, and the names that scripts use.
_HEAD = """
import os, signal, sys, time
import numpy as np
import scipy.sparse as sp
import skembed
from skembed import *

index, n_workers, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

def made(n_rows, n_columns, density, dtype):
    X = sp.random(n_rows, n_columns, density, "csr", np.float64, random_state=0).astype(dtype)
    X.data[:] = 1
    weights = np.random.default_rng(1).normal(size=n_columns)
    return X, (X @ weights > 0).astype(int)

def sparse(dtype=np.float64):  # of whose table a batch touches little
    return made(2000, 20_000, 0.002, dtype)

def dense(dtype=np.float64):
    return made(1000, 300, 0.05, dtype)

def write(model, name="fit", **more):
    arrays = {f"coef{i}": a for i, a in enumerate(model.coefs_)}
    arrays |= {f"intercept{i}": a for i, a in enumerate(model.intercepts_)}
    arrays |= {"embeddings": model.embeddings_, "loss": model.history_["loss"], **more}
    np.savez(os.path.join(folder, f"{name}-{index}-of-{n_workers}.npz"), **arrays)
"""


def free_ports(number):
    """Ports that nothing listens on now."""
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Workers:
    """Processes that run a script, each with its number, how many there are, and a folder."""

    def __init__(self, scripts, folder):
        addresses = [f"127.0.0.1:{port}" for port in free_ports(len(scripts))]
        self.processes = []
        for index, script in enumerate(scripts):
            path = Path(folder, f"script-{index}-of-{len(scripts)}.py")
            path.write_text(_HEAD + textwrap.dedent(script))
            task = {"type": "worker", "index": index}
            config = json.dumps({"cluster": {"worker": addresses}, "task": task})
            several = {"TF_CONFIG": config} if len(scripts) > 1 else {}
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, str(path), str(index), str(len(scripts)), str(folder)],
                    env={**os.environ, **several},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )

    def ended(self, timeout=240):
        """Exit codes and outputs."""
        end = time.monotonic() + timeout
        try:
            told = [p.communicate(timeout=max(end - time.monotonic(), 1)) for p in self.processes]
        finally:
            for process in self.processes:
                process.kill()
        return [process.returncode for process in self.processes], [text for text, _ in told]


def run(script, folder, n_workers):
    """Run a script on workers that must not fail; what each has written, by name."""
    codes, outputs = Workers([script] * n_workers, folder).ended()
    assert not any(codes), "\n".join(outputs)
    results = [{} for _ in range(n_workers)]
    for path in Path(folder).glob(f"*-of-{n_workers}.npz"):
        name, index = path.name.split("-of-")[0].rsplit("-", 1)
        results[int(index)][name] = dict(np.load(path))
    return results


def largest_difference(one, other):
    """Of the arrays of two models."""
    assert one.keys() == other.keys()
    return max(np.abs(one[name] - other[name]).max() for name in one)
