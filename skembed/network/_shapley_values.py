"""Shapley values of the entries of short rows: exact for few entries, sampled for more."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import comb, prod

import numpy as np

from skembed.network._activations import activate_in_place
from skembed.network._network import Network

# Entries up to which all sets of them are gone through.
_EXACT_ENTRIES = 12
# Orders from so many entries, at least, are gone through for longer rows, forwards and backwards.
_N_STARTS = 48
# Numbers that are held at a time: sets of entries times units of the widest layer.
_BLOCK = 2**18


@dataclass(frozen=True)
class Coalitions:
    """Sets of a row's entries, and how what they are worth adds up to Shapley values."""

    present: np.ndarray  # (n_entries, n_coalitions) 0 or 1, float32
    shares: np.ndarray  # (n_entries, n_coalitions)


class Scratch:
    """Arrays for what is soon overwritten: new memory costs more time than the sums in it."""

    def __init__(self) -> None:
        self._parts: dict[str, np.ndarray] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Array of any contents, that of the call before under this name."""
        size = prod(shape)
        if name not in self._parts or len(self._parts[name]) < size:
            self._parts[name] = np.empty(size, dtype)
        return self._parts[name][:size].reshape(shape)


def shapley_values(
    network: Network,
    vectors: np.ndarray,
    values: np.ndarray,
    fields: np.ndarray,
    scratch: Scratch,
) -> np.ndarray:
    """Mean of what each entry of a row adds to the outputs, over the orders in which they come in.

    Up to 12 entries the values are exact, from all sets of entries (Shapley, 1953). For more
    entries they are means over some orders (Castro, Gomez and Tejada, 2009), each taken from
    each of its entries, and also backwards, which makes errors smaller (Mitchell, Cooper, Frank
    and Holmes, 2022). Their sum over the entries is exact in both cases.

    Parameters
    ----------
    network : Network
        Network of the table, the pooling and the layers.
    vectors : ndarray of shape (n_samples, n_entries, dim + n_linear)
        Rows of the table for the entries of rows that have as many.
    values : ndarray of shape (n_samples, n_entries)
        Values of the entries.
    fields : ndarray of shape (n_samples, n_entries)
        Field of each.
    scratch : Scratch
        Memory that calls share.

    Returns
    -------
    ndarray of shape (n_samples, n_entries, n_outputs)
        The values, float64.
    """
    sets = coalitions(values.shape[1])
    width = max(len(network.biases[0]), vectors.shape[2])
    n_sets = max(min(_BLOCK // width, sets.present.shape[1]), 1)
    step = max(_BLOCK // (width * n_sets), 1)
    found = np.zeros((*values.shape, len(network.biases[-1])))
    for start in range(0, len(values), step):
        some = slice(start, start + step)
        adds = _added(network, vectors[some], values[some], fields[some])
        for first in range(0, sets.present.shape[1], n_sets):
            few = slice(first, first + n_sets)
            weights = _weights(network, sets.present[:, few], values[some], fields[some], scratch)
            shares = sets.shares[:, few].astype(adds.dtype)
            shape = (len(weights), weights.shape[2], adds.shape[2])
            sums = scratch.take("sums", shape, adds.dtype)
            np.matmul(weights.transpose(0, 2, 1), adds, out=sums)
            found[some] += _gains(network, sums, shares)
    return found


@lru_cache(maxsize=64)
def coalitions(n: int) -> Coalitions:
    """Sets of n entries that are enough for exact Shapley values, or for sampled ones."""
    return _all_sets(n) if n <= _EXACT_ENTRIES else _drawn_sets(n)


def _all_sets(n: int) -> Coalitions:
    numbers = np.arange(2**n)
    present = (numbers[:, None] >> np.arange(n)) & 1
    sizes = present.sum(axis=1)
    # a set of s entries is what an entry of it joined s - 1 others to, and what others join
    joined = np.array([0, *(1 / (n * comb(n - 1, size - 1)) for size in range(1, n + 1))])
    left = np.array([*(1 / (n * comb(n - 1, size)) for size in range(n)), 0])
    shares = np.where(present.T == 1, joined[sizes], -left[sizes])
    return Coalitions(np.ascontiguousarray(present.T, np.float32), shares)


def _drawn_sets(n: int) -> Coalitions:
    """Sets of what stands together in drawn circles of the entries.

    A circle is an order from each of its n entries, forwards and backwards. In these 2 n orders
    each entry comes at each place equally often, and they share their sets: n (n - 1), those
    of all and of none of the entries aside.
    """
    rng = np.random.default_rng(n)  # the same circles for all rows of a length
    n_circles = max(_N_STARTS // n, 1)
    present = np.zeros((2 + n_circles * n * (n - 1), n), np.float32)
    present[1] = 1
    shares = np.zeros((n, len(present)))
    starts, lengths = (axis.ravel() for axis in np.mgrid[:n, :n])
    for number in range(n_circles):
        circle = rng.permutation(n)
        first = 2 + number * n * (n - 1)

        def place(start: np.ndarray, length: np.ndarray, first: int = first) -> np.ndarray:
            inner = first + start % n * (n - 1) + length - 1
            return np.where(length == 0, 0, np.where(length == n, 1, inner))

        for start, length in zip(starts, lengths, strict=True):
            if length:
                members = circle[(start + np.arange(length)) % n]
                present[place(start, length), members] = 1
        without = place(starts, lengths)
        for entries, joined in (
            (circle[(starts + lengths) % n], place(starts, lengths + 1)),
            (circle[starts - 1], place(starts - 1, lengths + 1)),
        ):
            np.add.at(shares, (entries, joined), 1 / (2 * n * n_circles))
            np.add.at(shares, (entries, without), -1 / (2 * n * n_circles))
    return Coalitions(np.ascontiguousarray(present.T), shares)


def _added(
    network: Network, vectors: np.ndarray, values: np.ndarray, fields: np.ndarray
) -> np.ndarray:
    """What is added up before the first activation, and in the linear part behind the layers.

    Of shape (n_samples, n_entries + n_fields + 1, n_units + n_linear): each entry's part, that
    of the size of each field, and the biases.
    """
    dim, n_fields = network.embedding_dim, network.pooling.n_fields
    kernel, bias = network.kernels[0], network.biases[0]
    n_sizes, n_units, n = n_fields if network.sized else 0, len(bias), values.shape[1]
    kernels = kernel[n_sizes:].reshape(n_fields, dim, n_units)
    weighted = values[..., None] * vectors
    adds = np.zeros(
        (len(values), n + n_sizes + 1, n_units + len(network.linear_scale)), weighted.dtype
    )
    for field in np.unique(fields):
        own = fields == field
        adds[:, :n, :n_units][own] = weighted[own][:, :dim] @ kernels[field]
    adds[:, :n, n_units:] = weighted[..., dim:] * network.linear_scale
    adds[:, n:-1, :n_units] = kernel[:n_sizes]
    adds[:, -1, :n_units] = bias
    return adds


def _weights(
    network: Network,
    present: np.ndarray,
    values: np.ndarray,
    fields: np.ndarray,
    scratch: Scratch,
) -> np.ndarray:
    """What each part of `_added` is multiplied by in each set of entries.

    Of shape (n_samples, n_entries + n_fields + 1, n_coalitions): numpy is faster along long axes.
    """
    n, pooling = values.shape[1], network.pooling
    n_sizes = pooling.n_fields if network.sized else 0
    shape = (len(values), n + n_sizes + 1, present.shape[1])
    weights = scratch.take("weights", shape, values.dtype)
    weights[:, n:-1] = 0
    weights[:, -1] = 1
    scaled = np.full(pooling.n_fields, pooling.combiner != "sum")
    if pooling.layout is not None:
        scaled &= ~pooling.layout.summed
    scaled_fields = np.unique(fields[scaled[fields]])
    if not scaled_fields.size or pooling.n_fields > 1:
        weights[:, :n] = present
    for field in scaled_fields:
        own = fields == field
        if pooling.combiner == "sqrtn":
            divisors = np.sqrt(np.where(own, np.square(values), 0) @ present)
        else:
            divisors = np.where(own, np.abs(values), 0) @ present
        there = divisors > 1e-12
        scales = (1 / np.where(there, divisors, 1))[:, None]
        if pooling.n_fields == 1:
            np.multiply(scales, present, out=weights[:, :n])
        else:
            weights[:, :n] *= np.where(own[..., None], scales, 1)
        if network.sized:
            weights[:, n + field] = np.log1p(np.where(there, divisors, 0))
    return weights


def _gains(network: Network, sums: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Sums of outputs, each set's by its share, (n_samples, n_entries, n_outputs).

    The last layer is linear, so that it can come after the sums.
    """
    n_units = len(network.biases[0])
    linear = sums[..., n_units:].copy() if len(network.linear_scale) else None
    hidden = sums if len(network.kernels) > 1 else sums[..., :n_units]
    for number, kernel in enumerate(network.kernels[1:], 1):
        hidden = activate_in_place(network.activation, hidden)
        hidden = hidden[..., :n_units] if number == 1 else hidden
        if number < len(network.kernels) - 1:
            hidden = hidden @ kernel
            hidden += network.biases[number]
    if len(network.kernels) == 1:
        gains = shares @ hidden
    elif network.kernels[-1].shape[1] < len(shares):
        gains = shares @ (hidden @ network.kernels[-1])
    else:
        gains = (shares @ hidden) @ network.kernels[-1]
    return gains if linear is None else gains + shares @ linear
