"""n-grams of tokens as integer keys, joined to strings only for their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skembed.parallel._map_ahead import consume, map_ahead
from skembed.vocabulary._characters import find_subwords
from skembed.vocabulary._csr import Entries, Part
from skembed.vocabulary._lengths import Lengths
from skembed.vocabulary._subwords import Subwords, all_entries
from skembed.vocabulary._tokens import Tokens, take

Codes = NDArray[np.int32]
_STRING = pa.large_string()
_SPACE = pa.scalar(" ", _STRING)
# Before the names of n-grams of characters, where terms have features too: the term "art" and
# the letters "art" of "party" are two features.
PREFIX = "char:"
# n-grams of characters of a block; one with more is cut.
_MOST_SUBWORDS = 2**21


class Level(NamedTuple):
    """The distinct n-grams of one length: a shorter one, and the token that follows it."""

    parents: Codes  # (n_distinct,), codes within the level before
    lasts: Codes  # (n_distinct,), codes of tokens


class Names:
    """Distinct n-grams, numbered through all lengths, that are joined when asked for.

    n-grams of characters follow those of terms.
    """

    def __init__(
        self,
        terms: pa.LargeStringArray,
        levels: list[Level],
        shortest: int,
        subwords: pa.LargeStringArray | None = None,
    ) -> None:
        self._terms = terms
        self._levels = levels  # lengths 2, 3, ...
        self._shortest = shortest
        self._subwords = pa.array([], _STRING) if subwords is None else subwords
        sizes = [len(terms), *(len(level.parents) for level in levels)][shortest - 1 :]
        self._starts = np.concatenate([[0], np.cumsum(sizes)])

    def __len__(self) -> int:
        return self.n_of_terms + len(self._subwords)

    @property
    def n_of_terms(self) -> int:
        """Number of n-grams of terms."""
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
        subwords = codes[splits[-1] :] - self.n_of_terms
        return pa.concat_arrays([*parts, self._subwords.take(pa.array(subwords))])

    def all(self) -> pa.LargeStringArray:
        """Return the terms in order of their codes."""
        if not self._levels and not len(self._subwords):
            return self._terms
        return self.take(np.arange(len(self)))

    def in_turn(
        self, at_once: int, codes: NDArray[np.integer] | None = None
    ) -> Iterator[pa.LargeStringArray]:
        """Yield all terms, or those of ascending codes, some at a time."""
        total = len(self) if codes is None else len(codes)
        if codes is None and total <= at_once:
            yield self.all()
            return
        for start in range(0, total, at_once):
            stop = min(start + at_once, total)
            yield self.take(np.arange(start, stop) if codes is None else codes[start:stop])

    def with_subwords(self, subwords: pa.LargeStringArray) -> Names:
        """Return these names, followed by those of n-grams of characters."""
        return Names(self._terms, self._levels, self._shortest, subwords)

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
    subwords: Subwords | None  # n-grams of the characters of each term

    @property
    def size(self) -> int:
        """Upper bound of the number of n-grams and missing values."""
        of_terms = (1 + len(self.codes)) * len(self.tokens.codes)
        if self.subwords is None:
            return of_terms
        return of_terms + int(self.subwords.sizes(self.tokens).sum())

    def parts(self) -> list[Part]:
        """Return the n-grams of terms of each length."""
        tokens = self.tokens
        return [Part(tokens.offsets, codes, tokens.weights) for codes in self.codes]

    def entries(self, n_names: int, counted: bool = True) -> Entries:
        """Count the n-grams of each row; unless `counted`, all values are 1."""
        subwords = [] if self.subwords is None else [(self.subwords, self.tokens)]
        return all_entries(self.parts(), subwords, n_names, counted)

    def rows(self, start: int, stop: int) -> Grams:
        """Return the n-grams of some of the rows."""
        first, last = self.tokens.offsets[start], self.tokens.offsets[stop]
        codes = [of_length[first:last] for of_length in self.codes]
        return self._replace(tokens=self.tokens.rows(start, stop), codes=codes)


def cut_blocks(blocks: Iterable[list[Grams]]) -> Iterator[list[Grams]]:
    """Yield blocks, of each field its n-grams, with a bounded number of n-grams of characters."""
    for block in blocks:
        spelled = [grams for grams in block if grams.subwords is not None]
        if not spelled:
            yield block
            continue
        ends = np.sum([_subword_ends(grams) for grams in spelled], axis=0)
        start, n_rows = 0, len(ends) - 1
        while ends[-1] - ends[start] > _MOST_SUBWORDS and start + 1 < n_rows:
            within = np.searchsorted(ends, ends[start] + _MOST_SUBWORDS, side="right")
            stop = max(int(within) - 1, start + 1)
            yield [grams.rows(start, stop) for grams in block]
            start = stop
        yield [grams.rows(start, n_rows) for grams in block] if start else block


def _subword_ends(grams: Grams) -> NDArray[np.int64]:
    """Number of n-grams of characters before each row, and in all."""
    assert grams.subwords is not None
    sizes = np.cumsum(grams.subwords.sizes(grams.tokens))
    return np.concatenate([[0], sizes])[grams.tokens.offsets]


def join_ngrams(blocks: list[Tokens], lengths: Lengths) -> tuple[list[Grams], Names]:
    """Return the n-grams of blocks that share a dictionary, and their common names."""
    terms = blocks[0].terms
    if lengths.terms is None:
        codes: list[list[Codes]] = [[] for _ in blocks]
        names = Names(pa.array([], _STRING), [], 1)
    else:
        codes, names = _of_terms(blocks, *lengths.terms)
    subwords = None
    if lengths.characters is not None:
        prefix = "" if lengths.terms is None else PREFIX
        subwords = find_subwords(terms, lengths.characters, len(names), prefix)
        names = names.with_subwords(subwords.names)
    grams = [
        Grams(block, of_block, subwords) for block, of_block in zip(blocks, codes, strict=True)
    ]
    if _ambiguous(terms, lengths):
        return _merge_equal_names(grams, names)
    return grams, names


def _of_terms(blocks: list[Tokens], shortest: int, longest: int) -> tuple[list[list[Codes]], Names]:
    """Return the n-grams of neighbouring terms: block by block for each length, and their names."""
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
    return [names.number_through(of_block[shortest - 1 :]) for of_block in codes], names


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


def _ambiguous(terms: pa.LargeStringArray, lengths: Lengths) -> bool:
    """Whether different n-grams can have the same name."""
    if lengths.terms is None:
        return False
    if lengths.terms[1] > 1 and pc.any(pc.match_substring(terms, " ")).as_py():
        return True
    return lengths.characters is not None and bool(pc.any(pc.starts_with(terms, PREFIX)).as_py())


def _merge_equal_names(grams: list[Grams], names: Names) -> tuple[list[Grams], Names]:
    """Give n-grams such as ("a b", "c") and ("a", "b c") one code, as they have one name."""
    encoded = names.all().dictionary_encode()
    table = encoded.indices.to_numpy()
    subwords = grams[0].subwords
    if subwords is not None:
        subwords = Subwords(subwords.offsets, table[subwords.codes], encoded.dictionary, 0)
    merged = [
        Grams(of_block.tokens, [take(table, codes) for codes in of_block.codes], subwords)
        for of_block in grams
    ]
    return merged, Names(encoded.dictionary, [], 1)
