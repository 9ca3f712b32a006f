"""Lists of str as numbers of distinct terms, faster than Arrow reads Python's strings."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_SAMPLE = 2**11  # terms that show whether a block repeats its string objects
_ROWS_AT_A_TIME = 256
_STRING = pa.large_string()


@dataclass
class Survey:
    """Types and lengths of cells, from one look at each.

    Each look at a row's list is at another place in memory, which takes longer than what
    is done there; so rows are looked at some at a time, for all that is to be known.
    """

    types: set[type] = field(default_factory=set)
    lengths: list[int] = field(default_factory=list)  # 1 for cells without a length
    size: int = 0  # terms, at a guess; those of texts, to be cut, count fourfold

    @classmethod
    def of(cls, cells: list[Any]) -> Self:
        """Look at all cells."""
        survey = cls()
        for start in range(0, len(cells), _ROWS_AT_A_TIME):
            survey.add(cells[start : start + _ROWS_AT_A_TIME])
        return survey

    def add(self, cells: list[Any]) -> None:
        """Look at some more cells."""
        self.types.update(map(type, cells))
        try:
            lengths = list(map(len, cells))
        except TypeError:
            lengths = [1] * len(cells)
        self.lengths += lengths
        self.size += len(cells) + sum(lengths)


class Numbered(NamedTuple):
    """Some rows of terms, each given by its number."""

    lengths: NDArray[np.int64]  # (n_rows,)
    codes: NDArray[np.int32]  # (n_tokens,)
    terms: pa.LargeStringArray  # (n_distinct,), in the order of their first tokens


class Joined(NamedTuple):
    """Some rows of terms as one text, to be numbered by a thread without Python's lock."""

    lengths: NDArray[np.int64]  # (n_rows,)
    text: bytes  # each term, then a zero byte

    def number(self) -> Numbered:
        """Number the distinct terms."""
        ends = np.flatnonzero(_is_end(self.text)) + 1
        offsets = np.concatenate([[0], ends], dtype=np.int32, casting="same_kind")
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self.text)]
        tokens = pa.BinaryArray.from_buffers(pa.binary(), len(ends), buffers).dictionary_encode()
        # The zero bytes have stayed, to be cut off distinct terms only.
        terms = pc.binary_slice(tokens.dictionary, 0, -1).cast(_STRING)
        # A copy, as Arrow's allocator would keep what was next to it in memory.
        return Numbered(self.lengths, tokens.indices.to_numpy().astype(np.int32), terms)


def read_lists(cells: list[Any], survey: Survey) -> Numbered | Joined | None:
    """Read lists of str; None if there is anything else, or no term at all.

    Where an object stands for many tokens, a dict finds its number by identity. Strings
    that were made token by token it would have to compare: joining them takes less.
    """
    if not survey.types <= {list, tuple}:
        return None
    sample = list(islice(chain.from_iterable(cells), _SAMPLE))
    if set(map(type, sample)) != {str}:
        return None
    lengths = np.array(survey.lengths, np.int64)
    repeated = 2 * len(set(map(id, sample))) <= len(sample)
    try:
        return _number(cells, lengths) if repeated else _join(cells, lengths)
    except (TypeError, ValueError):  # terms of other types, or that are not UTF-8
        return None


def _number(cells: list[Any], lengths: NDArray[np.int64]) -> Numbered | None:
    """Number the terms, unless some are not str."""
    numbers: defaultdict[Any, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    tokens = chain.from_iterable(cells)
    codes = np.fromiter(map(numbers.__getitem__, tokens), np.int32, int(lengths.sum()))
    if set(map(type, numbers)) != {str}:
        return None
    return Numbered(lengths, codes, pa.array(list(numbers), _STRING))


def _join(cells: list[Any], lengths: NDArray[np.int64]) -> Joined | None:
    """Join the terms, unless some hold the zero byte or there is too much for Arrow's int32."""
    text = "\0".join(map("\0".join, filter(None, cells))).encode() + b"\0"
    if len(text) >= 2**31 or np.count_nonzero(_is_end(text)) != lengths.sum():
        return None
    return Joined(lengths, text)


def _is_end(text: bytes) -> NDArray[np.bool_]:
    return np.frombuffer(text, np.uint8) == 0
