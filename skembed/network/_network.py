"""The network as plain numpy arrays, and its forward pass."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from skembed.network._activations import ACTIVATIONS
from skembed.network._mixed_rows import (
    Features,
    MixedRows,
    NumberSlots,
    consecutive_rows,
    split_rows,
    terms_of,
)
from skembed.network._pooling import Pooling
from skembed.network._quantized_rows import Rows, whole_rows
from skembed.network._row_products import product
from skembed.network._used_columns import Columns
from skembed.parallel._cores import usable_cores
from skembed.parallel._one_blas_thread import one_blas_thread
from skembed.parallel._worker_threads import workers

# Rows that go through the dense layers at a time. A fixed number, padded for the
# last block, makes the product of a row the same whatever rows come with it.
_BLOCK_ROWS = 256
# Rows that a thread predicts at a time, which bounds the memory of what is between.
_PIECE_ROWS = 2**12


@dataclass(frozen=True)
class Table:
    """A row of weights for each feature: its embedding, then its linear weights.

    A compact table has no rows for features that never had an entry.
    """

    rows: Rows  # (n_features, width); compact: (n_used + 1, width), the last one zeros
    places: np.ndarray | None = None  # (n_features,) int32 row of each feature; None: its own

    @classmethod
    def compact(cls, rows: np.ndarray, columns: Columns) -> "Table":
        """Make the table of the used columns' rows."""
        return cls(np.pad(rows, [(0, 1), (0, 0)]), columns.numbers)

    def whole(self) -> np.ndarray:
        """Rows (n_features, width) of all features; a copy where the table is compact."""
        rows = whole_rows(self.rows)
        return rows if self.places is None else rows[self.places]


@dataclass(frozen=True)
class NumberBlock:
    """Numbers of rows, and the rows of the table that they are multiplied by."""

    values: np.ndarray  # (n_samples, n_numbers)
    vectors: np.ndarray  # (n_numbers, width)
    fields: np.ndarray  # (n_numbers,) field of each among those of numbers


@dataclass
class Network:
    """Weights of a table, and of the dense layers behind its embeddings.

    The table's columns behind the embeddings are those of the linear part: their pooled
    values, times `linear_scale`, are added to the logits.
    """

    # (n_features, embedding_dim + n_linear), fewer rows where compact; quantized in predictions
    table: np.ndarray
    kernels: list[np.ndarray]  # one (n_inputs, n_units) a dense layer, the last gives the logits
    biases: list[np.ndarray]  # one (n_units,) a dense layer
    activation: str
    pooling: Pooling
    linear_scale: np.ndarray  # (n_linear,): n_outputs, or none
    places: np.ndarray | None = None  # (n_features,) row of each feature in a compact table
    # (n_fields,) taken off the sizes while training: those of training rows are then 0 on average
    mean_sizes: np.ndarray | None = None

    @property
    def embedding_dim(self) -> int:
        """Columns of the table that are embeddings."""
        return self.table.shape[1] - len(self.linear_scale)

    @property
    def sized(self) -> bool:
        """Whether the dense layers get the sizes of the segments before the embeddings."""
        return len(self.kernels[0]) > self.embedding_dim * self.pooling.n_fields

    def pooled(self, segments: sp.csr_matrix) -> np.ndarray:
        """Pooled rows of the table (n_segments, width) of segments of terms."""
        return self._pooled(segments, self.pooling.of_terms)

    def embeddings(self, X: sp.csr_matrix) -> np.ndarray:
        """Embeddings (n_samples, n_fields * embedding_dim) of canonical rows, numbers included."""
        return self._side_by_side(self._pooled(self.pooling.segments(X), self.pooling))

    def _pooled(self, segments: sp.csr_matrix, pooling: Pooling) -> np.ndarray:
        if self.places is not None:
            arrays = segments.data, self.places[segments.indices], segments.indptr
            segments = sp.csr_matrix(arrays, shape=(segments.shape[0], len(self.table)))
        return pooling.pool(segments, self.table)

    def _side_by_side(self, pooled: np.ndarray, n_fields: int | None = None) -> np.ndarray:
        """Embeddings of the rows, those of their fields side by side, of pooled ones."""
        embeddings = pooled[:, : self.embedding_dim]
        return embeddings.reshape(-1, self.embedding_dim * (n_fields or self.pooling.n_fields))

    def logits(self, X: Features) -> np.ndarray:
        """Outputs (n_samples, n_outputs) of the network for canonical rows.

        The same bits for a row whatever rows come with it, on any number of threads.
        """
        X = split_rows(X, NumberSlots.of(self.pooling.layout))
        with one_blas_thread():
            if X.shape[0] <= _PIECE_ROWS:
                return self._logits(X)
            out = np.empty((X.shape[0], len(self.biases[-1])), self.table.dtype)

            def fill(start: int) -> None:
                end = start + _PIECE_ROWS
                out[start:end] = self._logits(consecutive_rows(X, start, end))

            starts = range(0, len(out), _PIECE_ROWS)
            with workers(min(usable_cores(), len(starts))) as threads:
                list(threads.map(fill, starts))
        return out

    def _logits(self, X: Features) -> np.ndarray:
        segments = self.pooling.of_terms.segments(terms_of(X))
        numbers = None
        slots = NumberSlots.of(self.pooling.layout)
        if slots is not None and isinstance(X, MixedRows):
            rows = slots.features if self.places is None else self.places[slots.features]
            numbers = NumberBlock(X.numbers, self.table[rows], slots.fields)
        return self.outputs(self.pooled(segments), self.sizes(segments), numbers)

    def sizes(self, segments: sp.csr_matrix) -> np.ndarray | None:
        """Sizes (n_segments,) of the segments of terms, where the dense layers get them."""
        if not self.sized:
            return None
        pooling = self.pooling.of_terms
        sizes = pooling.sizes(segments)
        if self.mean_sizes is None:
            return sizes
        return centred(sizes, self.mean_sizes[: pooling.n_fields])

    def with_plain_sizes(self) -> "Network":
        """The same network for sizes of which nothing is taken off: what is kept of it."""
        if self.mean_sizes is None:
            return self
        first = self.biases[0] - self.mean_sizes @ self.kernels[0][: len(self.mean_sizes)]
        return replace(self, biases=[first, *self.biases[1:]], mean_sizes=None)

    def outputs(
        self, pooled: np.ndarray, sizes: np.ndarray | None, numbers: NumberBlock | None = None
    ) -> np.ndarray:
        """Outputs (n_samples, n_outputs) for pooled rows of the table, their sizes, and numbers.

        The map from numbers to their embeddings is linear, and so is the first layer's: both
        are multiplied first, which makes one product of both.
        """
        n_fields = (self.pooling if numbers is None else self.pooling.of_terms).n_fields
        inputs = self._side_by_side(pooled, n_fields)
        if sizes is not None:
            inputs = np.hstack([sizes.reshape(len(inputs), -1), inputs])
        kernels = self.kernels
        if numbers is not None:
            inputs = np.hstack([inputs, numbers.values])
            kernels = [self._kernel_for(numbers, n_fields), *kernels[1:]]
        out = in_blocks(lambda rows: self._dense_layers(rows, kernels), inputs)
        if n_linear := len(self.linear_scale):
            linear = pooled[:, self.embedding_dim :]
            if n_fields > 1:
                linear = linear.reshape(-1, n_fields, n_linear).sum(axis=1)
            if numbers is not None:
                weights = numbers.vectors[:, self.embedding_dim :]
                linear = linear + in_blocks(lambda rows: product(rows, weights), numbers.values)
            out += linear * self.linear_scale
        return out

    def _kernel_for(self, numbers: NumberBlock, n_term_fields: int) -> np.ndarray:
        """First kernel for inputs that end in numbers instead of their embeddings."""
        kernel, dim = self.kernels[0], self.embedding_dim
        n_fields = self.pooling.n_fields
        n_sizes = n_fields if self.sized else 0  # those of numbers are zero
        of_terms = kernel[n_sizes : n_sizes + n_term_fields * dim]
        of_fields = kernel[n_sizes + n_term_fields * dim :].reshape(-1, dim, kernel.shape[1])
        vectors = numbers.vectors[:, :dim]
        of_numbers = [
            vectors[numbers.fields == field] @ of_field for field, of_field in enumerate(of_fields)
        ]
        return np.vstack([kernel[: n_term_fields if n_sizes else 0], of_terms, *of_numbers])

    def _dense_layers(self, values: np.ndarray, kernels: list[np.ndarray]) -> np.ndarray:
        activate = ACTIVATIONS[self.activation]
        *hidden, last = zip(kernels, self.biases, strict=True)
        for kernel, bias in hidden:
            values = activate(product(values, kernel) + bias)
        return product(values, last[0]) + last[1]


def in_blocks(function: Callable[[np.ndarray], np.ndarray], inputs: np.ndarray) -> np.ndarray:
    """Values of a function of rows, which sees the same number of rows each time."""
    parts = []
    for start in range(0, len(inputs), _BLOCK_ROWS):
        block = inputs[start : start + _BLOCK_ROWS]
        padded = np.zeros((_BLOCK_ROWS, inputs.shape[1]), inputs.dtype)
        padded[: len(block)] = block
        parts.append(function(padded)[: len(block)])
    return np.concatenate(parts or [function(inputs)])


def centred(sizes: np.ndarray, mean_sizes: np.ndarray) -> np.ndarray:
    """Sizes (n_segments,) less the means (n_fields,) of their fields."""
    return (sizes.reshape(-1, len(mean_sizes)) - mean_sizes).ravel()
