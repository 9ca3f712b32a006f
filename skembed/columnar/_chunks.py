"""Rows of parts, read ahead by a bounded amount and put together to chunks."""

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from skembed.columnar._parts import Origin, Part
from skembed.columnar._selection import Selection

# Batches that Arrow decodes before they are asked for. Its own numbers, 16 batches of 4 files,
# are for reading as fast as a disk can; training is slower, and they would only take memory.
_BATCHES_AHEAD = 1

T = TypeVar("T")


@dataclass(frozen=True)
class RowChunk:
    """Rows that are transformed at a time."""

    table: pa.Table
    origins: list[Origin]


def read_chunks(parts: Iterable[Part], selection: Selection) -> Iterator[RowChunk]:
    """Yield the rows of the parts, `rows_per_chunk` at a time; a thread reads the next chunk."""
    return one_ahead(lambda: _whole_chunks(parts, selection))


class _Ended(Exception):
    """There are no more items."""


def one_ahead(start: Callable[[], Generator[T]]) -> Iterator[T]:
    """Yield items, of which a thread makes one ahead.

    Closing the iterator waits for nothing, because the thread itself may do it, where it
    collects the last reference as garbage: the thread ends behind the item that it is making.
    """
    items = start()
    pool = ThreadPoolExecutor(1, "skembed-reader")
    coming = [pool.submit(next, items, _Ended)]

    def following() -> T:
        item = coming[0].result()
        if item is _Ended:
            raise _Ended
        coming[0] = pool.submit(next, items, _Ended)
        return item  # type: ignore[return-value]

    try:
        while True:
            try:
                yield following()  # in no variable, or the item would outlive its use
            except _Ended:
                return
    finally:
        coming[0].add_done_callback(lambda _: items.close())
        pool.shutdown(wait=False)


def _whole_chunks(parts: Iterable[Part], selection: Selection) -> Generator[RowChunk]:
    """Put batches together, and cut them where a chunk is full."""
    size, schema = selection.rows_per_chunk, None
    waiting: list[pa.RecordBatch] = []
    origins: list[Origin] = []
    missing = size
    for part in parts:
        start = 0
        for batch in read_part(part, selection):
            schema = batch.schema
            while batch.num_rows:
                taken = batch.slice(0, missing)
                waiting.append(taken)
                _add(origins, Origin(part, start, taken.num_rows))
                batch = batch.slice(taken.num_rows)
                start += taken.num_rows
                missing -= taken.num_rows
                if not missing:
                    yield _chunk(waiting, origins, schema)
                    waiting, origins, missing = [], [], size
    if waiting:
        yield _chunk(waiting, origins, schema)


def read_part(part: Part, selection: Selection) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a part: its columns and rows of the selection."""
    try:
        yield from part.fragment.to_batches(
            schema=selection.dataset.schema,
            columns=selection.names,
            filter=selection.filter,
            batch_size=selection.rows_per_chunk,
            batch_readahead=_BATCHES_AHEAD,
            fragment_readahead=1,
        )
    except (pa.ArrowException, OSError) as error:
        raise ValueError(
            f"{part.name} cannot be read: {error}\nWrite the file again, or leave it out."
        ) from error


def _add(origins: list[Origin], origin: Origin) -> None:
    """Add an origin; one that goes on from the last is part of it."""
    if origins and origins[-1].part is origin.part:
        last = origins.pop()
        origin = Origin(last.part, last.start, last.n_rows + origin.n_rows)
    origins.append(origin)


def _chunk(batches: list[pa.RecordBatch], origins: list[Origin], schema: pa.Schema) -> RowChunk:
    return RowChunk(pa.Table.from_batches(batches, schema), list(origins))
