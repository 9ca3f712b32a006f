"""CSR rows to chunks of batches whose shapes are fixed, as a compiled program needs them."""

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp

from skembed.network._mixed_rows import Features, MixedRows, NumberSlots, terms_of
from skembed.network._pooling import Pooling, has_uniform_values
from skembed.network._used_columns import Columns
from skembed.parallel._worker_threads import workers

# Entries of a chunk: large enough to hide the cost of calling the program, small
# enough that the two or three chunks alive at a time take some tens of megabytes.
_CHUNK_ENTRIES = 2**20
_MAX_BATCHES = 256
# Room over what a batch is expected to hold, in standard deviations, and over the distinct
# columns, which topics make vary together, as a share.
_MARGIN = 4.0
_TOPIC_MARGIN = 0.04
# The table is updated row by row where a batch touches at most this share of it.
# Below it the gather and scatter of rows cost less than passing over all of them.
_SPARSE_SHARE = 0.4
_SPARSE_MIN_ROWS = 4096

# Bytes that the addresses of arrays are multiples of, as TensorFlow wants them.
_ALIGNMENT = 64
# Flags that are looked through in the time that sorting one id takes.
_FLAGS_PER_ID = 50

T = TypeVar("T")


def bucket(size: float) -> int:
    """Smallest of the numbers 8, 9, ..., 15 times a power of two (or below 8) not under `size`."""
    number = max(1, int(np.ceil(size)))
    step = 1 << max(0, number.bit_length() - 4)
    return -(-number // step) * step


def _narrow(n: int) -> type:
    """Smallest of the two types that hold n numbers: what is copied is mostly numbers."""
    return np.uint16 if n <= 2**16 else np.int32


@dataclass(frozen=True)
class BatchShape:
    """What a compiled program must know of the arrays it gets."""

    batch_size: int
    n_batches: int  # batches of a chunk
    n_entries: int  # stored entries of a batch, padding included
    n_table_rows: int  # rows of the embedding table, padding included
    n_batch_rows: int | None  # table rows that a batch touches; None: all are updated
    weighted: bool = True  # whether entries have weights of their own, or segments a scale
    n_fields: int = 1  # segments of a row
    sized: bool = False  # whether the dense layers get the segments' sizes
    n_number_fields: int = 0  # fields of numbers, which are no segments
    n_slots: int = 0  # numbers of a row, padding included

    @property
    def n_segments(self) -> int:
        """Segments of a batch, each pooled into one vector."""
        return self.batch_size * self.n_fields

    @property
    def segment_dtype(self) -> type:
        """Integers that number the segments, and a further one for padding."""
        return _narrow(self.n_segments + 1)

    @property
    def id_dtype(self) -> type:
        """Integers that number the rows of the table, or those that a batch touches."""
        return _narrow(self.n_batch_rows or self.n_table_rows)

    @property
    def row_sparse(self) -> bool:
        """Whether a step gathers, updates and scatters only the rows of its batch."""
        return self.n_batch_rows is not None


@dataclass(frozen=True)
class RowLengths:
    """Moments of the numbers of entries in the rows."""

    n_rows: int
    mean: float
    deviation: float
    longest: int

    @classmethod
    def of(cls, X: sp.csr_matrix) -> "RowLengths":
        """Measure canonical CSR rows."""
        lengths = np.diff(X.indptr)
        return cls(len(lengths), float(lengths.mean()), float(lengths.std()), int(lengths.max()))

    @classmethod
    def merged(cls, parts: Iterable["RowLengths"]) -> "RowLengths":
        """Moments of the rows of all parts together."""
        parts = list(parts)
        n_rows = sum(part.n_rows for part in parts)
        mean = sum(part.n_rows * part.mean for part in parts) / n_rows
        square = sum(part.n_rows * (part.mean**2 + part.deviation**2) for part in parts) / n_rows
        deviation = float(np.sqrt(max(square - mean**2, 0)))
        return cls(n_rows, mean, deviation, max(part.longest for part in parts))


def plan_shape(
    row_lengths: RowLengths,
    columns: Columns,
    batch_size: int,
    *,
    allow_row_sparse: bool,
    dealt: bool = True,
    weighted: bool = True,
    term_dropout: float = 0.0,
    n_fields: int = 1,
    sized: bool = False,
    slots: NumberSlots | None = None,
) -> BatchShape:
    """Choose the shape for rows with entries in `columns`.

    Only moments go in, so that folds and shuffles of the same data share a shape.
    `dealt` tells whether `dealt_batches` has made the batches alike, `weighted` whether
    entries differ in value; a share `term_dropout` of the entries will be left out.
    `slots` are those of numbers that come as a dense block.
    """
    n_rows = row_lengths.n_rows
    batch_size = int(min(batch_size, bucket(n_rows)))
    n_entries = _most_entries(row_lengths, min(batch_size, n_rows), dealt=dealt)
    if term_dropout:
        spread = np.sqrt(n_entries * term_dropout * (1 - term_dropout))
        n_entries = min(n_entries, (1 - term_dropout) * n_entries + _MARGIN * spread)
    n_table_rows = bucket(len(columns.used) + 1)
    n_batch_rows = None
    if allow_row_sparse and n_table_rows >= _SPARSE_MIN_ROWS:
        touched = touch_shares(columns, n_rows, batch_size, term_dropout).sum()
        touched += _TOPIC_MARGIN * touched + _MARGIN * np.sqrt(touched)
        if not dealt:
            touched *= n_entries / max(batch_size * row_lengths.mean, 1)
        if touched <= _SPARSE_SHARE * n_table_rows:
            n_batch_rows = bucket(min(touched, n_entries))
    wanted = _power_of_two(-(-n_rows // batch_size))
    fitting = max(1, _power_of_two(int(_CHUNK_ENTRIES / max(n_entries, 1)) + 1) // 2)
    n_batches = min(wanted, fitting, _MAX_BATCHES)
    return BatchShape(
        batch_size,
        n_batches,
        bucket(n_entries),
        n_table_rows,
        n_batch_rows,
        weighted,
        n_fields,
        sized,
        0 if slots is None else slots.n_fields,
        0 if slots is None else slots.n_slots,
    )


def _power_of_two(number: int) -> int:
    """Smallest power of two not under `number`."""
    return 1 << max(0, number - 1).bit_length()


def _most_entries(lengths: RowLengths, batch_size: int, *, dealt: bool) -> float:
    """Entries of a batch that hardly any exceeds."""
    expected = batch_size * lengths.mean
    if batch_size >= lengths.n_rows:
        return expected
    longest = lengths.longest - lengths.mean
    if dealt:
        return expected + longest  # a bound, see `dealt_batches`
    deviation = lengths.deviation * np.sqrt(batch_size * (1 - batch_size / lengths.n_rows))
    return expected + _MARGIN * deviation + longest  # the sum of few skewed lengths is skewed


def touch_shares(columns: Columns, n_rows: int, batch_size: int, term_dropout: float) -> np.ndarray:
    """Share (n_used,) of the batches of rows drawn at random that have an entry in a column."""
    if batch_size >= n_rows and not term_dropout:
        return np.ones(len(columns.used))
    share = np.minimum((1 - term_dropout) * columns.counts / n_rows, 1 - 1e-9)
    return -np.expm1(min(batch_size, n_rows) * np.log1p(-share))


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
        self._rng = np.random.default_rng([seed, 1])
        self._columns = columns
        self._pooling = pooling
        self._dtype = dtype
        self._arrays: dict[str, np.ndarray] = {}
        self._arrays_before: dict[str, np.ndarray] = {}
        if shape.row_sparse:
            self._place = np.empty(len(columns.used), np.int32)
            self._touched = np.zeros(len(columns.used), bool)

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
        self._grow(ids, rows, weighted=weighted)
        segments = _segment_numbers(np.diff(X.indptr), self.shape)
        arrays = {
            "ids": self._entries("ids", self._numbered(ids, rows), 0, self.shape.id_dtype),
            "segments": self._entries(
                "segments",
                np.split(segments, starts[1:-1]),
                self.shape.n_segments,
                self.shape.segment_dtype,
            ),
            "targets": self._per_row("targets", targets),
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

    def _grow(self, ids: list[np.ndarray], rows: list[np.ndarray], *, weighted: bool) -> None:
        """Enlarge the shape for a batch that does not fit."""
        n_entries, n_distinct = (max(map(len, lines), default=0) for lines in (ids, rows))
        shape = replace(self.shape, weighted=weighted)
        if n_entries > shape.n_entries:
            shape = replace(shape, n_entries=bucket(n_entries))
        if shape.n_batch_rows is not None and n_distinct > shape.n_batch_rows:
            shape = replace(shape, n_batch_rows=bucket(n_distinct))
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
