"""One of the processes: fits by all of them, and what they took.

Run as a module with a question of JSON; prints its answer as the last line.
"""

import json
import resource
import sys
import time
from typing import Any

import numpy as np
from sklearn.metrics import log_loss

from benchmarks.cluster._problems import PROBLEMS
from skembed import EmbeddingDNNClassifier, distributed

_EPOCHS = 4
# Numbers that are summed to time an exchange, and times of each.
_SIZES, _TIMES = (1, 10_000, 1_000_000, 4_000_000), 20


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Fit as asked and measure."""
    with distributed(sync_steps=question["sync_steps"]) as cluster:
        if question["problem"] is None:
            return {"exchanges": _exchanges(cluster)}
        problem = PROBLEMS[question["problem"]]
        X, y = problem.rows(question["share"])
        n_train = len(y) * 5 // 6

        def fitted(n_epochs: int) -> tuple[EmbeddingDNNClassifier, float]:
            model = EmbeddingDNNClassifier(
                max_epochs=n_epochs,
                early_stopping=False,
                batch_size=problem.batch_size,
                random_state=0,
            )
            start = time.perf_counter()
            model.fit(X[:n_train], y[:n_train])
            return model, time.perf_counter() - start

        fitted(1)  # compiles
        model, one = fitted(1)
        probabilities = model.predict_proba(X[n_train:])
        before = _bytes(cluster)
        model, several = fitted(_EPOCHS)
        return {
            "rows_per_second": (_EPOCHS - 1) * n_train / max(several - one, 1e-9),
            "step_seconds": (several - one) / (model.n_steps_ * (_EPOCHS - 1) / _EPOCHS),
            "bytes_per_step": (_bytes(cluster) - before) / model.n_steps_,
            "loss": log_loss(y[n_train:], probabilities),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def _bytes(cluster: Any) -> int:
    """Bytes that this worker has passed to collectives."""
    return 0 if cluster.collectives is None else cluster.collectives.n_bytes


def _exchanges(cluster: Any) -> list[tuple[int, float]]:
    """Bytes that are summed over the workers, and the median seconds of each sum."""
    found = []
    for size in _SIZES:
        values = np.ones(size, np.float32)
        taken = []
        for _ in range(_TIMES):
            start = time.perf_counter()
            cluster.total(values)
            taken.append(time.perf_counter() - start)
        found.append((values.nbytes, float(np.median(taken))))
    return found


if __name__ == "__main__":
    print(json.dumps(answer(json.loads(sys.argv[1]))))
