"""CSR rows to chunks of batches whose shapes are fixed, as a compiled program needs them."""

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp

from skembed.network._mixed_rows import Features, MixedRows, NumberSlots, terms_of
from skembed.network._pooling import Pooling, has_uniform_values
from skembed.network._used_columns import Columns
from skembed.parallel._worker_threads import workers
from skembed.training._batch_shape import BatchShape, bucket

# Bytes that the addresses of arrays are multiples of, as TensorFlow wants them.
_ALIGNMENT = 64
# Flags that are looked through in the time that sorting one id takes.
_FLAGS_PER_ID = 50

# Fields of encoded targets that come with what is added to the outputs of their rows.
_TARGET, _OFFSET = "target", "offset"

T = TypeVar("T")


def with_offsets(targets: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Encoded targets (n_samples, ...) with offsets (n_samples, n_outputs), one record a row.

    The offsets are added to the network's outputs as it trains: those of a linear model beside
    it, that stays as it is.
    """
    fields = (
        (_TARGET, targets.dtype, targets.shape[1:]),
        (_OFFSET, offsets.dtype, offsets.shape[1:]),
    )
    records = np.empty(len(targets), np.dtype(list(fields)))
    records[_TARGET], records[_OFFSET] = targets, offsets
    return records


def dealt_batches(lengths: np.ndarray, batch_size: int, rng: np.random.Generator) -> np.ndarray:
    """Random order of rows (n_rows,) in which the batches hold nearly as many entries each.

    Rows sorted by length are dealt out like cards: every batch gets one, at random, of
    each run of as many rows as there are batches. So the entries of two full batches
    differ by less than the longest row has, and little of a batch's fixed width is
    padding. The rows of the last batch, where it is not full, are a spread of all lengths.
    """
    n_rows = len(lengths)
    order = rng.permutation(n_rows)
    n_batches, n_last = divmod(n_rows, batch_size)
    if n_batches + (n_last > 0) < 2:
        return order
    ranks = lengths[order]
    if ranks.max() < 2**16:
        ranks = ranks.astype(np.uint16)  # sorted by their digits: a tenth of the time
    order = order[np.argsort(ranks, kind="stable")]
    last = np.zeros(n_rows, bool)
    last[((np.arange(n_last) + rng.random()) * (n_rows / max(n_last, 1))).astype(int)] = True
    runs = rng.permuted(order[~last].reshape(batch_size, n_batches), axis=1)
    return np.concatenate([runs.T.ravel(), order[last]])


@dataclass
class Chunk:
    """Some batches as padded arrays; `arrays` is what the compiled program takes."""

    shape: BatchShape
    batch_rows: np.ndarray  # (n_batches,) rows of each batch
    arrays: dict[str, Any]  # numpy's, or the trainer's tensors
    ends_epoch: bool = False
    place: Any = None  # of the run behind it, where that is written down
    # Where several workers train, `batch_rows` are the rows of all, and further there are
    own_rows: np.ndarray | None = None  # (n_batches,) rows of this worker
    touched: list[np.ndarray] = field(default_factory=list)  # rows of the table, by any worker
    waits: bool = False  # whether some worker's epoch has ended before that of others

    @property
    def n_batches(self) -> int:
        """Batches that hold rows; the chunk is padded to the shape's number."""
        return len(self.batch_rows)

    @property
    def n_rows(self) -> int:
        """Rows of all batches."""
        return int(self.batch_rows.sum())


class Packer:
    """Packs rows; its shape grows when a batch is larger than was planned.

    The arrays of a chunk are written over by the next call but one, when another chunk has been
    packed and this one was trained on: new ones would cost a page fault each 4 KB.
    """

    def __init__(
        self,
        shape: BatchShape,
        columns: Columns,
        pooling: Pooling,
        dtype: np.dtype,
        *,
        term_dropout: float = 0.0,
        row_decay: np.ndarray | None = None,
        seed: int = 0,
        sizes: Callable[[Features, sp.csr_matrix], np.ndarray] | None = None,
        slots: NumberSlots | None = None,
    ) -> None:
        self.shape = shape
        padding = shape.n_table_rows - 1  # the table's last row, which is unused
        self._number_rows = None if slots is None else slots.table_rows(columns, padding)
        self._sizes = sizes  # of rows and their segments, as the dense layers get them
        self._term_dropout = term_dropout
        self._row_decay = row_decay  # (n_used,) a number of each table row, for row-sparse steps
        self._seed = seed
        self._rng = np.random.default_rng([seed, 1])
        self._columns = columns
        self._pooling = pooling
        self._dtype = dtype
        self._arrays: dict[str, np.ndarray] = {}
        self._arrays_before: dict[str, np.ndarray] = {}
        if shape.row_sparse:
            self._place = np.empty(len(columns.used), np.int32)
            self._touched = np.zeros(len(columns.used), bool)

    def draw_for(self, worker: int) -> None:
        """Draw as one of several workers does: each drops other terms."""
        self._rng = np.random.default_rng([self._seed, 1, worker])

    @property
    def state(self) -> dict[str, Any]:
        """State of the generator that drops terms."""
        return dict(self._rng.bit_generator.state)

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        self._rng.bit_generator.state = state

    @property
    def chunk_rows(self) -> int:
        """Rows that fill a chunk."""
        return self.shape.batch_size * self.shape.n_batches

    def pack(self, features: Features, targets: np.ndarray, weights: np.ndarray) -> Chunk:
        """Pack at most `chunk_rows` rows with their targets and weights into batches."""
        self._arrays, self._arrays_before = self._arrays_before, self._arrays
        terms = terms_of(features)
        weighted = self.shape.weighted or not has_uniform_values(terms)
        batch_size, n_rows = self.shape.batch_size, terms.shape[0]
        ends = np.append(np.arange(0, n_rows, batch_size), n_rows)
        batch_rows, ends = np.diff(ends), ends * self.shape.n_fields
        X = self._pooling.segments(terms)
        weights_of = self._pooling.entry_weights if weighted else self._pooling.uniform_weights
        values = weights_of(X)
        sizes = self._sizes(features, X) if self._sizes is not None else None
        if self._term_dropout:
            X, values = self._thinned(X, values, weighted=weighted)
        starts = X.indptr[ends]
        columns = self._columns.compact(X.indices)
        if self.shape.row_sparse:
            columns = columns.astype(np.intp)  # numpy looks up and assigns three times as fast
        ids = np.split(columns, starts[1:-1])
        rows = self._table_rows(ids) if self.shape.row_sparse else []
        self._grow(ids, rows, targets, weighted=weighted)
        segments = _segment_numbers(np.diff(X.indptr), self.shape)
        arrays = {
            "ids": self._entries("ids", self._numbered(ids, rows), 0, self.shape.id_dtype),
            "segments": self._entries(
                "segments",
                np.split(segments, starts[1:-1]),
                self.shape.n_segments,
                self.shape.segment_dtype,
            ),
            **self._target_arrays(targets),
            "weights": self._per_row("weights", weights / np.repeat(batch_rows, batch_rows)),
            "batch_rows": self._per_batch("batch_rows", batch_rows),
        }
        if weighted:
            batches = np.split(values, starts[1:-1])
            arrays["values"] = self._entries("values", batches, 0, self._dtype)
        else:
            arrays["scales"] = self._per_row("scales", values, self.shape.n_segments)
        if isinstance(features, MixedRows):
            arrays["numbers"] = self._numbers(features.numbers)
            arrays["number_ids"] = self._number_ids(rows)
        if sizes is not None:
            arrays["sizes"] = self._per_row("sizes", sizes, self.shape.n_segments)
        if self.shape.row_sparse:
            arrays |= self._row_arrays(rows)
        return Chunk(self.shape, batch_rows, arrays)

    def _target_arrays(self, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Targets of the rows, and what is added to their outputs, see `with_offsets`."""
        if sp.issparse(targets):
            return self._sparse_target_arrays(targets)
        if not self.shape.offset:
            return {"targets": self._per_row("targets", targets)}
        return {
            "targets": self._per_row("targets", targets[_TARGET]),
            "offsets": self._per_row("offsets", targets[_OFFSET]),
        }

    def _sparse_target_arrays(self, targets: sp.csr_matrix) -> dict[str, np.ndarray]:
        """Columns and values of the targets' entries, and the row of each in its batch."""
        size = self.shape.batch_size
        ends = np.append(np.arange(0, targets.shape[0], size), targets.shape[0])
        starts = targets.indptr[ends]
        rows = np.arange(targets.shape[0], dtype=np.int32) % size
        of_entries: dict[str, tuple[np.ndarray, int, np.dtype | type]] = {
            "target_ids": (targets.indices, 0, np.int32),
            "target_rows": (np.repeat(rows, np.diff(targets.indptr)), size, np.int32),
            "target_values": (targets.data, 0, self._dtype),
        }
        return {
            name: self._lines(
                name,
                np.split(values, starts[1:-1]),
                self.shape.n_target_entries,
                padding,
                dtype,
            )
            for name, (values, padding, dtype) in of_entries.items()
        }

    def _row_arrays(self, rows: list[np.ndarray]) -> dict[str, np.ndarray]:
        """Rows of the table that each batch touches, and the decay of each."""
        width = self.shape.n_batch_rows
        assert width is not None
        padding = self.shape.n_table_rows - 1  # the table's last row, which is unused
        arrays = {"rows": self._lines("rows", rows, width, padding, np.int32)}
        if self._row_decay is not None:
            decay = [self._row_decay[distinct] for distinct in rows]
            arrays["decay"] = self._lines("decay", decay, width, 0, self._dtype)
        return arrays

    def _numbers(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers in their slots, as (n_batches, batch_size, n_slots)."""
        shape = self.shape
        out = self._array(
            "numbers", (shape.n_batches * shape.batch_size, shape.n_slots), self._dtype
        )
        out[: len(numbers), : numbers.shape[1]] = numbers  # slots behind stay the zeros they are
        out[len(numbers) :] = 0
        return out.reshape(shape.n_batches, shape.batch_size, shape.n_slots)

    def _number_ids(self, rows: list[np.ndarray]) -> np.ndarray:
        """Table row of each number's slot, as (n_batches, n_slots); among `rows` where given."""
        assert self._number_rows is not None
        known = self._number_rows < len(self._columns.used)
        lines = [self._number_rows] * self.shape.n_batches
        if self.shape.n_batch_rows is not None:
            # the last of a batch's rows is padding, unless all are taken: then it has no slot
            lines = [np.searchsorted(batch, self._number_rows) for batch in rows]
            lines = [np.where(known, line, self.shape.n_batch_rows - 1) for line in lines]
        return self._lines("number_ids", lines, self.shape.n_slots, 0, np.int32)

    def _thinned(
        self, X: sp.csr_matrix, values: np.ndarray, *, weighted: bool
    ) -> tuple[sp.csr_matrix, np.ndarray]:
        """Segments and weights without a random share of the terms; the others weigh more."""
        drawn = self._rng.random(X.nnz, np.float32) >= self._term_dropout
        scale = values.dtype.type(1 / (1 - self._term_dropout))
        numeric = None
        if (layout := self._pooling.layout) is not None and layout.summed.any():
            numeric = layout.numeric[X.indices]  # numbers are not terms: they stay as they are
            drawn |= numeric
        kept_before = np.zeros(X.nnz + 1, np.int32)
        np.cumsum(drawn, dtype=np.int32, out=kept_before[1:])
        kept = np.flatnonzero(drawn)  # taking at places is four times as fast as by a mask
        arrays = X.data.take(kept), X.indices.take(kept), kept_before[X.indptr]
        thin = sp.csr_matrix(arrays, shape=X.shape)
        if weighted:
            if numeric is not None:
                scale = np.where(numeric.take(kept), values.dtype.type(1), scale)
            return thin, values.take(kept) * scale
        if numeric is not None and layout is not None:
            of_fields = np.where(layout.summed, values.dtype.type(1), scale)
            scale = np.tile(of_fields, X.shape[0] // layout.n_fields)
        return thin, values * scale

    def _table_rows(self, ids: list[np.ndarray]) -> list[np.ndarray]:
        """Rows of the table that each batch touches: those of its entries and of numbers."""
        rows = [self._distinct(batch) for batch in ids]
        if self._number_rows is None:
            return rows
        used = self._number_rows[self._number_rows < len(self._columns.used)]
        return [np.union1d(batch, used) for batch in rows]

    def _distinct(self, ids: np.ndarray) -> np.ndarray:
        """Sorted distinct values of `ids`, without sorting where they are many."""
        if len(ids) * _FLAGS_PER_ID < len(self._touched):
            return np.unique(ids)
        self._touched[ids] = True
        rows = self._touched.nonzero()[0]
        self._touched[rows] = False
        return rows

    def _numbered(self, ids: list[np.ndarray], rows: list[np.ndarray]) -> Iterable[np.ndarray]:
        """Name each entry's table row: by its place among the batch's `rows` where given."""
        if self.shape.n_batch_rows is None:
            return ids
        numbers = np.arange(self.shape.n_batch_rows, dtype=np.int32)
        return (self._place_among(*batch, numbers) for batch in zip(ids, rows, strict=True))

    def _place_among(
        self, batch: np.ndarray, distinct: np.ndarray, numbers: np.ndarray
    ) -> np.ndarray:
        self._place[distinct] = numbers[: len(distinct)]
        return np.take(self._place, batch, mode="clip")

    def _grow(
        self,
        ids: list[np.ndarray],
        rows: list[np.ndarray],
        targets: Any,
        *,
        weighted: bool,
    ) -> None:
        """Enlarge the shape for a batch that does not fit."""
        n_entries, n_distinct = (max(map(len, lines), default=0) for lines in (ids, rows))
        shape = replace(self.shape, weighted=weighted)
        if n_entries > shape.n_entries:
            shape = replace(shape, n_entries=bucket(n_entries))
        if shape.n_batch_rows is not None and n_distinct > shape.n_batch_rows:
            shape = replace(shape, n_batch_rows=bucket(n_distinct))
        if sp.issparse(targets) and targets.shape[0]:
            of_batches = np.add.reduceat(
                np.diff(targets.indptr), np.arange(0, targets.shape[0], shape.batch_size)
            )
            if of_batches.max() > shape.n_target_entries:
                shape = replace(shape, n_target_entries=bucket(of_batches.max()))
        if shape != self.shape:
            self.shape, self._arrays, self._arrays_before = shape, {}, {}

    def _entries(
        self, name: str, batches: Iterable[np.ndarray], padding: int, dtype: np.dtype | type
    ) -> np.ndarray:
        """Something of each entry, as (n_batches, n_entries)."""
        return self._lines(name, batches, self.shape.n_entries, padding, dtype)

    def _lines(
        self,
        name: str,
        batches: Iterable[np.ndarray],
        width: int,
        padding: int,
        dtype: np.dtype | type,
    ) -> np.ndarray:
        """Arrays of the batches with `padding` behind each, as (n_batches, width)."""
        out = self._array(name, (self.shape.n_batches, width), dtype)
        for line, values in zip(out, batches, strict=False):
            line[: len(values)] = values
            line[len(values) :] = padding
        return out

    def _per_row(self, name: str, values: np.ndarray, per_batch: int | None = None) -> np.ndarray:
        """Values of rows as (n_batches, batch_size, ...), zero where there is no row.

        `per_batch` is the number of a batch's values where that is another one.
        """
        dtype = self._dtype if values.dtype.kind == "f" else values.dtype
        shape = self.shape.n_batches, per_batch or self.shape.batch_size
        out = self._array(name, (shape[0] * shape[1], *values.shape[1:]), dtype)
        out[: len(values)] = values
        out[len(values) :] = 0
        return out.reshape(*shape, *values.shape[1:])

    def _per_batch(self, name: str, values: np.ndarray) -> np.ndarray:
        out = self._array(name, (self.shape.n_batches,), self._dtype)
        out[: len(values)] = values
        out[len(values) :] = 0
        return out

    def _array(self, name: str, shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
        """The array of the last call but one, or a new one."""
        if name not in self._arrays:
            self._arrays[name] = aligned(shape, np.dtype(dtype))
        return self._arrays[name]


def aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """New array of zeros whose address TensorFlow takes as it is, without a copy."""
    n_bytes = math.prod(shape) * dtype.itemsize
    room = np.zeros(n_bytes + _ALIGNMENT, np.uint8)
    start = -room.ctypes.data % _ALIGNMENT
    return room[start : start + n_bytes].view(dtype).reshape(shape)


def _segment_numbers(lengths: np.ndarray, shape: BatchShape) -> np.ndarray:
    """Place in its batch of the segment (nnz,) of each entry."""
    numbers = np.arange(len(lengths)) % shape.n_segments
    return np.repeat(numbers.astype(shape.segment_dtype), lengths)


class OneAhead(Iterator[T]):
    """Iterates over items; a thread makes each while its predecessor is in use."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._lent = ExitStack()
        self._worker = self._lent.enter_context(workers(1))
        self._end = object()
        self._coming = self._worker.submit(next, items, self._end)

    def __next__(self) -> T:
        item = self._coming.result()
        if item is self._end:
            raise StopIteration
        self._coming = self._worker.submit(next, self._items, self._end)
        return item  # type: ignore[return-value]

    def close(self) -> None:
        """Wait for the item that is being made, and give the thread back."""
        wait([self._coming])
        self._lent.close()
