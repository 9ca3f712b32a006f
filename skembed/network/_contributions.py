"""What each feature of a row adds to each output, exact in sum."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from skembed.network._activations import ACTIVATIONS
from skembed.network._network import Network
from skembed.network._shapley_values import Scratch, shapley_values

# Numbers that are held at a time: entries times dimensions of their embeddings.
_BLOCK = 2**22
# Inputs of an activation that differ by less are one: its slope stands for the quotient.
_CLOSE = 1e-6
# Entries of a row up to which Shapley values are sampled.
_FEW_ENTRIES = 32


@dataclass(frozen=True)
class Entries:
    """Entries of rows in their segments: where they are, and their weights in the pooling."""

    rows: np.ndarray  # (nnz,) of X
    fields: np.ndarray  # (nnz,)
    features: np.ndarray  # (nnz,)
    places: np.ndarray  # (nnz,) rows of the table
    values: np.ndarray  # (nnz,)
    weights: np.ndarray  # (nnz,)
    size_shares: np.ndarray  # (nnz,) of the size of the segment


def contributions(network: Network, X: sp.csr_matrix) -> tuple[list[sp.csr_matrix], np.ndarray]:
    """Split each output of canonical rows into a part of each entry, and that of an empty row.

    For rows of few entries these are Shapley values, exact or by sampled orders. For longer ones
    they follow the rescale rule of DeepLIFT (Shrikumar, Greenside and Kundaje, 2017), from an
    empty row: a unit passes on (f(z) - f(z0)) / (z - z0) times what comes in. With one hidden layer
    these are the integrated gradients (Sundararajan, Taly and Yan, 2017) along the line from
    zeros to the pooled embeddings. The size of a segment, where the dense layers get it, is
    shared out in proportion to the squares of the entries' values.

    Parameters
    ----------
    network : Network
        As it predicts: without mean sizes.
    X : csr_matrix of shape (n_samples, n_features)
        Canonical rows, numbers among the entries.

    Returns
    -------
    parts : list of csr_matrix of shape (n_samples, n_features), one an output
        float64.
    base : ndarray of shape (n_outputs,)
        Outputs of an empty row.
    """
    table = network.table.astype(np.float64)
    kernels = [kernel.astype(np.float64) for kernel in network.kernels]
    biases = [bias.astype(np.float64) for bias in network.biases]
    n_outputs = len(biases[-1])
    found: list[list[np.ndarray]] = [[] for _ in range(n_outputs)]
    places: list[tuple[np.ndarray, np.ndarray]] = []
    base = _forward(np.zeros((1, len(kernels[0]))), kernels, biases, network.activation)[-1][0]
    for start, block in _blocks(X, table.shape[1]):
        entries, inputs = _pooled(network, table, block)
        at_zero = _forward(np.zeros_like(inputs[:1]), kernels, biases, network.activation)
        at_inputs = _forward(inputs, kernels, biases, network.activation)
        slopes = [
            _slopes(a, b, network.activation)
            for a, b in zip(at_zero[:-1], at_inputs[:-1], strict=True)
        ]
        places.append((entries.rows + start, entries.features))
        short = _short_rows(network, block, entries)
        for output in range(n_outputs):
            passed = np.tile(kernels[-1][:, output], (len(inputs), 1))
            for kernel, slope in zip(kernels[-2::-1], slopes[::-1], strict=True):
                passed = (passed * slope) @ kernel.T
            parts = _of_entries(network, table, entries, inputs, passed, output)
            for own, values in short:
                parts[own] = values[..., output]
            found[output].append(parts)
    rows, features = (np.concatenate(parts) for parts in zip(*places, strict=True))
    shape = X.shape
    return [
        sp.csr_matrix((np.concatenate(values), (rows, features)), shape=shape) for values in found
    ], base


def _blocks(X: sp.csr_matrix, width: int) -> Iterator[tuple[int, sp.csr_matrix]]:
    """Rows of few enough entries, and the number of the first."""
    step = max(int(_BLOCK / max(width * X.nnz / max(X.shape[0], 1), 1)), 1)
    for start in range(0, max(X.shape[0], 1), step):
        yield start, X[start : start + step]


def _pooled(network: Network, table: np.ndarray, X: sp.csr_matrix) -> tuple[Entries, np.ndarray]:
    """Entries of the rows, and the inputs (n_samples, n_inputs) of the dense layers."""
    pooling, dim = network.pooling, network.embedding_dim
    n_fields = pooling.n_fields
    segments = pooling.segments(X).astype(np.float64)
    weights = pooling.entry_weights(segments)
    numbers = np.repeat(np.arange(segments.shape[0]), np.diff(segments.indptr))
    squares = np.square(segments.data)
    totals = np.bincount(numbers, squares, minlength=segments.shape[0])
    shares = squares / np.maximum(totals[numbers], 1e-300)
    features = segments.indices.astype(np.int64)
    entries = Entries(
        numbers // n_fields,
        numbers % n_fields,
        features,
        features if network.places is None else network.places[features],
        segments.data,
        weights,
        shares,
    )
    matrix = sp.csr_matrix(
        (weights, entries.places, segments.indptr), (segments.shape[0], len(table))
    )
    inputs = (matrix @ table[:, :dim]).reshape(X.shape[0], -1)
    if network.sized:
        sizes = pooling.sizes(segments).reshape(X.shape[0], -1)
        inputs = np.hstack([sizes, inputs])
    return entries, inputs


def _short_rows(
    network: Network, X: sp.csr_matrix, entries: Entries
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Places of the entries of short rows, and their Shapley values, by length of the rows."""
    lengths, found, scratch = np.diff(X.indptr), [], Scratch()
    for length in np.unique(lengths[(lengths > 0) & (lengths <= _FEW_ENTRIES)]):
        own = X.indptr[:-1][lengths == length][:, None] + np.arange(length)
        values = shapley_values(
            network,
            network.table[entries.places[own]],
            entries.values[own].astype(network.table.dtype),
            entries.fields[own],
            scratch,
        )
        found.append((own, values))
    return found


def _of_entries(
    network: Network,
    table: np.ndarray,
    entries: Entries,
    inputs: np.ndarray,
    passed: np.ndarray,
    output: int,
) -> np.ndarray:
    """Contributions (nnz,) to an output: `passed` (n_samples, n_inputs) is what inputs count."""
    dim, n_fields = network.embedding_dim, network.pooling.n_fields
    n_sizes = n_fields if network.sized else 0
    by_field = passed[:, n_sizes:].reshape(len(passed), n_fields, dim)
    vectors = table[entries.places]
    parts = np.einsum("ed,ed->e", vectors[:, :dim], by_field[entries.rows, entries.fields])
    if len(network.linear_scale):
        parts += vectors[:, dim + output] * float(network.linear_scale[output])
    parts *= entries.weights
    if n_sizes:
        of_sizes = (inputs * passed)[:, :n_sizes]
        parts += entries.size_shares * of_sizes[entries.rows, entries.fields]
    return parts


def _forward(
    inputs: np.ndarray, kernels: list[np.ndarray], biases: list[np.ndarray], activation: str
) -> list[np.ndarray]:
    """What goes into the activation of each hidden layer, and the outputs."""
    activate, sums = ACTIVATIONS[activation], []
    values = inputs
    for kernel, bias in zip(kernels, biases, strict=True):
        sums.append(values @ kernel + bias)
        values = activate(sums[-1])
    return sums


def _slopes(at_zero: np.ndarray, at_inputs: np.ndarray, activation: str) -> np.ndarray:
    """Quotients (n_samples, n_units) of the differences behind and before the activation."""
    activate = ACTIVATIONS[activation]
    difference = at_inputs - at_zero
    close = np.abs(difference) < _CLOSE
    step = np.where(close, _CLOSE, difference)
    return (activate(at_zero + step) - activate(at_zero)) / step
