"""The network as plain numpy arrays: initial weights and the forward pass."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import scipy.sparse as sp

from skembed._activations import ACTIVATIONS
from skembed._packing import Columns
from skembed._pooling import pool

# Rows that go through the dense layers at a time. A fixed number, padded for the
# last block, makes the product of a row the same whatever rows come with it.
_BLOCK_ROWS = 256
# Values that one generator draws; larger tables are drawn on two threads.
_DRAW_BLOCK = 2**20


@dataclass
class CompactTable:
    """A table without the rows of columns that never had an entry."""

    rows: np.ndarray  # (n_used + 1, embedding_dim), the last one zeros
    places: np.ndarray  # (n_features,) int32 row of each column, the last one for unused ones

    @classmethod
    def of(cls, rows: np.ndarray, columns: Columns) -> "CompactTable":
        """Make the table of the used columns' rows."""
        n_used = len(columns.used)
        places = np.full(columns.n_features, n_used, np.int32)
        places[columns.used] = np.arange(n_used, dtype=np.int32)
        return cls(np.pad(rows, [(0, 1), (0, 0)]), places)

    def whole(self) -> np.ndarray:
        """Rows (n_features, embedding_dim) of all columns."""
        return self.rows[self.places]


@dataclass
class Network:
    """Weights of an embedding table and the dense layers behind it."""

    table: np.ndarray  # (n_features, embedding_dim), fewer rows where it is compact
    kernels: list[np.ndarray]  # one (n_inputs, n_units) a dense layer, the last gives the logits
    biases: list[np.ndarray]  # one (n_units,) a dense layer
    activation: str
    combiner: str
    places: np.ndarray | None = None  # (n_features,) row of each column in a compact table

    def pooled(self, X: sp.csr_matrix) -> np.ndarray:
        """Pooled embeddings (n_samples, embedding_dim) of canonical CSR rows."""
        if self.places is not None:
            arrays = X.data, self.places[X.indices], X.indptr
            X = sp.csr_matrix(arrays, shape=(X.shape[0], len(self.table)))
        return pool(X, self.table, self.combiner)

    def logits(self, X: sp.csr_matrix) -> np.ndarray:
        """Outputs (n_samples, n_outputs) of the last layer for canonical CSR rows."""
        return self.dense(self.pooled(X))

    def dense(self, pooled: np.ndarray) -> np.ndarray:
        """Outputs (n_samples, n_outputs) of the last layer for pooled embeddings."""
        out = np.empty((len(pooled), len(self.biases[-1])), pooled.dtype)
        for block in _blocks(len(pooled)):
            padded = np.zeros((_BLOCK_ROWS, pooled.shape[1]), pooled.dtype)
            rows = block.stop - block.start
            padded[:rows] = pooled[block]
            out[block] = self._dense_layers(padded)[:rows]
        return out

    def _dense_layers(self, values: np.ndarray) -> np.ndarray:
        activate = ACTIVATIONS[self.activation]
        *hidden, last = zip(self.kernels, self.biases, strict=True)
        for kernel, bias in hidden:
            values = activate(values @ kernel + bias)
        return values @ last[0] + last[1]


def _blocks(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, _BLOCK_ROWS):
        yield slice(start, min(start + _BLOCK_ROWS, n_rows))


def initial_dense_layers(
    sizes: Sequence[int], rng: np.random.Generator, dtype: np.dtype
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Kernels drawn as Glorot and Bengio (2010) have it (uniform) and zero biases."""
    kernels, biases = [], []
    for n_inputs, n_units in zip(sizes[:-1], sizes[1:], strict=True):
        limit = np.sqrt(6 / (n_inputs + n_units))
        kernels.append(rng.uniform(-limit, limit, (n_inputs, n_units)).astype(dtype))
        biases.append(np.zeros(n_units, dtype))
    return kernels, biases


def initial_table(
    n_rows: int, embedding_dim: int, rng: np.random.Generator, dtype: np.dtype
) -> np.ndarray:
    """Normal values cut off at two deviations, the deviation being 1 / sqrt(embedding_dim)."""
    table = np.empty(n_rows * embedding_dim, dtype)
    blocks = [table[start : start + _DRAW_BLOCK] for start in range(0, len(table), _DRAW_BLOCK)]
    scale = dtype.type(1 / np.sqrt(embedding_dim))
    if len(blocks) <= 1:
        _draw(table, rng, scale)
        return table.reshape(n_rows, embedding_dim)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(_draw, blocks, rng.spawn(len(blocks)), repeat(scale)))
    return table.reshape(n_rows, embedding_dim)


def _draw(out: np.ndarray, rng: np.random.Generator, scale: np.floating) -> None:
    """Fill a block with values of its own generator: the same on any number of threads."""
    rng.standard_normal(out=out, dtype=out.dtype)
    outside = np.flatnonzero(np.abs(out) > 2)
    while len(outside):
        out[outside] = rng.standard_normal(len(outside), dtype=out.dtype)
        outside = outside[np.abs(out[outside]) > 2]
    out *= scale
