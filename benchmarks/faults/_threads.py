"""Predictions of several threads beside fits of other estimators."""

import threading
import time

import numpy as np
import scipy.sparse as sp

from skembed import EmbeddingDNNClassifier


def predicted(n_threads: int, seconds: float) -> tuple[int, int, int]:
    """Predict in threads for so long: numbers of predictions, of those that differ, and of fits."""
    rng = np.random.default_rng(0)
    X = sp.csr_matrix(rng.random((5_000, 100)) < 0.1, dtype=np.float32)
    y = (X @ rng.normal(size=100) > 0).astype(int)
    model = EmbeddingDNNClassifier(8, max_epochs=3, random_state=0).fit(X, y)
    expected = model.predict_proba(X).tobytes()
    end = time.monotonic() + seconds
    counts, wrong, fits = [0] * n_threads, [0] * n_threads, [0]

    def predict(number: int) -> None:
        while time.monotonic() < end:
            counts[number] += 1
            wrong[number] += model.predict_proba(X).tobytes() != expected

    def fit() -> None:
        while time.monotonic() < end:
            other = EmbeddingDNNClassifier(8, max_epochs=3, random_state=fits[0])
            other.fit(X, y)
            fits[0] += 1

    threads = [threading.Thread(target=predict, args=(number,)) for number in range(n_threads)]
    threads.append(threading.Thread(target=fit))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts), sum(wrong), fits[0]
