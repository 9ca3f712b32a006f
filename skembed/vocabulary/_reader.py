"""Blocks of cells to blocks of tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa

from skembed.parallel._map_ahead import map_ahead
from skembed.vocabulary._boolean_terms import boolean_names, renamed
from skembed.vocabulary._cells import Block, Cells, Table, Where, read_table, untyped_if_missing
from skembed.vocabulary._given_vocabulary import given_vocabularies
from skembed.vocabulary._input_columns import check_input_columns
from skembed.vocabulary._lists import Joined
from skembed.vocabulary._tokenizer import Tokenizer, make_tokenizer
from skembed.vocabulary._tokens import MISSING, Tokens, read_tokens


def read_input(
    transformer: Any, X: Any, reset: bool
) -> tuple[list[str] | None, list[list[Tokens]]]:
    """Return column names and all tokens of X, block by block, as a transformer reads them.

    With `reset` the number and the names of the columns of X are kept, otherwise checked.
    """
    table = read_table(X)
    names = table.names
    check_input_columns(transformer, X, names, reset)
    reader = Reader.of(
        transformer.tokenizer,
        transformer.token_pattern,
        transformer.lowercase,
        transformer.stop_terms,
        transformer.handle_missing,
    )
    blocks = list(reader.read(table))
    known = None if reset else getattr(transformer, "_fields", None)

    def names_of(j: int) -> dict[str, str]:
        """Names of booleans in the vocabulary of a column: the fitted one, or the given one."""
        if known is not None:
            return known[j].boolean_names
        given = given_vocabularies(transformer.vocabulary, names)[j]
        return {} if given is None else boolean_names(given)

    return names, renamed(blocks, names_of)


class Reader(NamedTuple):
    """How cells become tokens."""

    tokenizer: Tokenizer | None
    stop_terms: pa.LargeStringArray | None
    handle_missing: str  # "error", "ignore" or "indicator"

    @classmethod
    def of(
        cls,
        tokenizer: str | Callable[[str], list[str]] | None,
        token_pattern: str,
        lowercase: bool,
        stop_terms: Iterable[Any] | None,
        handle_missing: str,
    ) -> Self:
        """Take the parameters of the transformer."""
        made = None if tokenizer is None else make_tokenizer(tokenizer, token_pattern, lowercase)
        stop = list(map(str, () if stop_terms is None else stop_terms))
        terms = pa.array(stop, pa.large_string()) if stop else None
        return cls(made, terms, handle_missing)

    def read(self, table: Table) -> Iterator[list[Tokens]]:
        """Yield the tokens of each column, block after block."""
        names = [None] if table.names is None else table.names

        def read_block(block: Block) -> list[Tokens]:
            pairs = zip(block.columns, names, strict=True)
            return [self._read(cells, Where(block.start, name)) for cells, name in pairs]

        return map_ahead(read_block, table.blocks)

    def _read(self, cells: Cells, where: Where) -> Tokens:
        cells = untyped_if_missing(cells)
        numbered = cells.number() if isinstance(cells, Joined) else cells
        tokens = read_tokens(numbered, self.tokenizer, where)
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
