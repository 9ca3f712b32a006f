"""One row as people read it: its tokens in order, and the output columns of each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from skembed.parallel._map_ahead import transpose
from skembed.vocabulary._cells import read_table
from skembed.vocabulary._ngrams import join_ngrams
from skembed.vocabulary._tokens import MISSING, share_dictionary


class Gram(NamedTuple):
    """An n-gram of a row that has an output column."""

    first: int  # position of its first token
    length: int  # tokens
    column: int  # of the transformer's output


class RowTerms(NamedTuple):
    """A cell of a row: its tokens in order."""

    name: str | None  # of the input's column
    text: str | None  # the cell, where it is text that was split
    tokens: list[str | None]  # None for a missing value
    grams: list[Gram]
    unknown: list[bool]  # (n_tokens,) whether no n-gram that begins there is in the vocabulary


def row_terms(transformer: Any, X: Any) -> list[RowTerms]:
    """Read the first row of X by a fitted transformer, a `RowTerms` for each column of X."""
    fields = transformer._fitted_fields()
    names, blocks = transformer._read(X, reset=False)
    cells = next(read_table(X).blocks).columns if transformer.tokenizer is not None else []
    read, start = [], 0
    for j, tokens in enumerate(transpose(blocks)):
        field = fields[j]
        (block, *_), gram_names = join_ngrams(share_dictionary(tokens), transformer.ngram_range)
        columns = np.append(field.columns_of(gram_names), -1)  # the code -1 picks the last
        if field.has_missing:
            columns[-1] = field.width - 1
        end = int(block.tokens.offsets[1])
        codes = block.tokens.codes[:end]
        shortest = transformer.ngram_range[0]
        grams, unknown = [], np.zeros(end, bool)
        for length, of_length in enumerate(block.codes, shortest):
            of_columns = columns[of_length[:end]]
            there = of_length[:end] >= 0
            if length == 1 and field.has_missing:
                there |= codes == MISSING
            if length == shortest:
                known = (of_columns >= 0) & (of_columns < field.n_terms)
                unknown = there & ~known & (codes != MISSING)
            for first in np.flatnonzero(there & (of_columns >= 0)):
                grams.append(Gram(int(first), length, start + int(of_columns[first])))
        terms = block.tokens.terms.to_pylist()
        read.append(
            RowTerms(
                None if names is None else names[j],
                _text(cells[j]) if cells else None,
                [None if code == MISSING else terms[code] for code in codes],
                grams,
                (unknown & (not field.hashed)).tolist(),
            )
        )
        start += field.width
    return read


def _text(cells: Any) -> str | None:
    """First of an array of cells, if it is a string."""
    cell = cells[0].as_py() if isinstance(cells, pa.Array | pa.ChunkedArray) else None
    return cell if isinstance(cell, str) else None
