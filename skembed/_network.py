"""The network as plain numpy arrays: initial weights and the forward pass."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import scipy.sparse as sp

from skembed._activations import ACTIVATIONS
from skembed._pooling import pool

# Rows that go through the dense layers at a time. A fixed number, padded for the
# last block, makes the product of a row the same whatever rows come with it.
_BLOCK_ROWS = 256
# Values that one generator draws; larger tables are drawn on two threads.
_DRAW_BLOCK = 2**20


@dataclass
class Network:
    """Weights of an embedding table and the dense layers behind it."""

    table: np.ndarray  # (n_features, embedding_dim)
    kernels: list[np.ndarray]  # one (n_inputs, n_units) a dense layer, the last gives the logits
    biases: list[np.ndarray]  # one (n_units,) a dense layer
    activation: str
    combiner: str

    def pooled(self, X: sp.csr_matrix) -> np.ndarray:
        """Pooled embeddings (n_samples, embedding_dim) of canonical CSR rows."""
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
