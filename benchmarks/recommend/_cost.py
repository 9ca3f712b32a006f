"""Seconds of one recommendation, and a made catalogue that is learned from a stream."""

import time
from collections.abc import Iterator
from statistics import median

import numpy as np
import scipy.sparse as sp

from benchmarks.shared._memory import peak_above_start
from skembed import ChunkStream, EmbeddingRecommender

_CHUNK_USERS = 50_000
_ITEMS_OF_USER = 20


def made_histories(n_users: int, n_items: int, seed: int) -> sp.csr_matrix:
    """Make users that keep to a few of many kinds of items, some of which are popular."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, n_items // 100, size=(n_users, 2))
    place = np.minimum(rng.exponential(15, (n_users, _ITEMS_OF_USER)).astype(np.int64), 99)
    which = rng.integers(0, 2, (n_users, _ITEMS_OF_USER))
    items = np.take_along_axis(kind, which, axis=1) * 100 + place
    rows = np.repeat(np.arange(n_users), _ITEMS_OF_USER)
    ones = np.ones(items.size, np.float32)
    X = sp.csr_matrix((ones, (rows, items.ravel())), shape=(n_users, n_items))
    X.data[:] = 1
    return X


def one_user(n_items: int) -> float:
    """Return the median seconds of ten recommendations for one new user."""
    X = made_histories(3000, n_items, 0)
    model = EmbeddingRecommender(max_epochs=1, early_stopping=False, random_state=0).fit(X)
    user = X[:1]
    times = []
    for _ in range(201):
        start = time.perf_counter()
        model.recommend(user, k=10)
        times.append(time.perf_counter() - start)
    return median(times)


def streamed(n_users: int, n_items: int) -> tuple[float, float]:
    """Return seconds and megabytes above the start of one epoch over a stream of made histories."""

    def read() -> Iterator[tuple[sp.csr_matrix]]:
        for number, start in enumerate(range(0, n_users, _CHUNK_USERS)):
            yield (made_histories(min(_CHUNK_USERS, n_users - start), n_items, number),)

    model = EmbeddingRecommender(max_epochs=1, random_state=0)
    start = time.perf_counter()
    peak = peak_above_start(lambda: model.fit(ChunkStream(read)))
    return time.perf_counter() - start, peak or float("nan")
