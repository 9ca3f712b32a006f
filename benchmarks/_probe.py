"""What is measured in a process of its own: python -m benchmarks._probe '{"name": ...}'.

Prints a line of JSON. Modules that weigh are imported where their import belongs.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks._memory import peak_mb, reset_peak, resident_mb

Answer = dict[str, float]


def first_fit(side: str, folder: str) -> Answer:
    """Seconds of imports, and of the first fit of the lesson's network."""
    start = time.perf_counter()
    model = _lesson(side)
    imported = time.perf_counter()
    X, y = _rows(side, folder, "terms")
    return {"import": imported - start, "work": _seconds(lambda: model.fit(X, y))}


def grid(side: str, folder: str) -> Answer:
    """Seconds of imports, and of the first grid search."""
    start = time.perf_counter()
    from benchmarks._networks import grid_search

    search = grid_search(side)
    imported = time.perf_counter()
    X, y = _rows(side, folder, "terms")
    return {"import": imported - start, "work": _seconds(lambda: search.fit(X, y))}


def _lesson(side: str) -> Any:
    """Lesson's network, with TensorFlow and Keras imported on either side."""
    from benchmarks import _networks

    model = _networks.lesson(0) if side == "ours" else _networks.scikeras_lesson()
    _networks.import_keras()
    return model


def _rows(side: str, folder: str, name: str) -> Any:
    from benchmarks._features import load_rows, normalised

    X, y = load_rows(folder, name)
    return (X, y) if side == "ours" else (normalised(X), y)


def _seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _imported_tensorflow() -> float:
    """Import TensorFlow; returns the resident memory in MB, from which peaks count."""
    import tensorflow  # noqa: F401

    reset_peak()
    return resident_mb()


def fit_memory(optimizer: str, folder: str) -> Answer:
    """Peak memory of loading rows and fitting on them, above a process with TensorFlow."""
    before = _imported_tensorflow()
    from benchmarks._features import load_rows
    from benchmarks._networks import linear, sparse_network

    X, y = load_rows(folder, "bigrams")
    model = linear() if optimizer == "linear" else sparse_network(0, optimizer=optimizer)
    model.fit(X, y)
    return {"peak": peak_mb() - before}


def stream_memory(times: int, n_chunks: int, folder: str) -> Answer:
    """Peak memory of training from files that are read `times` times over in an epoch."""
    before = _imported_tensorflow()
    from benchmarks._features import load_rows
    from benchmarks._networks import sparse_network
    from skembed import ChunkStream

    def read() -> Iterator[Any]:
        for _ in range(times):
            for number in range(n_chunks):
                yield load_rows(folder, f"chunk{number}")

    sparse_network(0).fit(ChunkStream(read))
    return {"peak": peak_mb() - before}


def growth(fits: int, own_networks: bool, folder: str) -> Answer:
    """Growth of resident memory in MB a fit, after the tenth of many fits."""
    from benchmarks._features import load_rows
    from benchmarks._networks import lesson

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

    return {"seconds": _seconds(train)}


PROBES: dict[str, Callable[..., Answer]] = {
    function.__name__: function
    for function in (first_fit, grid, fit_memory, stream_memory, growth, fasttext_epoch)
}


if __name__ == "__main__":
    question = json.loads(sys.argv[1])
    warnings.simplefilter("ignore")
    print(json.dumps(PROBES[question.pop("name")](**question)))
