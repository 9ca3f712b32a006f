"""Batches of which each worker has a part: how many rows they have, and which rows of the table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skembed.distribution._agreement import raise_failure, told_to_all
from skembed.distribution._cluster import Cluster
from skembed.distribution._messages import from_bytes, to_bytes
from skembed.training._batch_shape import BatchShape, bucket
from skembed.training._batches import Chunk, aligned


@dataclass(frozen=True)
class Part:
    """What the workers tell each other of their parts of a chunk."""

    batch_rows: np.ndarray  # (n_batches,) rows of each batch
    ends_epoch: bool
    table_rows: list[np.ndarray]  # of the table that each batch touches; empty where all are

    def to_bytes(self, failure: str | None) -> bytes:
        """Write the part, or why there is none."""
        arrays = {
            "batch_rows": self.batch_rows,
            "lengths": np.array([len(rows) for rows in self.table_rows], np.int64),
            "rows": np.concatenate([np.zeros(0, np.int32), *self.table_rows]),
        }
        return to_bytes([failure, self.ends_epoch], arrays)

    @classmethod
    def from_bytes(cls, message: bytes) -> tuple["Part", str | None]:
        """Read a part and the failure beside it."""
        (failure, ends_epoch), arrays = from_bytes(message)
        rows = np.split(arrays["rows"], np.cumsum(arrays["lengths"]))[:-1]
        return cls(arrays["batch_rows"], ends_epoch, rows), failure


class JointChunks:
    """Chunks of this worker that begin and end with those of the others.

    A batch is what all workers have at the same place of their chunks. A worker whose epoch has
    ended waits for the others with empty batches.

    Parameters
    ----------
    chunks : iterator of Chunk
        The worker's own, with arrays of numpy's.
    cluster : Cluster
        The workers.
    shape : BatchShape
        Shape of the chunks, the same on all workers.
    row_decay : ndarray of shape (n_used,), default=None
        A number of each row of the table, see `Packer`.
    steps_left : int
        Steps that are left of the run.
    as_tensors : callable
        Makes arrays what the program takes.
    """

    def __init__(
        self,
        chunks: Iterator[Chunk],
        cluster: Cluster,
        shape: BatchShape,
        row_decay: np.ndarray | None,
        steps_left: int,
        as_tensors: Callable[[dict], dict],
    ) -> None:
        self._chunks = chunks
        self._cluster = cluster
        self._shape = shape
        self._row_decay = row_decay
        self._steps_left = steps_left
        self._as_tensors = as_tensors
        self._waits = False  # whether its epoch has ended before that of the others
        self._place: Any = None
        self._arrays: dict[str, np.ndarray] = {}  # of the last chunk of this worker

    def __next__(self) -> Chunk:
        if not self._steps_left:
            raise StopIteration
        own, failure = self._own_chunk()
        part = self._part(own)  # empty where all epochs are over, as they are for the others then
        answers = [
            Part.from_bytes(answer)
            for answer in self._cluster.gather(
                part.to_bytes(None if failure is None else told_to_all(failure))
            )
        ]
        if failure is not None:
            raise failure
        raise_failure(self._cluster, [text for _, text in answers], own=False)
        parts = [answer for answer, _ in answers]
        n_batches = min(max(len(part.batch_rows) for part in parts), self._steps_left)
        ends = all(part.ends_epoch for part in parts)
        if not n_batches and not ends:
            raise StopIteration
        self._steps_left -= n_batches
        chunk = self._joined(own, parts, n_batches)
        chunk.ends_epoch = ends or not self._steps_left
        self._waits = part.ends_epoch and not ends
        chunk.waits = any(part.ends_epoch for part in parts) and not ends
        return chunk

    def _own_chunk(self) -> tuple[Chunk | None, Exception | None]:
        if self._waits:
            return None, None
        try:
            chunk = next(self._chunks, None)
        except Exception as error:  # the others must learn of it
            return None, error
        if chunk is not None:
            self._arrays, self._place = chunk.arrays, chunk.place
        return chunk, None

    def _part(self, own: Chunk | None) -> Part:
        if own is None:
            return Part(np.zeros(0, np.int64), self._waits, [])
        rows: list[np.ndarray] = []
        if own.shape.row_sparse:
            padding = own.shape.n_table_rows - 1
            lines = own.arrays["rows"][: own.n_batches]
            rows = [line[line != padding] for line in lines]
        return Part(own.batch_rows.astype(np.int64), own.ends_epoch, rows)

    def _joined(self, own: Chunk | None, parts: list[Part], n_batches: int) -> Chunk:
        """Return this worker's part of the next chunk, with the numbers of all workers."""
        whole = np.array([_padded(part.batch_rows, n_batches) for part in parts])
        touched = []
        if self._shape.row_sparse:
            lines = (
                [part.table_rows[i] for part in parts if i < len(part.table_rows)]
                for i in range(n_batches)
            )
            touched = [np.unique(np.concatenate(line)) for line in lines]
        if own is None:
            arrays = {name: _zeros_like(array) for name, array in self._arrays.items()}
            shape = self._shape
        else:
            arrays, shape = own.arrays, own.shape
        own_rows = whole[self._cluster.index]
        chunk = Chunk(shape, whole.sum(axis=0), arrays, own_rows=own_rows, touched=touched)
        chunk.place = self._place
        if self._cluster.sync_steps == 1:
            self._share(chunk)
        chunk.arrays = self._as_tensors(chunk.arrays)
        self._shape = chunk.shape
        return chunk

    def _share(self, chunk: Chunk) -> None:
        """Let a chunk's arrays stand for parts of batches: means are those of all workers' rows."""
        arrays, n_batches = chunk.arrays, chunk.n_batches
        shares = np.zeros(len(arrays["weights"]), arrays["weights"].dtype)
        shares[:n_batches] = chunk.own_rows / chunk.batch_rows
        arrays["weights"] *= shares[:, None]
        arrays["batch_rows"][:n_batches] = chunk.batch_rows
        if chunk.touched:
            self._renumber(chunk)

    def _renumber(self, chunk: Chunk) -> None:
        """Name the rows of the table by their places among those that any worker's part touches."""
        shape, most = chunk.shape, max(map(len, chunk.touched))
        width = max(shape.n_batch_rows or 0, self._shape.n_batch_rows or 0)
        chunk.shape = shape = replace(shape, n_batch_rows=width if most <= width else bucket(most))
        assert shape.n_batch_rows is not None
        own_rows = chunk.own_rows
        assert own_rows is not None
        before, padding = chunk.arrays, shape.n_table_rows - 1
        rows = aligned((shape.n_batches, shape.n_batch_rows), np.dtype(np.int32))
        rows[:] = padding
        arrays = {"rows": rows, "ids": aligned(before["ids"].shape, np.dtype(shape.id_dtype))}
        if "number_ids" in before:
            arrays["number_ids"] = aligned(before["number_ids"].shape, np.dtype(np.int32))
        if self._row_decay is not None:
            dtype = before["weights"].dtype
            arrays["decay"] = aligned(rows.shape, dtype)
        for i, touched in enumerate(chunk.touched):
            rows[i, : len(touched)] = touched
            if self._row_decay is not None:
                arrays["decay"][i, : len(touched)] = self._row_decay[touched]
            if not own_rows[i]:
                continue
            of_part = before["rows"][i]
            places = np.searchsorted(touched, of_part).astype(np.int32)
            places[of_part == padding] = shape.n_batch_rows - 1
            for name in ("ids", "number_ids"):
                if name in before:
                    arrays[name][i] = np.take(places, before[name][i], mode="clip")
        chunk.arrays = before | arrays


def _padded(numbers: np.ndarray, length: int) -> np.ndarray:
    """Numbers (length,), zeros behind those that are there."""
    out = np.zeros(length, np.int64)
    out[: len(numbers)] = numbers[:length]
    return out


def _zeros_like(array: np.ndarray) -> np.ndarray:
    return aligned(array.shape, array.dtype)
