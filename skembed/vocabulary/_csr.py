"""Counting what columns each row has: the entries of a CSR matrix."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

# Up to this size, an array of ones is made instead of a broadcast view.
_FEW = 4096


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


def count_entries(parts: list[Part], n_columns: int, counted: bool = True) -> Entries:
    """Count the columns of each row; unless `counted`, all values are 1.

    Row and column are packed into one integer and sorted. numpy sorts integers with
    vector instructions, several times faster than scipy sorts the rows of a matrix.
    """
    if _in_order(parts):
        columns = np.stack([part.columns for part in parts], axis=1).ravel()
        lengths = np.full(len(parts[0].columns), len(parts))
        return Entries(lengths, columns, ones(len(columns)))
    keys, bits = _pack(parts, n_columns)
    weights = _weights(parts) if counted else None
    if weights is None:
        keys.sort()
    else:
        order = np.argsort(keys, kind="stable")
        keys, weights = keys[order], weights[order]
    distinct, counts = _merge_equal(keys, weights, counted)
    if len(distinct) == sum(len(part.columns) for part in parts):
        lengths = np.sum([np.diff(part.offsets) for part in parts], axis=0)
    else:
        n_rows = len(parts[0].offsets) - 1
        starts = np.searchsorted(distinct, np.arange(n_rows, dtype=keys.dtype) << bits)
        lengths = np.diff(np.append(starts, len(distinct)))
    return Entries(lengths, _columns(distinct, bits), counts)


def repeated_columns(parts: list[Part], n_columns: int) -> NDArray[np.int32]:
    """Return the column of each token whose row holds it already."""
    if _in_order(parts):
        return np.zeros(0, np.int32)
    keys, bits = _pack(parts, n_columns)
    keys.sort()
    return _columns(keys[1:][keys[1:] == keys[:-1]], bits)


def _in_order(parts: list[Part]) -> bool:
    """Whether joining the parts row by row gives sorted columns without repeats.

    This is the case for columns of categories: each has one token in each row, and its
    output columns follow those of the column before.
    """
    n_rows, end = len(parts[0].offsets) - 1, -1
    for offsets, columns, weights in parts:
        if weights is not None or not 0 < n_rows == len(columns):
            return False
        if columns.min() <= end or not (np.diff(offsets) == 1).all():
            return False
        end = columns.max()
    return True


def _merge_equal(
    keys: NDArray, weights: NDArray[np.float64] | None, counted: bool
) -> tuple[NDArray, NDArray]:
    """Return the distinct ones of sorted keys, and the number or the weight of each."""
    new = np.ones(len(keys) + 1, np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=new[1:-1])
    if new.all():
        return keys, ones(len(keys)) if weights is None else weights
    if not counted:
        distinct = np.compress(new[:-1], keys)
        return distinct, ones(len(distinct))
    bounds = np.flatnonzero(new)
    first = bounds[:-1]
    if weights is None:
        return keys[first], np.diff(bounds)
    return keys[first], np.add.reduceat(weights, first) if len(first) else weights


def add_entries(a: Entries, b: Entries, n_columns: int, counted: bool = True) -> Entries:
    """Add the values of two lots of entries of the same rows; unless `counted`, give ones."""
    total = _as_csr(a, n_columns) + _as_csr(b, n_columns)
    values = total.data if counted else ones(total.nnz)
    return Entries(np.diff(total.indptr).astype(np.int64), total.indices, values)


def _as_csr(entries: Entries, n_columns: int) -> sp.csr_matrix:
    indptr = np.concatenate([[0], np.cumsum(entries.lengths)]).astype(np.int32)
    shape = (len(entries.lengths), n_columns)
    X = sp.csr_matrix((entries.values, entries.columns, indptr), shape=shape)
    X.has_canonical_format = True
    return X


def ones(size: int) -> NDArray[np.int64]:
    """A one for each of some entries."""
    if size < _FEW:
        return np.ones(size, np.int64)
    return np.broadcast_to(np.int64(1), size)  # needs no memory, but some time


def _columns(keys: NDArray, bits: int) -> NDArray[np.int32]:
    return (keys & ((1 << bits) - 1)).astype(np.int32)


def _pack(parts: list[Part], n_columns: int) -> tuple[NDArray, int]:
    """Return row and column of each token in one integer, and the bits of a column."""
    n_rows = len(parts[0].offsets) - 1
    bits = max(n_columns - 1, 1).bit_length()
    small = max(n_rows - 1, 1).bit_length() + bits <= 32
    dtype: type[np.unsignedinteger] = np.uint32 if small else np.uint64
    packed = []
    for offsets, columns, _ in parts:
        rows = np.arange(n_rows, dtype=dtype) << bits
        keys = np.repeat(rows, np.diff(offsets))
        known = columns >= 0
        if not known.all():
            keys, columns = np.compress(known, keys), np.compress(known, columns)
        keys |= columns.view(np.uint32)
        packed.append(keys)
    return np.concatenate(packed) if len(packed) > 1 else packed[0], bits


def _weights(parts: list[Part]) -> NDArray[np.float64] | None:
    """Return the weights of the tokens that have a column; None if all are 1."""
    if all(part.weights is None for part in parts):
        return None
    weights = [
        np.ones(len(part.columns)) if part.weights is None else part.weights for part in parts
    ]
    return np.concatenate([w[part.columns >= 0] for w, part in zip(weights, parts, strict=True)])


def weigh(entries: Entries, weighting: str, idf: NDArray[np.float64] | None) -> NDArray:
    """Return the values of entries that hold counts, or ones for "binary"."""
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
            f"A term of a row has the weight {counts.min()}, but weighting='sublinear' needs "
            "positive weights; use weighting='count' for other weights."
        )
    return 1.0 + np.log(counts)


def _normalise(values: NDArray[np.float64], lengths: NDArray[np.int64]) -> NDArray[np.float64]:
    """Scale each row to Euclidean length 1."""
    rows = np.repeat(np.arange(len(lengths)), lengths)
    norms = np.sqrt(np.bincount(rows, values**2, minlength=len(lengths)))
    return values / np.where(norms > 0, norms, 1.0)[rows]
