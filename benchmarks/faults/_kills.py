"""Fits that are killed at random moments, and go on from their checkpoint."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time

_FIT = """
import sys
import numpy as np, scipy.sparse as sp
from skembed import ChunkStream, EmbeddingDNNClassifier, FitCheckpoint

rng = np.random.default_rng(0)
X = sp.csr_matrix(rng.random((60_000, 500)) < 0.05, dtype=np.float32)
y = (X @ rng.normal(size=500) + rng.normal(size=60_000) > 0).astype(int)

def read():
    for start in range(0, 60_000, 6_000):
        yield X[start : start + 6_000], y[start : start + 6_000]

callbacks = [FitCheckpoint(sys.argv[1], minutes=0)] if sys.argv[1] else None
model = EmbeddingDNNClassifier(
    16, max_epochs=12, dropout=0.2, term_dropout=0.3, callbacks=callbacks, random_state=0
)
print("ready", flush=True)
model.fit(ChunkStream(read))
print(hash(model.decision_function(X[:5_000]).tobytes()))
"""


def _start(folder: str) -> subprocess.Popen:
    environment = os.environ | {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    return subprocess.Popen(
        [sys.executable, "-c", _FIT, folder], stdout=subprocess.PIPE, text=True, env=environment
    )


def killed(n_kills: int, seed: int = 0) -> tuple[int, int]:
    """Kill fits so many times in all; how many went on to the same bytes, and how many there were.

    A fit is killed up to three times, each time at a random moment of what an undisturbed one
    takes.
    """
    rng = random.Random(seed)
    process = _start("")
    assert process.stdout is not None
    process.stdout.readline()
    begun = time.monotonic()
    whole = process.communicate()[0].strip()
    seconds = time.monotonic() - begun
    same = fits = kills = 0
    while kills < n_kills:
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(rng.randint(1, 3)):
                process = _start(folder)
                assert process.stdout is not None
                process.stdout.readline()
                time.sleep(rng.uniform(0.1, 0.9) * seconds)
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                    kills += 1
                process.communicate()
            found = _start(folder).communicate()[0].strip().splitlines()[-1]
            same += found == whole
            fits += 1
    return same, fits
