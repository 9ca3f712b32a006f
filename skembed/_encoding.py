"""Blocks of cells to tokens, and tokens to entries of the matrix."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skembed._cells import Block, Table, Where
from skembed._entries import Entries, Part, count_entries
from skembed._field import Field
from skembed._ngrams import Grams
from skembed._threads import map_ahead
from skembed._tokenize import Tokenizer
from skembed._tokens import MISSING, Tokens, read_tokens, take

R = TypeVar("R")


class Reader(NamedTuple):
    """How cells become tokens."""

    tokenizer: Tokenizer | None
    stop_terms: pa.LargeStringArray | None
    handle_missing: str  # "error", "ignore" or "indicator"

    def read(self, table: Table, then: Callable[[list[Tokens]], R]) -> Iterator[R]:
        """Yield what `then` makes of the tokens of each column, block after block."""
        names = [None] if table.names is None else table.names

        def read_block(block: Block) -> R:
            pairs = zip(block.columns, names, strict=True)
            return then([self._read(cells, Where(block.start, name)) for cells, name in pairs])

        return map_ahead(read_block, table.blocks)

    def _read(self, cells: pa.Array | list, where: Where) -> Tokens:
        tokens = read_tokens(cells, self.tokenizer, where)
        if self.stop_terms is not None:
            tokens = tokens.without(self.stop_terms)
        return self._without_missing(tokens)

    def _without_missing(self, tokens: Tokens) -> Tokens:
        if self.handle_missing == "indicator":
            return tokens
        present = tokens.codes != MISSING
        if self.handle_missing == "error" and not present.all():
            row = tokens.row_of(int(np.argmin(present)))
            raise ValueError(
                f"{row} has a missing value; fill it, or set handle_missing='indicator' to give "
                "missing values a column of their own, or 'ignore' to drop them."
            )
        return tokens.keep(present)


class Encoded(NamedTuple):
    """Entries of a block, and what had no column."""

    entries: Entries
    n_unknown: int
    first_unknown: str | None  # names its row


def encode(
    fields: list[Field], grams: list[Grams], tables: list[NDArray[np.int32]], find_unknown: bool
) -> Encoded:
    """Count the columns of a block.

    Parameters
    ----------
    fields, grams, tables : list
        Of each input column the output columns, the block's n-grams, and the output
        column (counted from the field's first) of each n-gram.
    find_unknown : bool
        Whether to look for n-grams without a column.
    """
    parts, start, unknown = [], 0, []
    for field, of_block, table in zip(fields, grams, tables, strict=True):
        tokens = of_block.tokens
        shifted = np.where(table >= 0, table + np.int32(start), np.int32(-1))
        for codes in of_block.codes:
            parts.append(Part(tokens.offsets, take(shifted, codes), tokens.weights))
            if find_unknown:
                unknown += _unknown(tokens, codes, parts[-1].columns)
        start += field.width
        if field.has_missing:
            missing = tokens.keep(tokens.codes == MISSING)
            columns = np.full(len(missing.codes), start - 1, np.int32)
            parts.append(Part(missing.offsets, columns, None))
    first = unknown[0][1] if unknown else None
    return Encoded(count_entries(parts, start), sum(n for n, _ in unknown), first)


def report_unknown(blocks: list[Encoded], how: str) -> None:
    """Raise or warn if terms had no column."""
    n_unknown = sum(block.n_unknown for block in blocks)
    if not n_unknown:
        return
    first = next(block.first_unknown for block in blocks if block.first_unknown)
    message = f"{first}, which is not in the vocabulary ({n_unknown} such terms in all)"
    if how == "error":
        raise ValueError(
            f"{message}; set handle_unknown='ignore' to drop them, or num_oov_buckets to hash them."
        )
    warnings.warn(f"{message}; they are dropped.", UserWarning, stacklevel=4)


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
