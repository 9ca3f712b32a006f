"""One row as people read it: its tokens in order, and the output columns of each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skembed.parallel._map_ahead import transpose
from skembed.vocabulary._cells import read_table
from skembed.vocabulary._lengths import lengths_of
from skembed.vocabulary._ngrams import Grams, join_ngrams
from skembed.vocabulary._output_columns import Field
from skembed.vocabulary._tokens import MISSING, share_dictionary


class Gram(NamedTuple):
    """An n-gram of a row that has an output column; one of characters lies in one token."""

    first: int  # position of its first token
    length: int  # tokens
    column: int  # of the transformer's output


class RowTerms(NamedTuple):
    """A cell of a row: its tokens in order."""

    name: str | None  # of the input's column
    text: str | None  # the cell, where it is text that was split
    tokens: list[str | None]  # None for a missing value
    grams: list[Gram]
    unknown: list[bool]  # (n_tokens,) whether nothing that begins there is in the vocabulary


def row_terms(transformer: Any, X: Any) -> list[RowTerms]:
    """Read the first row of X by a fitted transformer, a `RowTerms` for each column of X."""
    fields, lengths = transformer._fitted_fields(), lengths_of(transformer)
    names, blocks = transformer._read(X, reset=False)
    cells = next(read_table(X).blocks).columns if transformer.tokenizer is not None else []
    read, start = [], 0
    for j, tokens in enumerate(transpose(blocks)):
        field = fields[j]
        (block, *_), gram_names = join_ngrams(share_dictionary(tokens), lengths)
        columns = np.append(field.columns_of(gram_names), -1)  # the code -1 picks the last
        row = block.rows(0, 1)
        shortest = 1 if lengths.terms is None else lengths.terms[0]
        grams, unknown = _found(row, columns, shortest, field)
        terms = row.tokens.terms.to_pylist()
        read.append(
            RowTerms(
                None if names is None else names[j],
                _text(cells[j]) if cells else None,
                [None if code == MISSING else terms[code] for code in row.tokens.codes],
                [gram._replace(column=start + gram.column) for gram in grams],
                (unknown & (not field.hashed)).tolist(),
            )
        )
        start += field.width
    return read


def _found(
    row: Grams, columns: NDArray[np.int32], shortest: int, field: Field
) -> tuple[list[Gram], NDArray[np.bool_]]:
    """Return the n-grams of a row that have a column of its field, and which tokens are unknown."""
    n_tokens = len(row.tokens.codes)
    there, known = np.zeros((2, n_tokens), np.bool_)
    owners = np.arange(n_tokens)
    sources = [(length, owners, codes) for length, codes in enumerate(row.codes, shortest)]
    if row.subwords is not None:
        sizes = row.subwords.sizes(row.tokens)
        sources.append((1, np.repeat(owners, sizes), row.subwords.part(row.tokens).columns))
    grams = []
    for number, (length, firsts, codes) in enumerate(sources):
        of_columns = columns[codes]
        if number == 0 or number == len(row.codes):  # the shortest, and those of characters
            there[firsts[codes >= 0]] = True
            known[firsts[(of_columns >= 0) & (of_columns < field.n_terms)]] = True
        pairs = zip(firsts.tolist(), of_columns.tolist(), strict=True)
        grams += [Gram(first, length, column) for first, column in pairs if column >= 0]
    if field.has_missing:
        missing = np.flatnonzero(row.tokens.codes == MISSING).tolist()
        grams += [Gram(first, 1, field.width - 1) for first in missing]
    return grams, there & ~known


def _text(cells: Any) -> str | None:
    """First of an array of cells, if it is a string."""
    cell = cells[0].as_py() if isinstance(cells, pa.Array | pa.ChunkedArray) else None
    return cell if isinstance(cell, str) else None
