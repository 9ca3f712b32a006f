"""What is measured in a process of its own: python -m benchmarks.speed._probe '{"name": ...}'.

Prints a line of JSON. Heavy libraries are imported where their import is measured.
"""

import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.shared._memory import peak_mb, reset_peak, resident_mb
from benchmarks.shared._processes import Answer
from benchmarks.shared._timing import seconds_of

PROBE = "benchmarks.speed._probe"  # for `answer_of`


def first_fit(side: str, folder: str) -> Answer:
    """Seconds of imports, and of the first fit of the lesson's network."""
    return _first_work(lambda: _lesson(side), side, folder)


def grid(side: str, folder: str) -> Answer:
    """Seconds of imports, and of the first grid search."""
    return _first_work(lambda: _search(side), side, folder)


def _first_work(make: Callable[[], Any], side: str, folder: str) -> Answer:
    """Seconds of `make`, which imports all that a fit needs, and of the fit."""
    start = time.perf_counter()
    model = make()
    imported = time.perf_counter()
    X, y = _rows(side, folder, "terms")
    return {"import": imported - start, "work": seconds_of(lambda: model.fit(X, y))}


def _lesson(side: str) -> Any:
    """Lesson's network, with TensorFlow and Keras imported on either side."""
    from benchmarks.speed import _models

    model = _models.lesson(0) if side == "ours" else _models.scikeras_lesson()
    _models.import_keras()
    return model


def _search(side: str) -> Any:
    from benchmarks.speed._models import grid_search

    return grid_search(side)


def default_fits(folder: str) -> Answer:
    """CPU seconds of the first and of the second default fit of 3,000 rows."""
    import numpy as np
    import scipy.sparse as sp

    from skembed import EmbeddingDNNClassifier
    from skembed.training.keras import _trainer
    from skembed.training.keras._tensorflow import tensorflow

    tensorflow()
    rng = np.random.default_rng(0)
    X = sp.random(3_000, 500, 0.04, "csr", random_state=0, dtype=np.float32)
    X.data[:] = 1
    y = X @ rng.normal(size=500) > rng.normal(size=3_000)
    assert _trainer is not None
    found = []
    for seed in (0, 1):
        before = _cpu_seconds()
        EmbeddingDNNClassifier(random_state=seed).fit(X, y)
        found.append(_cpu_seconds() - before)
    return {"first": found[0], "second": found[1]}


def lesson_process(folder: str) -> Answer:
    """CPU seconds of a whole process that fits the lesson's network."""
    from benchmarks.shared.data._rows import load_rows
    from benchmarks.speed._models import lesson

    lesson(0).fit(*load_rows(folder, "terms"))
    return {"seconds": _cpu_seconds()}


def imports(folder: str) -> Answer:
    """CPU seconds of a process that imports what most fits need."""
    import sklearn  # noqa: F401
    import tensorflow  # noqa: F401

    return {"seconds": _cpu_seconds()}


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


def _rows(side: str, folder: str, name: str) -> Any:
    from benchmarks.shared.data._rows import load_rows
    from benchmarks.speed._models import normalised

    X, y = load_rows(folder, name)
    return (X, y) if side == "ours" else (normalised(X), y)


def _imported_tensorflow() -> float:
    """Import TensorFlow; returns the resident memory in MB, from which peaks count."""
    import tensorflow  # noqa: F401

    reset_peak()
    return resident_mb()


def fit_memory(optimizer: str, folder: str) -> Answer:
    """Peak memory of loading rows and fitting on them, above a process with TensorFlow."""
    before = _imported_tensorflow()
    from benchmarks.shared.data._rows import load_rows
    from benchmarks.speed._models import linear, sparse_network

    X, y = load_rows(folder, "bigrams")
    model = linear() if optimizer == "linear" else sparse_network(0, optimizer=optimizer)
    model.fit(X, y)
    return {"peak": peak_mb() - before}


def stream_memory(times: int, n_chunks: int, folder: str) -> Answer:
    """Peak memory of training from files that are read `times` times over in an epoch."""
    before = _imported_tensorflow()
    from benchmarks.shared.data._rows import load_rows
    from benchmarks.speed._models import sparse_network
    from skembed import ChunkStream

    def read() -> Iterator[Any]:
        for _ in range(times):
            for number in range(n_chunks):
                yield load_rows(folder, f"chunk{number}")

    sparse_network(0).fit(ChunkStream(read))
    return {"peak": peak_mb() - before}


def growth(fits: int, own_networks: bool, folder: str) -> Answer:
    """Growth of resident memory in MB a fit, after the tenth of many fits."""
    from benchmarks.shared.data._rows import load_rows
    from benchmarks.speed._models import lesson

    X, y = load_rows(folder, "terms")
    for number in range(1, fits + 1):
        model = lesson(number).set_params(max_steps=100)
        if own_networks:
            model.set_params(hidden_units=(number, 20))
        model.fit(X[number:], y[number:])
        if number == 10:
            before = resident_mb()
    return {"growth": (resident_mb() - before) / (fits - 10)}


def fasttext_epoch(path: str, threads: int) -> Answer:
    """Seconds in which fastText reads a file and trains for one epoch."""
    import fasttext

    def train() -> None:
        fasttext.train_supervised(
            path, dim=16, epoch=1, lr=0.1, minn=0, maxn=0, thread=threads, verbose=0
        )

    return {"seconds": seconds_of(train)}


PROBES: dict[str, Callable[..., Answer]] = {
    function.__name__: function
    for function in (
        first_fit,
        grid,
        default_fits,
        lesson_process,
        imports,
        fit_memory,
        stream_memory,
        growth,
        fasttext_epoch,
    )
}


if __name__ == "__main__":
    question = json.loads(sys.argv[1])
    warnings.simplefilter("ignore")
    print(json.dumps(PROBES[question.pop("name")](**question)))
