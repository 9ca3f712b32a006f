"""Counting what columns each row has: the entries of a CSR matrix."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


class Part(NamedTuple):
    """Columns of one source of tokens; column -1 is none."""

    offsets: NDArray[np.int64]  # (n_rows + 1,)
    columns: NDArray[np.int32]  # (n_tokens,)
    weights: NDArray[np.float64] | None  # (n_tokens,)


class Entries(NamedTuple):
    """Entries of some rows, in order of row and column, no two alike."""

    lengths: NDArray[np.int64]  # (n_rows,)
    columns: NDArray[np.int32]  # (n_entries,)
    values: NDArray  # (n_entries,)


def count_entries(parts: list[Part], n_columns: int) -> Entries:
    """Count the columns of each row.

    Row and column are packed into one integer and sorted. numpy sorts integers with
    vector instructions, several times faster than scipy sorts the rows of a matrix.
    """
    n_rows = len(parts[0].offsets) - 1
    bits = max(n_columns - 1, 1).bit_length()
    small = max(n_rows - 1, 1).bit_length() + bits <= 32
    keys = _pack(parts, bits, np.uint32 if small else np.uint64)
    weights = _weights(parts)
    if weights is None:
        keys.sort()
    else:
        order = np.argsort(keys, kind="stable")
        keys, weights = keys[order], weights[order]
    new = np.ones(len(keys) + 1, np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=new[1:-1])
    bounds = np.flatnonzero(new)
    first = bounds[:-1]
    if weights is None:
        counts = np.diff(bounds)
    else:
        counts = np.add.reduceat(weights, first) if len(first) else weights
    distinct = keys[first]
    starts = np.searchsorted(distinct, np.arange(n_rows, dtype=keys.dtype) << bits)
    lengths = np.diff(np.append(starts, len(distinct)))
    columns = (distinct & ((1 << bits) - 1)).astype(np.int32)
    return Entries(lengths, columns, counts)


def _pack(parts: list[Part], bits: int, dtype: type[np.unsignedinteger]) -> NDArray:
    """Return row and column of each token in one integer."""
    packed = []
    for offsets, columns, _ in parts:
        rows = np.arange(len(offsets) - 1, dtype=dtype) << bits
        keys = np.repeat(rows, np.diff(offsets))
        known = columns >= 0
        if not known.all():
            keys, columns = np.compress(known, keys), np.compress(known, columns)
        keys |= columns.view(np.uint32)
        packed.append(keys)
    return np.concatenate(packed) if len(packed) > 1 else packed[0]


def _weights(parts: list[Part]) -> NDArray[np.float64] | None:
    """Return the weights of the tokens that have a column; None if all are 1."""
    if all(part.weights is None for part in parts):
        return None
    weights = [
        np.ones(len(part.columns)) if part.weights is None else part.weights for part in parts
    ]
    return np.concatenate([w[part.columns >= 0] for w, part in zip(weights, parts, strict=True)])


def weigh(entries: Entries, weighting: str, idf: NDArray[np.float64] | None) -> NDArray:
    """Return the values of entries that hold counts."""
    if weighting == "binary":
        return np.ones(len(entries.values), np.float32)
    if weighting == "sublinear":
        return _sublinear(entries.values)
    if weighting == "tfidf":
        assert idf is not None
        return _normalise(entries.values * idf[entries.columns], entries.lengths)
    return entries.values


def to_csr(blocks: Iterable[Entries], room: int, n_columns: int, dtype: type) -> sp.csr_matrix:
    """Stack blocks to a CSR matrix with sorted indices, of int32 if there are below 2**31.

    `room` is an upper bound of the number of entries. Blocks are copied as they come to
    arrays of that size, whose unused pages cost nothing, and which are cut to size in
    the end; collecting the blocks to concatenate them would take twice the memory.
    """
    columns = np.empty(room, np.int32)
    values: NDArray = np.empty(room, dtype)
    lengths, end = [], 0
    for block in blocks:
        start, end = end, end + len(block.columns)
        columns[start:end], values[start:end] = block.columns, block.values
        lengths.append(block.lengths)
    columns.resize(end, refcheck=False)
    values.resize(end, refcheck=False)
    indptr = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    index_type = np.int32 if end < 2**31 else np.int64
    indices = columns.astype(index_type, copy=False)
    shape = (len(indptr) - 1, n_columns)
    X = sp.csr_matrix((values, indices, indptr.astype(index_type)), shape=shape)
    X.has_canonical_format = True
    return X


def _sublinear(counts: NDArray) -> NDArray[np.float64]:
    if len(counts) and counts.min() <= 0:
        raise ValueError(
            f"The terms of a row have the weight {counts.min()}, but weighting='sublinear' takes "
            "its logarithm; use weighting='count' for weights that are not positive."
        )
    return 1.0 + np.log(counts)


def _normalise(values: NDArray[np.float64], lengths: NDArray[np.int64]) -> NDArray[np.float64]:
    """Scale each row to Euclidean length 1."""
    rows = np.repeat(np.arange(len(lengths)), lengths)
    norms = np.sqrt(np.bincount(rows, values**2, minlength=len(lengths)))
    return values / np.where(norms > 0, norms, 1.0)[rows]
