"""Blocks of n-grams to entries of the matrix, and these to the matrix."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from skembed.parallel._map_ahead import consume, map_ahead, transpose
from skembed.vocabulary._coverage import (
    Expected,
    Looked,
    Seen,
    known_ends,
    look_at_subwords,
    look_at_terms,
    seen_in,
    warn_of_unknown,
)
from skembed.vocabulary._csr import Entries, Part, to_csr, weigh
from skembed.vocabulary._lengths import Lengths
from skembed.vocabulary._ngrams import Grams, cut_blocks, join_ngrams
from skembed.vocabulary._output_columns import Field
from skembed.vocabulary._subwords import Subwords, all_entries
from skembed.vocabulary._tokens import MISSING, Tokens, share_dictionary, with_none


class Coded(NamedTuple):
    """The n-grams of each field, and their columns."""

    fields: list[Field]
    grams: list[list[Grams]]  # per field, block by block
    tables: list[NDArray[np.int32]]  # per field, column of each n-gram, -1 for none


def look_up(blocks: list[list[Tokens]], fields: list[Field], lengths: Lengths) -> Coded:
    """Find the columns of the n-grams; the given list is emptied."""
    grams, tables = [], []
    for field, column in zip(fields, transpose(blocks), strict=True):
        of_column, names = join_ngrams(share_dictionary(column), lengths)
        grams.append(of_column)
        tables.append(field.columns_of(names))
    return Coded(fields, grams, tables)


def encode(
    coded: Coded,
    *,
    weighting: str,
    idf: NDArray[np.float64] | None,
    handle_unknown: str,
    dtype: type,
    expected: Expected | None,
) -> sp.csr_matrix:
    """Return the matrix; the list of n-grams is emptied.

    `expected` holds the shares of unknown terms to expect; None for the rows of fit.
    """
    encoder = Encoder.of(
        coded,
        lambda entries: weigh(entries, weighting, idf).astype(dtype, copy=False),
        counted=weighting != "binary",
        find_unknown=handle_unknown != "ignore",
        looks=expected is not None,
    )
    blocks = transpose(coded.grams)
    room = sum(grams.size for block in blocks for grams in block)
    cut = cut_blocks(consume(blocks))
    encoded = _report_unknown(map_ahead(encoder.encode, cut), handle_unknown, expected)
    return to_csr(encoded, room, encoder.width, dtype)


class Encoder(NamedTuple):
    """How n-grams become entries of the matrix."""

    fields: list[Field]
    tables: list[NDArray[np.int32]]  # per field, output column of each n-gram, then -1
    subwords: list[Subwords | None]  # per field, n-grams of characters by their output columns
    values_of: Callable[[Entries], NDArray]
    counted: bool  # whether the entries that values are made of hold counts, or ones
    find_unknown: bool
    ends: list[int | None] | None  # `known_ends`, where unknown terms are counted

    @classmethod
    def of(
        cls,
        coded: Coded,
        values_of: Callable[[Entries], NDArray],
        counted: bool,
        find_unknown: bool,
        looks: bool,
    ) -> Self:
        """Take tables that count columns from the first of their field."""
        fields, grams, tables = coded
        starts = np.cumsum([0, *(field.width for field in fields[:-1])], dtype=np.int32)
        shifted = [
            with_none(np.where(table >= 0, table + start, np.int32(-1)))
            for table, start in zip(tables, starts, strict=True)
        ]
        ends = known_ends(fields, tables) if looks else None
        subwords = [
            None if (found := of_field[0].subwords) is None else found.with_columns(table)
            for of_field, table in zip(grams, shifted, strict=True)
        ]
        return cls(fields, shifted, subwords, values_of, counted, find_unknown, ends)

    @property
    def width(self) -> int:
        """Number of columns of the matrix."""
        return sum(field.width for field in self.fields)

    def encode(self, block: list[Grams]) -> Encoded:
        """Return the entries of a block, of which each field's n-grams are given."""
        parts: list[Part] = []
        end, unknown, shortest = 0, [], []
        for field, grams, table in zip(self.fields, block, self.tables, strict=True):
            tokens = grams.tokens
            shortest.append(len(parts))
            for codes in grams.codes:
                parts.append(Part(tokens.offsets, table[codes], tokens.weights))
                if self.find_unknown:
                    unknown += _unknown(tokens, codes, parts[-1].columns)
            if self.find_unknown:
                unknown += _unknown_subwords(grams, table)
            end += field.width
            if field.has_missing:
                missing = tokens.keep(tokens.codes == MISSING)
                columns = np.full(len(missing.codes), end - 1, np.int32)
                parts.append(Part(missing.offsets, columns, None))
        pairs = zip(self.subwords, block, strict=True)
        subwords = [(cut, grams.tokens) for cut, grams in pairs if cut is not None]
        entries = all_entries(parts, subwords, end, self.counted)
        entries = entries._replace(values=self.values_of(entries))
        seen = None
        if self.ends is not None:
            looked = [self._look(j, grams, parts, shortest[j]) for j, grams in enumerate(block)]
            seen = seen_in(block, looked, entries.lengths == 0)
        first = unknown[0][1] if unknown else None
        return Encoded(entries, sum(n for n, _ in unknown), first, seen)

    def _look(self, j: int, grams: Grams, parts: list[Part], shortest: int) -> Looked:
        """Count the terms of a field that have no column of their own."""
        assert self.ends is not None
        end = self.ends[j]
        if grams.subwords is not None:
            return look_at_subwords(grams, self.tables[j], end)
        return look_at_terms(grams, parts[shortest].columns, end, self.fields[j].has_missing)


class Encoded(NamedTuple):
    """Entries of a block, and what had no column."""

    entries: Entries
    n_unknown: int
    first_unknown: str | None  # names its row
    seen: Seen | None


def _report_unknown(
    blocks: Iterable[Encoded], how: str, expected: Expected | None
) -> Iterator[Entries]:
    """Yield the entries of blocks; raise or warn in the end if terms had no column."""
    n_unknown, first, seen = 0, None, []
    for block in blocks:
        if block.seen is not None:
            seen.append(block.seen)
        n_unknown += block.n_unknown
        first = first or block.first_unknown
        yield block.entries
    if not n_unknown:
        if expected is not None:
            warn_of_unknown(seen, expected)
        return
    message = f"{first}, which is not in the vocabulary ({n_unknown} unknown terms in total)"
    if how == "error":
        raise ValueError(
            f"{message}; set handle_unknown='ignore' to drop them, or num_oov_buckets to hash them."
        )
    warnings.warn(f"{message}; unknown terms are dropped.", UserWarning, stacklevel=2)


def _unknown(
    tokens: Tokens, codes: NDArray[np.int32], columns: NDArray[np.int32]
) -> list[tuple[int, str]]:
    """Return the number of n-grams without a column, and the row of the first."""
    unknown = (codes >= 0) & (columns < 0)
    if not unknown.any():
        return []
    first = int(np.argmax(unknown))
    term = tokens.terms[int(tokens.codes[first])]
    return [(int(unknown.sum()), f"{tokens.row_of(first)} holds {str(term)!r}")]


def _unknown_subwords(grams: Grams, table: NDArray[np.int32]) -> list[tuple[int, str]]:
    """Return the number of n-grams of characters without a column, and the row of the first."""
    if grams.subwords is None:
        return []
    counts = grams.subwords.counts_of(table < 0)[grams.tokens.codes]
    if not counts.any():
        return []
    first = int(np.argmax(counts > 0))
    code = int(grams.tokens.codes[first])
    term, name = str(grams.tokens.terms[code]), grams.subwords.first_of(table < 0, code)
    what = f"{grams.tokens.row_of(first)} holds {term!r} with {name!r}"
    return [(int(counts.sum()), what)]
