"""Where the rows of an epoch come from: arrays in memory, or chunks read anew each epoch."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Protocol, TypeVar

import numpy as np
import scipy.sparse as sp

from skembed.distribution._agreement import together
from skembed.distribution._cluster import Cluster
from skembed.network._linear_model import LinearModel
from skembed.network._mixed_rows import Features, MixedRows, NumberSlots, split_rows, terms_of
from skembed.network._pooling import Pooling
from skembed.network._used_columns import Columns
from skembed.training._batch_shape import RowLengths
from skembed.training._batches import dealt_batches, with_offsets
from skembed.training._first_pass import Survey
from skembed.training._joint_first_pass import join_first_pass
from skembed.training._targets import Targets, Task

T = TypeVar("T")
Rows = tuple[Features, np.ndarray, np.ndarray]  # features, targets, weights


class Source(Protocol):
    """Rows that can be passed over more than once."""

    columns: Columns
    row_lengths: RowLengths
    dtype: np.dtype
    deals_all: bool  # whether all rows of an epoch are dealt to its batches, not parts of them
    weighted: bool  # whether entries differ in value
    pooling: Pooling
    slots: NumberSlots | None  # of numbers that come as a dense block, if any do
    offset: bool  # whether targets come with offsets, see `with_offsets`
    target_lengths: RowLengths | None  # entries of the targets' rows, where these are sparse
    weighs: bool  # whether the entries of pieces are their weights in the pooling, once and for all
    shared_out: bool  # whether each of several workers has rows of its own

    @property
    def mean_sizes(self) -> np.ndarray | None:
        """Mean size (n_fields,) of the rows' segments, where it is known."""

    @property
    def pooled_size(self) -> float:
        """Root mean square length of the rows' weights in the pooling."""

    def pieces(
        self, rng: np.random.Generator, sizes: Iterator[int], batch_size: int
    ) -> Iterator[tuple[Rows, bool]]:
        """Yield the rows of one epoch, and whether they are its last ones.

        `sizes` gives the maximum number of rows of each piece.
        """

    def parts(self) -> Iterator[Rows]:
        """Yield all rows once, as they come."""


class ArraySource:
    """Rows in memory, in a new random order each epoch."""

    deals_all = True
    shared_out = False

    def __init__(
        self,
        X: Features,
        targets: np.ndarray,
        weights: np.ndarray,
        columns: Columns,
        row_lengths: RowLengths,
        pooling: Pooling,
        *,
        weighted: bool,
    ) -> None:
        self._rows = X, targets, weights
        self.slots = NumberSlots.of(pooling.layout)
        layout = pooling.of_terms.layout
        self.weighs = (
            weighted and isinstance(X, MixedRows) and layout is not None and layout.ascends
        )
        self.columns = columns
        self.row_lengths = row_lengths
        self.offset = targets.dtype.names is not None
        self.target_lengths = RowLengths.of(targets) if sp.issparse(targets) else None
        self.dtype = X.dtype
        self.weighted = weighted
        self.pooling = pooling

    @cached_property
    def pooled_size(self) -> float:
        """Root mean square length of the rows' weights in the pooling."""
        X, _, weights = self._rows
        pooling = self.pooling if self.slots is None else self.pooling.of_terms
        squares = pooling.square_lengths(terms_of(X))
        if isinstance(X, MixedRows):
            squares = squares + np.einsum("ij,ij->i", X.numbers, X.numbers)
        return float(np.sqrt(np.average(squares, weights=weights))) or 1.0

    @property
    def mean_sizes(self) -> np.ndarray:
        """Mean size (n_fields,) of the rows' segments."""
        X, _, weights = self._rows
        pooling = self.pooling if self.slots is None else self.pooling.of_terms
        sizes = pooling.sizes(pooling.segments(terms_of(X))).reshape(X.shape[0], -1)
        means = np.average(sizes, axis=0, weights=weights).astype(X.dtype)
        return np.pad(means, (0, self.pooling.n_fields - len(means)))  # numbers have none

    def pieces(
        self, rng: np.random.Generator, sizes: Iterator[int], batch_size: int
    ) -> Iterator[tuple[Rows, bool]]:
        """Yield the rows of one epoch, and whether they are its last ones.

        `sizes` gives the maximum number of rows of each piece.
        """
        yield from _shuffled(self._ready, rng, sizes, batch_size)

    @cached_property
    def _ready(self) -> Rows:
        """The rows, with the weights of their entries in the pooling where that saves time."""
        X, targets, weights = self._rows
        if self.weighs and isinstance(X, MixedRows):
            pooling = self.pooling.of_terms
            segments = pooling.segments(X.terms)
            data = pooling.entry_weights(segments)
            terms = sp.csr_matrix((data, X.terms.indices, X.terms.indptr), shape=X.shape)
            X = replace(X, terms=terms, sizes=pooling.sizes(segments).reshape(X.shape[0], -1))
        return X, targets, weights

    def parts(self) -> Iterator[Rows]:
        """Yield all rows once."""
        yield self._rows


class ChunkSource:
    """Rows that are read in chunks, anew each epoch; only rows of one chunk are mixed.

    Parameters
    ----------
    read : callable
        Takes a generator that draws the order, or None for the natural one, and returns an
        iterable over the chunks.
    columns, row_lengths : Columns, RowLengths
        Found in a first pass over them.
    dtype : dtype
        Type of the features.
    weighted : bool
        Whether entries differ in value.
    pooled_size : float
        Root mean square length of the rows' weights in the pooling.
    pooling : Pooling
        How rows are pooled.
    own_rows : int
        Rows of a pass; fewer than those of `row_lengths` where each worker has rows of its own.
    """

    deals_all = False

    def __init__(
        self,
        read: Callable[[np.random.Generator | None], Iterable[Rows]],
        columns: Columns,
        row_lengths: RowLengths,
        dtype: np.dtype,
        *,
        weighted: bool,
        pooled_size: float,
        pooling: Pooling,
        offset: bool = False,
        target_lengths: RowLengths | None = None,
        own_rows: int | None = None,
    ) -> None:
        self._read = read
        self._own_rows = row_lengths.n_rows if own_rows is None else own_rows
        self.shared_out = own_rows is not None
        self.columns = columns
        self.row_lengths = row_lengths
        self.dtype = dtype
        self.weighted = weighted
        self.pooled_size = pooled_size
        self.pooling = pooling
        self.offset = offset
        self.target_lengths = target_lengths
        self.mean_sizes = None  # would take another pass
        self.slots: NumberSlots | None = None  # numbers are entries as terms are
        self.weighs = False

    def pieces(
        self, rng: np.random.Generator, sizes: Iterator[int], batch_size: int
    ) -> Iterator[tuple[Rows, bool]]:
        """Yield the rows of one epoch, and whether they are its last ones.

        `sizes` gives the maximum number of rows of each piece.
        """
        n_rows = 0
        for rows, ends in _with_last(self._read(rng)):
            n_rows += rows[0].shape[0]
            self._check_columns(rows[0])
            if ends:
                self._check_number(n_rows)
            for piece, last in _shuffled(rows, rng, sizes, batch_size):
                yield piece, ends and last
            del rows  # or there would be three chunks while the next but one is read
        self._check_number(n_rows)  # there may have been none

    def parts(self) -> Iterator[Rows]:
        """Yield all rows once, chunk by chunk."""
        for rows in self._read(None):
            self._check_columns(rows[0])
            yield rows

    def _check_number(self, n_rows: int) -> None:
        """Refuse an epoch of more or fewer rows than the first pass had."""
        if n_rows != (expected := self._own_rows):
            raise ValueError(
                f"The stream yielded {n_rows} rows, but {expected} in its first pass; it must "
                "yield the same rows in each pass."
            )

    def _check_columns(self, X: sp.csr_matrix) -> None:
        """Refuse entries in columns for which the table has no row."""
        if self.columns.numbers is None or not X.nnz:
            return
        new = self.columns.compact(X.indices) == len(self.columns.used)
        if new.any():
            raise ValueError(
                f"The stream has entries in column {X.indices[new][0]}, which was empty in its "
                "first pass; it must yield the same rows in each pass."
            )


def array_source(
    rows: Rows, task: Task, pooling: Pooling, offsets: np.ndarray | None = None
) -> tuple[ArraySource, Targets]:
    """Survey checked rows in memory; their source, and the targets.

    `offsets` (n_samples, n_outputs) are added to the outputs, in the units of y.
    """
    tally = task.tally()
    X, y, weights = rows
    X = split_rows(X, NumberSlots.of(pooling.layout))
    survey = Survey.of(
        [(X, y, weights)], tally
    )  # the source tells the pooled size where it is wanted
    targets = task.targets(survey, tally)
    encoded = targets.encode(y, X.dtype)
    if offsets is not None:
        encoded = with_offsets(encoded, (offsets / targets.unit).astype(X.dtype))
    source = ArraySource(
        X,
        encoded,
        targets.weights(y, weights),
        survey.columns,
        survey.row_lengths,
        pooling,
        weighted=survey.weighted,
    )
    return source, targets


def term_lengths(X: Features, pooling: Pooling) -> RowLengths:
    """Numbers of entries in the rows, but for numbers that come as a dense block."""
    return RowLengths.of(terms_of(split_rows(X, NumberSlots.of(pooling.layout))))


def stream_source(
    read: Callable[[np.dtype | None, np.random.Generator | None], Iterator[Rows]],
    task: Task,
    pooling: Callable[[], Pooling],
    linear: LinearModel | None = None,
    *,
    cluster: Cluster | None = None,
    shared_out: bool = False,
) -> tuple[ChunkSource, Targets]:
    """Survey a stream of checked rows; the source that reads it each epoch, and the targets.

    `read` starts a pass, of which all rows have the given type, if any, in the order that the
    generator draws, if any; `pooling` is asked for when the first chunk has been read. The
    outputs of the linear model are added to those of the network. With `shared_out`, each
    worker of the cluster has rows of its own.
    """
    tally = task.tally()
    survey = together(cluster, lambda: Survey.of(read(None, None), tally, pooling))
    own_rows = None
    if cluster is not None and shared_out:
        own_rows = survey.row_lengths.n_rows
        survey, tally = join_first_pass(cluster, survey, tally, task.tally())
    targets = together(cluster, lambda: task.targets(survey, tally))

    def encoded_rows(rng: np.random.Generator | None) -> Iterator[Rows]:
        for X, y, weights in read(survey.dtype, rng):
            encoded = targets.encode(y, X.dtype)
            if linear is not None:
                assert sp.issparse(X)
                encoded = with_offsets(encoded, (linear.outputs(X) / targets.unit).astype(X.dtype))
            yield X, encoded, targets.weights(y, weights)

    source = ChunkSource(
        encoded_rows,
        survey.columns,
        survey.row_lengths,
        survey.dtype,
        weighted=survey.weighted,
        pooled_size=survey.pooled_size,
        pooling=pooling(),
        offset=linear is not None,
        target_lengths=targets.entry_lengths,
        own_rows=own_rows,
    )
    return source, targets


def _shuffled(
    rows: Rows, rng: np.random.Generator, sizes: Iterator[int], batch_size: int
) -> Iterator[tuple[Rows, bool]]:
    X, targets, weights = rows
    lengths = np.diff(terms_of(X).indptr)
    order = dealt_batches(lengths, batch_size, rng)
    start = 0
    while start < X.shape[0]:
        chosen = order[start : start + next(sizes)]
        start += len(chosen)
        yield (X[chosen], targets[chosen], weights[chosen]), start == X.shape[0]


def _with_last(items: Iterable[T]) -> Iterator[tuple[T, bool]]:
    """Each item, and whether it is the last."""
    iterator = iter(items)
    item = next(iterator, None)
    while item is not None:
        following = next(iterator, None)
        yield item, following is None
        item = following
