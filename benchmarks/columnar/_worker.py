"""One fit of one epoch in a fresh process, from a folder of Parquet files or from memory.

python -m benchmarks.columnar._worker '{"side": "files", "folder": "a-folder", "n_rows": 1000000}'
"""

import gc
import json
import resource
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from benchmarks.columnar._made_folder import IDS, LABEL, ROWS_PER_FILE
from benchmarks.shared._memory import peak_mb, reset_peak, resident_mb
from benchmarks.shared._processes import Answer
from skembed import ChunkStream, EmbeddingDNNClassifier, VocabularyTransformer, stream_dataset

COLUMNS = [*IDS, "tags"]
ROWS_PER_CHUNK = 262_144
# Rows that the vocabulary is learned from.
_LEARNED_ROWS = 524_288
# Rows of a fit before the one that counts, which leaves the compiled program.
_WARM_UP_ROWS = 65_536


class Timed(ChunkStream):
    """A stream that notes when each pass over it ends."""

    def __init__(self, stream: ChunkStream) -> None:
        super().__init__(stream.chunks)
        self._stream = stream
        self.ends: list[tuple[float, float]] = []  # on the clock, and in CPU seconds

    def _pass(self, rng: np.random.Generator | None) -> Iterable[tuple[Any, ...]]:
        yield from self._stream.chunks(rng)
        self.ends.append(clocks())


def classifier() -> EmbeddingDNNClassifier:
    """The network that both sides train, for one epoch, with nothing left to choose."""
    return EmbeddingDNNClassifier(
        embedding_dim=8,
        hidden_units=64,
        linear=False,
        embedding_init="random",
        row_size=False,
        target_statistics=0,
        n_members=1,
        dropout=0.0,
        term_dropout=0.0,
        embedding_l2=0.0,
        linear_l2=0.0,
        early_stopping=False,
        batch_size=512,
        max_epochs=1,
        random_state=0,
    )


def measure(side: str, folder: str, n_rows: int) -> Answer:
    """Seconds of a fit and of its parts, and the peak memory of this process in MB."""
    files = sorted(Path(folder).glob("*.parquet"))
    first = ds.dataset(files[0]).head(_LEARNED_ROWS)
    transformer = VocabularyTransformer(min_frequency=3).fit(first.select(COLUMNS))
    first = first.slice(0, _WARM_UP_ROWS)
    classifier().fit(transformer.transform(first.select(COLUMNS)), first[LABEL].to_numpy())
    del first
    gc.collect()
    pa.default_memory_pool().release_unused()
    fit = {"files": _from_files, "memory": _from_memory}[side]
    answer = fit(files, transformer, n_rows)
    return answer | {"n_features": len(transformer.get_feature_names_out())}


def _from_memory(files: list[Path], transformer: Any, n_rows: int) -> Answer:
    """Transform a table in memory at once, then fit."""
    table = ds.dataset(files[: -(-n_rows // ROWS_PER_FILE)]).head(n_rows)
    reset_peak()
    start, before = clocks(), resident_mb()
    X = transformer.transform(table.select(COLUMNS))
    transformed = clocks()
    classifier().fit(X, table[LABEL].to_numpy())
    return _answer(len(table), start, transformed, before)


def _from_files(files: list[Path], transformer: Any, n_rows: int) -> Answer:
    """Fit on a stream of the files: a first pass, then the epoch."""
    reset_peak()
    start, before = clocks(), resident_mb()
    made = stream_dataset(files, transformer, label=LABEL, rows_per_chunk=ROWS_PER_CHUNK)
    stream = Timed(made)
    classifier().fit(stream)
    return _answer(n_rows, start, stream.ends[0], before)


def _answer(
    n_rows: int, start: tuple[float, float], between: tuple[float, float], before: float
) -> Answer:
    """What was measured, by the clocks before, between and after both parts of a fit."""
    end = clocks()
    return {
        "n_rows": n_rows,
        "first": between[0] - start[0],
        "second": end[0] - between[0],
        "first_cpu": between[1] - start[1],
        "second_cpu": end[1] - between[1],
        "before": before,
        "peak": peak_mb(),
    }


def clocks() -> tuple[float, float]:
    """Seconds on the clock, and CPU seconds of all threads of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    print(json.dumps(measure(**json.loads(sys.argv[1]))))
