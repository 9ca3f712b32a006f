"""CSR rows to chunks of batches whose shapes are fixed, as a compiled program needs them."""

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import scipy.sparse as sp

from skembed._pooling import entry_weights, row_of_entry

# Entries of a chunk: large enough to hide the cost of calling the program, small
# enough that the two or three chunks alive at a time take some tens of megabytes.
_CHUNK_ENTRIES = 2**20
_MAX_BATCHES = 256
# Room over the expected size of a batch, in standard deviations.
_MARGIN = 4.0
# The table is updated row by row where a batch touches at most this share of it.
# Below it the gather and scatter of rows cost less than passing over all of them.
_SPARSE_SHARE = 0.4
_SPARSE_MIN_ROWS = 4096

T = TypeVar("T")


def bucket(size: float) -> int:
    """Smallest of the numbers 8, 9, ..., 15 times a power of two (or below 8) not under `size`."""
    number = max(1, int(np.ceil(size)))
    step = 1 << max(0, number.bit_length() - 4)
    return -(-number // step) * step


@dataclass(frozen=True)
class BatchShape:
    """What a compiled program must know of the arrays it gets."""

    batch_size: int
    n_batches: int  # batches of a chunk
    n_entries: int  # stored entries of a batch, padding included
    n_table_rows: int  # rows of the embedding table, padding included
    n_batch_rows: int | None  # table rows that a batch touches; None: all are updated

    @property
    def row_sparse(self) -> bool:
        """Whether a step gathers, updates and scatters only the rows of its batch."""
        return self.n_batch_rows is not None


@dataclass(frozen=True)
class Columns:
    """The columns of X that have entries, numbered without gaps."""

    used: np.ndarray  # (n_used,) their numbers, ascending
    counts: np.ndarray  # (n_used,) entries in each
    numbers: np.ndarray | None  # (n_features,) int32 place in `used`; None: all are used

    @classmethod
    def of(cls, X: sp.csr_matrix) -> "Columns":
        """Find the used columns of canonical CSR rows."""
        return cls.from_counts(np.bincount(X.indices, minlength=X.shape[1]))

    @classmethod
    def from_counts(cls, counts: np.ndarray) -> "Columns":
        """Number the columns whose count of entries (n_features,) is not zero."""
        used = np.flatnonzero(counts)
        if len(used) == len(counts):
            return cls(used, counts, None)
        numbers = np.zeros(len(counts), np.int32)
        numbers[used] = np.arange(len(used), dtype=np.int32)
        return cls(used, counts[used], numbers)

    def compact(self, indices: np.ndarray) -> np.ndarray:
        """Numbers of the columns `indices` among the used ones."""
        return indices if self.numbers is None else self.numbers[indices]


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
    row_lengths: RowLengths, columns: Columns, batch_size: int, *, allow_row_sparse: bool
) -> BatchShape:
    """Choose the shape for rows with entries in `columns`.

    Only moments go in, so that folds and shuffles of the same data share a shape.
    """
    n_rows = row_lengths.n_rows
    batch_size = int(min(batch_size, bucket(n_rows)))
    expected, n_entries = _expected_entries(row_lengths, min(batch_size, n_rows))
    n_table_rows = bucket(len(columns.used) + 1)
    n_batch_rows = None
    if allow_row_sparse and n_table_rows >= _SPARSE_MIN_ROWS:
        touched = _expected_columns(columns, n_rows, batch_size) * n_entries / max(expected, 1)
        if touched <= _SPARSE_SHARE * n_table_rows:
            n_batch_rows = bucket(min(touched, n_entries))
    wanted = _power_of_two(-(-n_rows // batch_size))
    fitting = max(1, _power_of_two(int(_CHUNK_ENTRIES / max(n_entries, 1)) + 1) // 2)
    n_batches = min(wanted, fitting, _MAX_BATCHES)
    return BatchShape(batch_size, n_batches, bucket(n_entries), n_table_rows, n_batch_rows)


def _power_of_two(number: int) -> int:
    """Smallest power of two not under `number`."""
    return 1 << max(0, number - 1).bit_length()


def _expected_entries(lengths: RowLengths, batch_size: int) -> tuple[float, float]:
    """Entries of a batch: their expectation, and a size that hardly any batch exceeds."""
    expected = batch_size * lengths.mean
    if batch_size >= lengths.n_rows:
        return expected, expected
    deviation = lengths.deviation * np.sqrt(batch_size * (1 - batch_size / lengths.n_rows))
    skew = lengths.longest - lengths.mean  # the sum of few skewed lengths is skewed
    return expected, expected + _MARGIN * deviation + skew


def _expected_columns(columns: Columns, n_rows: int, batch_size: int) -> float:
    """Distinct columns that a batch of rows drawn at random touches, in expectation."""
    if batch_size >= n_rows:
        return float(len(columns.used))
    share = np.minimum(columns.counts / n_rows, 1 - 1e-9)
    return float(-np.expm1(batch_size * np.log1p(-share)).sum())


@dataclass
class Chunk:
    """Some batches as padded arrays; `arrays` is what the compiled program takes."""

    shape: BatchShape
    batch_rows: np.ndarray  # (n_batches,) rows of each batch
    arrays: dict[str, np.ndarray]
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
    """Packs rows; its shape grows when a batch is larger than was planned."""

    def __init__(self, shape: BatchShape, columns: Columns, combiner: str, dtype: np.dtype) -> None:
        self.shape = shape
        self._columns = columns
        self._combiner = combiner
        self._dtype = dtype
        self._place = np.empty(len(columns.used), np.int32) if shape.row_sparse else None

    @property
    def chunk_rows(self) -> int:
        """Rows that fill a chunk."""
        return self.shape.batch_size * self.shape.n_batches

    def pack(self, X: sp.csr_matrix, targets: np.ndarray, weights: np.ndarray) -> Chunk:
        """Pack at most `chunk_rows` rows with their targets and weights into batches."""
        batch_size, n_rows = self.shape.batch_size, X.shape[0]
        ends = np.append(np.arange(0, n_rows, batch_size), n_rows)
        starts, batch_rows = X.indptr[ends], np.diff(ends)
        indices = self._columns.compact(X.indices)
        rows, distinct = self._distinct_rows(indices, starts)
        self._grow(np.diff(starts).max(), max((len(d) for d in distinct), default=0))
        arrays = {
            "ids": self._padded(rows if distinct else indices, starts, 0, np.int32),
            "segments": self._padded(
                row_of_entry(X.indptr) % batch_size, starts, batch_size, np.int32
            ),
            "values": self._padded(entry_weights(X, self._combiner), starts, 0, self._dtype),
            "targets": self._per_row(targets),
            "weights": self._per_row(weights / np.repeat(batch_rows, batch_rows)),
            "batch_rows": self._per_batch(batch_rows),
        }
        if distinct:
            arrays["rows"] = self._padded_rows(distinct)
        return Chunk(self.shape, batch_rows, arrays)

    def _distinct_rows(
        self, indices: np.ndarray, starts: np.ndarray
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Entries as places in their batch's list of distinct table rows, and those lists."""
        if self._place is None:
            return indices, []
        places, distinct = np.empty(len(indices), np.int32), []
        for start, end in zip(starts[:-1], starts[1:], strict=True):
            batch = indices[start:end]
            entry = np.arange(len(batch), dtype=np.int32)
            self._place[batch] = entry  # of equal ids the last one stays: one entry an id
            ids = batch[self._place[batch] == entry]
            self._place[ids] = np.arange(len(ids), dtype=np.int32)
            places[start:end] = self._place[batch]
            distinct.append(ids)
        return places, distinct

    def _grow(self, n_entries: int, n_distinct: int) -> None:
        """Enlarge the shape for a batch that does not fit."""
        if n_entries > self.shape.n_entries:
            self.shape = replace(self.shape, n_entries=bucket(n_entries))
        if self.shape.n_batch_rows is not None and n_distinct > self.shape.n_batch_rows:
            self.shape = replace(self.shape, n_batch_rows=bucket(n_distinct))

    def _padded(
        self, values: np.ndarray, starts: np.ndarray, padding: int, dtype: np.dtype | type
    ) -> np.ndarray:
        """Values as (n_batches, n_entries): the batches begin at `starts`."""
        out = np.empty((self.shape.n_batches, self.shape.n_entries), dtype)
        for line, start, end in zip(out, starts[:-1], starts[1:], strict=False):
            line[: end - start] = values[start:end]
            line[end - start :] = padding
        return out

    def _padded_rows(self, distinct: list[np.ndarray]) -> np.ndarray:
        """Distinct table rows a batch; padding names the table's last row, which is unused."""
        size = (self.shape.n_batches, self.shape.n_batch_rows or 0)
        out = np.empty(size, np.int32)
        for line, ids in zip(out, distinct, strict=False):
            line[: len(ids)] = ids
            line[len(ids) :] = self.shape.n_table_rows - 1
        return out

    def _per_row(self, values: np.ndarray) -> np.ndarray:
        """Values of rows as (n_batches, batch_size, ...), zero where there is no row."""
        dtype = self._dtype if values.dtype.kind == "f" else values.dtype
        out = np.zeros((self.chunk_rows, *values.shape[1:]), dtype)
        out[: len(values)] = values
        return out.reshape(self.shape.n_batches, self.shape.batch_size, *values.shape[1:])

    def _per_batch(self, values: np.ndarray) -> np.ndarray:
        out = np.zeros(self.shape.n_batches, self._dtype)
        out[: len(values)] = values
        return out


def one_ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """Yield the items; a thread makes each while its predecessor is in use."""
    done = object()
    with ThreadPoolExecutor(1, thread_name_prefix="skembed-pack") as thread:
        future = thread.submit(next, items, done)
        while (item := future.result()) is not done:
            future = thread.submit(next, items, done)
            yield item  # type: ignore[misc]
