"""The network as plain numpy arrays, and its forward pass."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from skembed.network._activations import ACTIVATIONS
from skembed.network._pooling import Pooling
from skembed.network._used_columns import Columns

# Rows that go through the dense layers at a time. A fixed number, padded for the
# last block, makes the product of a row the same whatever rows come with it.
_BLOCK_ROWS = 256
# Rows of several fields that are pooled at a time, to bound the memory of the pooled ones.
_FIELD_ROWS = 2**15


@dataclass(frozen=True)
class Table:
    """A row of weights for each feature: its embedding, then its linear weights.

    A compact table has no rows for features that never had an entry.
    """

    rows: np.ndarray  # (n_features, width); compact: (n_used + 1, width), the last one zeros
    places: np.ndarray | None = None  # (n_features,) int32 row of each feature; None: its own

    @classmethod
    def compact(cls, rows: np.ndarray, columns: Columns) -> "Table":
        """Make the table of the used columns' rows."""
        return cls(np.pad(rows, [(0, 1), (0, 0)]), columns.numbers)

    def whole(self) -> np.ndarray:
        """Rows (n_features, width) of all features; a copy where the table is compact."""
        return self.rows if self.places is None else self.rows[self.places]


@dataclass
class Network:
    """Weights of a table, and of the dense layers behind its embeddings.

    The table's columns behind the embeddings are those of the linear part: their pooled
    values, times `linear_scale`, are added to the logits.
    """

    table: np.ndarray  # (n_features, embedding_dim + n_linear), fewer rows where compact
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
        """Pooled rows of the table (n_segments, width) of segments of canonical CSR rows."""
        if self.places is not None:
            arrays = segments.data, self.places[segments.indices], segments.indptr
            segments = sp.csr_matrix(arrays, shape=(segments.shape[0], len(self.table)))
        return self.pooling.pool(segments, self.table)

    def embedded(self, pooled: np.ndarray) -> np.ndarray:
        """Embeddings of the rows, those of their fields side by side, of pooled ones."""
        embeddings = pooled[:, : self.embedding_dim]
        return embeddings.reshape(-1, self.embedding_dim * self.pooling.n_fields)

    def logits(self, X: sp.csr_matrix) -> np.ndarray:
        """Outputs (n_samples, n_outputs) of the network for canonical CSR rows."""
        if self.pooling.n_fields > 1 and X.shape[0] > _FIELD_ROWS:
            starts = range(0, X.shape[0], _FIELD_ROWS)
            return np.concatenate([self.logits(X[i : i + _FIELD_ROWS]) for i in starts])
        segments = self.pooling.segments(X)
        return self.outputs(self.pooled(segments), self.sizes(segments))

    def sizes(self, segments: sp.csr_matrix) -> np.ndarray | None:
        """Sizes (n_segments,) of the segments, where the dense layers get them."""
        if not self.sized:
            return None
        sizes = self.pooling.sizes(segments)
        return sizes if self.mean_sizes is None else centred(sizes, self.mean_sizes)

    def with_plain_sizes(self) -> "Network":
        """The same network for sizes of which nothing is taken off: what is kept of it."""
        if self.mean_sizes is None:
            return self
        first = self.biases[0] - self.mean_sizes @ self.kernels[0][: len(self.mean_sizes)]
        return replace(self, biases=[first, *self.biases[1:]], mean_sizes=None)

    def outputs(self, pooled: np.ndarray, sizes: np.ndarray | None) -> np.ndarray:
        """Outputs (n_samples, n_outputs) for pooled rows of the table, and their sizes."""
        inputs = self.embedded(pooled)
        if sizes is not None:
            inputs = np.hstack([sizes.reshape(len(inputs), -1), inputs])
        out = self.dense(inputs)
        if n_linear := len(self.linear_scale):
            linear = pooled[:, self.embedding_dim :]
            if self.pooling.n_fields > 1:
                linear = linear.reshape(-1, self.pooling.n_fields, n_linear).sum(axis=1)
            out += linear * self.linear_scale
        return out

    def dense(self, inputs: np.ndarray) -> np.ndarray:
        """Outputs (n_samples, n_outputs) of the last layer for the first one's inputs."""
        out = np.empty((len(inputs), len(self.biases[-1])), inputs.dtype)
        for block in _blocks(len(inputs)):
            padded = np.zeros((_BLOCK_ROWS, inputs.shape[1]), inputs.dtype)
            rows = block.stop - block.start
            padded[:rows] = inputs[block]
            out[block] = self._dense_layers(padded)[:rows]
        return out

    def _dense_layers(self, values: np.ndarray) -> np.ndarray:
        activate = ACTIVATIONS[self.activation]
        *hidden, last = zip(self.kernels, self.biases, strict=True)
        for kernel, bias in hidden:
            values = activate(values @ kernel + bias)
        return values @ last[0] + last[1]


def centred(sizes: np.ndarray, mean_sizes: np.ndarray) -> np.ndarray:
    """Sizes (n_segments,) less the means (n_fields,) of their fields."""
    return (sizes.reshape(-1, len(mean_sizes)) - mean_sizes).ravel()


def _blocks(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, _BLOCK_ROWS):
        yield slice(start, min(start + _BLOCK_ROWS, n_rows))
