"""Shapes of batches: what a compiled program must know of its arrays, planned by few numbers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from skembed.network._mixed_rows import NumberSlots
from skembed.network._used_columns import Columns

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

# Data of at most so many entries has shapes with more room, so that it needs few programs.
_SMALL_ENTRIES = 2**18
# Entries of a batch, or rows of a table, from which on small data has room like other data.
_FINE = 2**13


def bucket(size: float) -> int:
    """Smallest of the numbers 8, 9, ..., 15 times a power of two (or below 8) not under `size`."""
    number = max(1, int(np.ceil(size)))
    step = 1 << max(0, number.bit_length() - 4)
    return -(-number // step) * step


def roomy(size: float) -> int:
    """Smallest power of four not under `size`, from 256 on of two, of much a `bucket`."""
    if size > _FINE:
        return bucket(size)
    power = max(6, int(np.ceil(np.log2(max(size, 1)))))
    return 1 << (power + power % 2 if power <= 8 else power)


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
    offset: bool = False  # whether something is added to the outputs of each row
    n_target_entries: int = 0  # of a batch, where targets are sparse rows; 0: they are dense

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
    n_counted: int | None = None,
    allow_row_sparse: bool,
    dealt: bool = True,
    weighted: bool = True,
    term_dropout: float = 0.0,
    n_fields: int = 1,
    sized: bool = False,
    slots: NumberSlots | None = None,
    offset: bool = False,
    target_lengths: RowLengths | None = None,
    n_workers: int = 1,
    joint: bool = False,
) -> BatchShape:
    """Choose the shape for rows with entries in `columns`.

    Only moments go in, so that folds and shuffles of the same data share a shape. Small data
    has few shapes: compiling one takes longer than many fits do.
    `dealt` tells whether `dealt_batches` has made the batches alike, `weighted` whether
    entries differ in value; a share `term_dropout` of the entries will be left out.
    `slots` are those of numbers that come as a dense block, and `n_counted` rows are those
    that `columns` counts, if it counts others. `target_lengths` are those of sparse targets.
    The batches are dealt out to `n_workers`; with `joint` all of them update the rows of the
    table that any of them touches.
    """
    n_rows = row_lengths.n_rows
    small = n_rows * row_lengths.mean <= _SMALL_ENTRIES
    room = roomy if small else bucket
    term_dropout = 0.0 if small else term_dropout
    batch_size = -(-int(min(batch_size, bucket(n_rows))) // n_workers)
    updated_by = batch_size * n_workers if joint else batch_size
    n_entries = _kept_entries(row_lengths, updated_by, term_dropout, dealt=dealt)
    whole = dealt and n_workers == 1  # parts of dealt batches are not dealt themselves
    n_own_entries = _kept_entries(row_lengths, batch_size, term_dropout, dealt=whole)
    n_table_rows = room(len(columns.used) + 1)
    longer = 1.0 if dealt else n_entries / max(updated_by * row_lengths.mean, 1)
    n_batch_rows = None
    if allow_row_sparse and n_table_rows >= _SPARSE_MIN_ROWS:
        touched = touch_shares(columns, n_counted or n_rows, updated_by, term_dropout).sum()
        n_batch_rows = _batch_rows(touched, longer, n_entries, n_table_rows)
    n_target_entries = _target_entries(target_lengths, min(batch_size, n_rows), room)
    n_batches = -(-n_rows // (batch_size * n_workers))
    return BatchShape(
        batch_size,
        _batches_of_chunk(n_batches, max(n_own_entries, n_target_entries)),
        room(n_own_entries),
        n_table_rows,
        n_batch_rows,
        weighted,
        n_fields,
        sized,
        0 if slots is None else slots.n_fields,
        0 if slots is None else slots.n_slots,
        offset,
        n_target_entries,
    )


def _target_entries(lengths: RowLengths | None, n_rows: int, room: Callable[[float], int]) -> int:
    """Entries of a batch's sparse targets, with room; 0 of dense ones."""
    if lengths is None:
        return 0
    return room(max(_most_entries(lengths, n_rows, dealt=False), 1))  # dealt by other lengths


def _batch_rows(touched: float, longer: float, n_entries: float, n_table_rows: int) -> int | None:
    """Room for the table's rows that a batch touches; None where updating all is as good.

    `touched` are expected on average, and `longer` times as many in the longest batch.
    """
    touched += _TOPIC_MARGIN * touched + _MARGIN * np.sqrt(touched)
    touched *= longer
    if touched > _SPARSE_SHARE * n_table_rows:
        return None
    return bucket(min(touched, n_entries))


def _batches_of_chunk(n_wanted: int, n_entries: float) -> int:
    """Batches of a chunk, of so many entries each: as many as there are, if they fit."""
    fitting = max(1, _power_of_two(int(_CHUNK_ENTRIES / max(n_entries, 1)) + 1) // 2)
    return min(_power_of_two(n_wanted), fitting, _MAX_BATCHES)


def _power_of_two(number: int) -> int:
    """Smallest power of two not under `number`."""
    return 1 << max(0, number - 1).bit_length()


def _kept_entries(
    lengths: RowLengths, batch_size: int, term_dropout: float, *, dealt: bool
) -> float:
    """Entries of a batch that hardly any exceeds, without those that are left out."""
    n_entries = _most_entries(lengths, min(batch_size, lengths.n_rows), dealt=dealt)
    if not term_dropout:
        return n_entries
    spread = np.sqrt(n_entries * term_dropout * (1 - term_dropout))
    return min(n_entries, (1 - term_dropout) * n_entries + _MARGIN * spread)


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
