"""n-grams of tokens as integer keys, joined to strings only for their names."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skembed.parallel._map_ahead import consume, map_ahead
from skembed.vocabulary._tokens import Tokens, take

Codes = NDArray[np.int32]
_SPACE = pa.scalar(" ", pa.large_string())


class Level(NamedTuple):
    """The distinct n-grams of one length: a shorter one, and the token that follows it."""

    parents: Codes  # (n_distinct,), codes within the level before
    lasts: Codes  # (n_distinct,), codes of tokens


class Names:
    """Distinct n-grams, numbered through all lengths, that are joined when asked for."""

    def __init__(self, terms: pa.LargeStringArray, levels: list[Level], shortest: int) -> None:
        self._terms = terms
        self._levels = levels  # lengths 2, 3, ...
        self._shortest = shortest
        sizes = [len(terms), *(len(level.parents) for level in levels)][shortest - 1 :]
        self._starts = np.concatenate([[0], np.cumsum(sizes)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def number_through(self, codes: list[Codes]) -> list[Codes]:
        """Turn codes within each length into codes of this class, in place."""
        for level, start in zip(codes[1:], self._starts[1:-1], strict=True):
            np.add(level, np.int32(start), out=level, where=level >= 0)
        return codes

    def take(self, codes: NDArray[np.integer]) -> pa.LargeStringArray:
        """Return the terms of ascending codes."""
        splits = np.searchsorted(codes, self._starts)
        parts = [
            self._join(self._shortest + i, codes[splits[i] : splits[i + 1]] - start)
            for i, start in enumerate(self._starts[:-1])
        ]
        return pa.concat_arrays(parts)

    def all(self) -> pa.LargeStringArray:
        """Return the terms in order of their codes."""
        if not self._levels:
            return self._terms
        return self.take(np.arange(len(self)))

    def _join(self, length: int, codes: NDArray[np.integer]) -> pa.LargeStringArray:
        followers = []
        for level in reversed(self._levels[: length - 1]):
            followers.append(level.lasts[codes])
            codes = level.parents[codes]
        joined = self._terms.take(pa.array(codes))
        for last in reversed(followers):
            joined = pc.binary_join_element_wise(joined, self._terms.take(pa.array(last)), _SPACE)
        return joined


class Grams(NamedTuple):
    """The n-grams of a block of rows."""

    tokens: Tokens
    codes: list[Codes]  # per length, for each token the n-gram that starts there, or -1

    @property
    def size(self) -> int:
        """Upper bound of the number of n-grams and missing values."""
        return (1 + len(self.codes)) * len(self.tokens.codes)


def join_ngrams(blocks: list[Tokens], ngram_range: tuple[int, int]) -> tuple[list[Grams], Names]:
    """Return the n-grams of blocks that share a dictionary, and their common names."""
    shortest, longest = ngram_range
    most = max((int(np.diff(block.offsets).max(initial=0)) for block in blocks), default=0)
    longest = min(longest, most + 1)  # of more tokens than a row has there are none
    shortest = min(shortest, longest)
    terms = blocks[0].terms
    if longest > 1:
        _check_ordered(blocks)
    codes = [[block.codes] for block in blocks]
    levels: list[Level] = []
    for length in range(2, longest + 1):
        last = [of_block[-1] for of_block in codes]
        level, grown = _grow(blocks, last, length, max(len(terms), 1))
        levels.append(level)
        for of_block, new in zip(codes, grown, strict=True):
            of_block.append(new)
    names = Names(terms, levels, shortest)
    grams = [
        Grams(block, names.number_through(of_block[shortest - 1 :]))
        for block, of_block in zip(blocks, codes, strict=True)
    ]
    if longest > 1 and _ambiguous(terms):
        return _merge_equal_names(grams, names)
    return grams, names


def _grow(
    blocks: list[Tokens], codes: list[Codes], length: int, n_terms: int
) -> tuple[Level, list[Codes]]:
    """Add one token to each n-gram of ``length - 1`` tokens."""

    def find(pair: tuple[Tokens, Codes]) -> tuple[Codes, NDArray[np.int64]]:
        keys, valid = _keys(*pair, length, n_terms)
        local, distinct = pd.factorize(keys)
        numbers = np.full(len(valid), -1, np.int32)
        numbers[valid] = local
        return numbers, distinct

    def renumber(pair: tuple[Codes, NDArray[np.int64]]) -> Codes:
        local, distinct = pair
        order = np.argsort(distinct)  # searching in order is several times faster
        numbers = np.empty(len(distinct), np.int32)
        numbers[order] = np.searchsorted(keys, distinct[order])
        local[...] = take(numbers, local)
        return local

    found = list(map_ahead(find, zip(blocks, codes, strict=True)))
    keys = np.concatenate([distinct for _, distinct in found])
    keys.sort()
    keys = np.compress(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)], keys)
    grown = list(map_ahead(renumber, consume(found)))
    return Level((keys // n_terms).astype(np.int32), (keys % n_terms).astype(np.int32)), grown


def _keys(
    tokens: Tokens, codes: Codes, length: int, n_terms: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return keys of the n-grams, and at which tokens one starts."""
    n_tokens = len(tokens.codes)
    valid = codes >= 0
    valid[max(n_tokens - length + 1, 0) :] = False
    # An n-gram may not start among the last tokens of a row.
    for back in range(1, length):
        last = tokens.offsets[1:] - back
        valid[last[last >= tokens.offsets[:-1]]] = False
    starts = np.flatnonzero(valid)
    last_codes = tokens.codes[starts + length - 1]
    valid[starts[last_codes < 0]] = False
    present = last_codes >= 0
    keys = codes[np.compress(present, starts)].astype(np.int64) * n_terms
    return keys + np.compress(present, last_codes), valid


def _check_ordered(blocks: list[Tokens]) -> None:
    for block in blocks:
        if block.weights is not None:
            raise ValueError(
                f"{block.where.rows(block.n_rows)} are dicts, whose terms have no order to form "
                "n-grams; set ngram_range=(1, 1), or pass lists of terms."
            )


def _ambiguous(terms: pa.LargeStringArray) -> bool:
    """Whether different n-grams can have the same name."""
    return bool(pc.any(pc.match_substring(terms, " ")).as_py())


def _merge_equal_names(grams: list[Grams], names: Names) -> tuple[list[Grams], Names]:
    """Give n-grams such as ("a b", "c") and ("a", "b c") one code, as they have one name."""
    encoded = names.all().dictionary_encode()
    table = encoded.indices.to_numpy()
    merged = [
        Grams(of_block.tokens, [take(table, codes) for codes in of_block.codes])
        for of_block in grams
    ]
    return merged, Names(encoded.dictionary, [], 1)
