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
    Seen,
    known_ends,
    seen_in,
    warn_of_unknown,
)
from skembed.vocabulary._csr import Entries, Part, count_entries, to_csr, weigh
from skembed.vocabulary._ngrams import Grams, join_ngrams
from skembed.vocabulary._output_columns import Field
from skembed.vocabulary._tokens import MISSING, Tokens, share_dictionary, with_none


class Coded(NamedTuple):
    """The n-grams of each field, and their columns."""

    fields: list[Field]
    grams: list[list[Grams]]  # per field, block by block
    tables: list[NDArray[np.int32]]  # per field, column of each n-gram, -1 for none


def look_up(blocks: list[list[Tokens]], fields: list[Field], ngram_range: tuple[int, int]) -> Coded:
    """Find the columns of the n-grams; the given list is emptied."""
    grams, tables = [], []
    for field, column in zip(fields, transpose(blocks), strict=True):
        of_column, names = join_ngrams(share_dictionary(column), ngram_range)
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
        coded.fields,
        coded.tables,
        lambda entries: weigh(entries, weighting, idf).astype(dtype, copy=False),
        counted=weighting != "binary",
        find_unknown=handle_unknown != "ignore",
        looks=expected is not None,
    )
    blocks = transpose(coded.grams)
    room = sum(grams.size for block in blocks for grams in block)
    encoded = _report_unknown(map_ahead(encoder.encode, consume(blocks)), handle_unknown, expected)
    return to_csr(encoded, room, encoder.width, dtype)


class Encoder(NamedTuple):
    """How n-grams become entries of the matrix."""

    fields: list[Field]
    tables: list[NDArray[np.int32]]  # per field, output column of each n-gram, then -1
    values_of: Callable[[Entries], NDArray]
    counted: bool  # whether the entries that values are made of hold counts, or ones
    find_unknown: bool
    ends: list[int | None] | None  # `known_ends`, where unknown terms are counted

    @classmethod
    def of(
        cls,
        fields: list[Field],
        tables: list[NDArray[np.int32]],
        values_of: Callable[[Entries], NDArray],
        counted: bool,
        find_unknown: bool,
        looks: bool,
    ) -> Self:
        """Take tables that count columns from the first of their field."""
        starts = np.cumsum([0, *(field.width for field in fields[:-1])], dtype=np.int32)
        shifted = [
            with_none(np.where(table >= 0, table + start, np.int32(-1)))
            for table, start in zip(tables, starts, strict=True)
        ]
        ends = known_ends(fields, tables) if looks else None
        return cls(fields, shifted, values_of, counted, find_unknown, ends)

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
            end += field.width
            if field.has_missing:
                missing = tokens.keep(tokens.codes == MISSING)
                columns = np.full(len(missing.codes), end - 1, np.int32)
                parts.append(Part(missing.offsets, columns, None))
        entries = count_entries(parts, end, self.counted)
        entries = entries._replace(values=self.values_of(entries))
        first = unknown[0][1] if unknown else None
        seen = None
        if self.ends is not None:
            first_columns = [parts[j].columns for j in shortest]
            has_missing = [field.has_missing for field in self.fields]
            seen = seen_in(block, first_columns, self.ends, has_missing, entries.lengths == 0)
        return Encoded(entries, sum(n for n, _ in unknown), first, seen)


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
