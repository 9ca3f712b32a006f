"""Terms cut into n-grams of characters, all distinct terms at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skembed.vocabulary._subwords import Subwords
from skembed.vocabulary._tokenizer import text_bytes

Integers = NDArray[np.int64]
# More characters in the n-grams of all distinct terms are refused.
_MOST_CHARACTERS = 2**31
# Terms that are cut at a time: their arrays take many times the space.
_BYTES_AT_ONCE = 2**22
# Up to so many bytes of terms are cut by a Python loop, whose time is less than that of the calls.
_FEW_BYTES = 500
_STRING = pa.large_string()


class _Level(NamedTuple):
    """The n-grams of one length."""

    length: int
    at: Integers  # (n,) place of the first character of each occurrence
    numbers: Integers  # (n,) which of the distinct n-grams it is
    first: Integers  # (n_distinct,) place of the first character of one occurrence


def find_subwords(
    terms: pa.LargeStringArray, lengths: tuple[int, int], start: int, prefix: str
) -> Subwords:
    """Cut each term, with a space before and behind it, into its n-grams.

    A term that is shorter than the shortest n-gram is one n-gram as a whole, as in scikit-learn's
    ``analyzer="char_wb"``. `start` is the code of the first n-gram.
    """
    ends, text = text_bytes(terms)
    if len(text) <= _FEW_BYTES:
        return _cut_few(terms, lengths, start, prefix)
    _check_size(terms, lengths)
    bounds = np.searchsorted(ends, np.arange(_BYTES_AT_ONCE, len(text), _BYTES_AT_ONCE))
    bounds = np.unique(np.concatenate([[0], bounds, [len(terms)]]))
    parts = [
        _cut(terms[first:last], lengths, start, prefix)
        for first, last in zip(bounds[:-1], bounds[1:], strict=True)
    ]
    return parts[0] if len(parts) == 1 else _together(parts)


def _together(parts: list[Subwords]) -> Subwords:
    """Put the n-grams of the first, the second, ... terms together."""
    start = parts[0].start
    encoded = pa.concat_arrays([part.names for part in parts]).dictionary_encode()
    tables = np.split(
        encoded.indices.to_numpy(), np.cumsum([len(part.names) for part in parts])[:-1]
    )
    pairs = zip(parts, tables, strict=True)
    codes = np.concatenate([table[part.codes - start] + start for part, table in pairs])
    sizes = np.concatenate([np.diff(part.offsets) for part in parts])
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    return Subwords(offsets, codes.astype(np.int32), encoded.dictionary, start)


def _cut(terms: pa.LargeStringArray, lengths: tuple[int, int], start: int, prefix: str) -> Subwords:
    """Cut terms, length by length."""
    points, sizes = _padded(terms)
    counts = np.zeros_like(sizes)
    for length in range(1, _longest(sizes, lengths) + 1):
        counts += _windows(sizes, length, lengths)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    codes = np.empty(offsets[-1], np.int32)
    begins, of_term = np.cumsum(sizes) - sizes, np.repeat(np.arange(len(terms)), sizes)
    filled, end, names = offsets[:-1].copy(), start, [pa.array([], _STRING)]
    for level in _levels(points, sizes, lengths):
        owners = of_term[level.at]
        codes[filled[owners] + level.at - begins[owners]] = level.numbers + end
        filled += _windows(sizes, level.length, lengths)
        end += len(level.first)
        characters = points[level.first[:, None] + np.arange(level.length)]
        names.append(_strings(characters, prefix))
    return Subwords(offsets, codes, pa.concat_arrays(names), start)


def _cut_few(
    terms: pa.LargeStringArray, lengths: tuple[int, int], start: int, prefix: str
) -> Subwords:
    """Cut a few short terms one by one."""
    numbers: dict[str, int] = {}
    codes, offsets = [], [0]
    for term in terms.to_pylist():
        padded = f" {term} "
        size = len(padded)
        for length in range(min(lengths[0], size), min(lengths[1], size) + 1):
            for at in range(size - length + 1):
                codes.append(numbers.setdefault(padded[at : at + length], start + len(numbers)))
        offsets.append(len(codes))
    names = pa.array([prefix + name for name in numbers], _STRING)
    return Subwords(np.array(offsets), np.array(codes, np.int32), names, start)


def _levels(
    points: NDArray[np.uint32], sizes: Integers, lengths: tuple[int, int]
) -> Iterator[_Level]:
    """Number the n-grams of one length after the other: a shorter one, and the next character."""
    alphabet, distinct = pd.factorize(points)
    at, keys = np.arange(len(points)), alphabet
    left = np.repeat(np.cumsum(sizes), sizes) - at  # characters up to the end of the term
    of_size = np.repeat(sizes, sizes)
    for length in range(1, _longest(sizes, lengths) + 1):
        if length > 1:
            longer = left[at] >= length
            at = at[longer]
            keys = keys[longer] * len(distinct) + alphabet[at + length - 1]
            keys = pd.factorize(keys)[0]
        here, own = at, keys
        if length < lengths[0]:
            whole = of_size[at] == length
            here, own = at[whole], keys[whole]
        numbers, names = pd.factorize(own)
        first = np.empty(len(names), np.int64)
        first[numbers] = here
        yield _Level(length, here, numbers, first)


def _longest(sizes: Integers, lengths: tuple[int, int]) -> int:
    """Length of the longest n-gram that there is."""
    return min(lengths[1], int(sizes.max(initial=0)))


def _windows(sizes: Integers, length: int, lengths: tuple[int, int]) -> Integers:
    """Number of n-grams of one length in terms of so many characters."""
    if length < lengths[0]:
        return (sizes == length).astype(np.int64)
    return np.maximum(sizes - length + 1, 0)


def _padded(terms: pa.LargeStringArray) -> tuple[NDArray[np.uint32], Integers]:
    """Return the code points of all terms, each between two spaces, and their numbers."""
    sizes = pc.utf8_length(terms).to_numpy(zero_copy_only=False).astype(np.int64)
    text = text_bytes(terms)[1].tobytes().decode()
    points = np.full(len(text) + 2 * len(sizes), ord(" "), np.uint32)
    before = np.repeat(2 * np.arange(len(sizes)) + 1, sizes)  # spaces
    points[before + np.arange(len(text))] = np.frombuffer(text.encode("utf-32-le"), "<u4")
    return points, sizes + 2


def _strings(characters: NDArray[np.uint32], prefix: str) -> pa.LargeStringArray:
    """Return rows of code points (n, length) as strings, each behind the prefix."""
    letters = np.frombuffer(prefix.encode("utf-32-le"), "<u4")
    points = np.hstack([np.broadcast_to(letters, (len(characters), len(letters))), characters])
    widths = 1 + (points > 0x7F) + (points > 0x7FF).astype(np.int64) + (points > 0xFFFF)
    offsets = np.concatenate([[0], np.cumsum(widths.sum(axis=1))])
    data = points.astype("<u4").tobytes().decode("utf-32-le").encode()
    return pa.LargeStringArray.from_buffers(
        len(points), pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(data)
    )


def _check_size(terms: pa.LargeStringArray, lengths: tuple[int, int]) -> None:
    """Raise for n-grams that together have too many characters."""
    sizes = pc.utf8_length(terms).to_numpy(zero_copy_only=False).astype(np.int64) + 2
    by_size = np.bincount(sizes)  # number of terms
    sizes = np.flatnonzero(by_size)
    total = 0
    for length in range(1, _longest(sizes, lengths) + 1):
        total += length * int((_windows(sizes, length, lengths) * by_size[sizes]).sum())
    if total > _MOST_CHARACTERS:
        raise ValueError(
            f"char_ngram_range={lengths} makes n-grams of {total} characters in all of the "
            f"{len(terms)} distinct terms, the longest of which has {sizes[-1] - 2}; lower max_n, "
            "split long terms, or pass fewer rows at a time."
        )
