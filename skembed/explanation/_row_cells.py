"""An explained row as people read it: its cells, cut into pieces with their contributions."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from skembed._compat import safe_indexing
from skembed.explanation._encoders import FittedEncoder
from skembed.vocabulary import VocabularyTransformer
from skembed.vocabulary._row_terms import RowTerms, row_terms


@dataclass(frozen=True)
class Piece:
    """Some text of a cell; one between terms has no contributions."""

    text: str
    contributions: np.ndarray | None = None  # (n_outputs,)
    unknown: bool = False  # a term that the vocabulary does not have


@dataclass(frozen=True)
class Cell:
    """What a row has in one column of the input."""

    column: str
    pieces: list[Piece]


@dataclass(frozen=True)
class ExplainedRows:
    """Rows as they were given to a pipeline, and what its features have contributed."""

    given: Any
    encoders: list[FittedEncoder]
    parts: list[sp.csr_matrix]  # one an output
    derived: list[list[str]]  # columns of each feature behind those of the encoders

    def cells(self, row: int) -> list[Cell]:
        """Cells of a row, in order of the encoders.

        A column's part of the features behind is shared out among its terms.
        """
        values = np.array([part[row].toarray().ravel() for part in self.parts])
        values = np.hstack([values, np.zeros((len(values), 1))])  # the feature -1 adds nothing
        one = _one_row(self.given, row)
        cells: dict[str, list[Piece]] = {}
        for encoder in self.encoders:
            table = encoder.table(one)
            if isinstance(encoder.transformer, VocabularyTransformer):
                read = row_terms(encoder.transformer, table)
                for column, terms in zip(encoder.columns, read, strict=True):
                    pieces = cells.setdefault(column, [])
                    pieces += [Piece(" ")] * bool(pieces) + _of_terms(
                        terms, values[:, encoder.features]
                    )
            else:
                for column, piece in _of_columns(encoder, table, values):
                    cells.setdefault(column, []).append(piece)
        shares = self._shares_of_derived(values[:, :-1])
        return [
            Cell(column, _raised(pieces, shares[column]) if column in shares else pieces)
            for column, pieces in cells.items()
        ]

    def _shares_of_derived(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Part (n_outputs,) of each column in the features behind."""
        shares: dict[str, np.ndarray] = {}
        behind = values[:, values.shape[1] - len(self.derived) :].T
        for columns, value in zip(self.derived, behind, strict=True):
            for column in columns:
                shares[column] = shares.get(column, 0) + value / len(columns)
        return shares

    def unknown_terms(self, row: int) -> list[str]:
        """Terms of a row that no vocabulary has, in their order and each once."""
        pieces = (piece for cell in self.cells(row) for piece in cell.pieces)
        return list(dict.fromkeys(piece.text for piece in pieces if piece.unknown))


def kept_rows(X: Any) -> Any:
    """Rows to be looked at later: a copy, which does not change with the caller's."""
    if hasattr(X, "__array__") or isinstance(X, pd.DataFrame | pd.Series):
        return X.copy() if hasattr(X, "copy") else X
    return X if hasattr(X, "shape") or hasattr(X, "__dataframe__") else list(X)


def _one_row(X: Any, row: int) -> Any:
    return [X[row]] if isinstance(X, list) else safe_indexing(X, [row])


def _raised(pieces: list[Piece], value: np.ndarray) -> list[Piece]:
    """Pieces among whose contributions a value is shared out."""
    n = sum(piece.contributions is not None for piece in pieces)
    return [
        piece
        if piece.contributions is None
        else replace(piece, contributions=piece.contributions + value / n)
        for piece in pieces
    ]


def _of_terms(terms: RowTerms, values: np.ndarray) -> list[Piece]:
    """Tokens with their shares of the features (n_outputs, n_features) of their n-grams."""
    counts = Counter(gram.column for gram in terms.grams)
    shares = np.zeros((len(terms.tokens), len(values)))
    for gram in terms.grams:
        covered = slice(gram.first, gram.first + gram.length)
        shares[covered] += values[:, gram.column] / counts[gram.column] / gram.length
    names = ["missing" if token is None else token for token in terms.tokens]
    found = None if terms.text is None else _places(terms.text, names)
    pieces, end = [], 0
    for number, (name, share, unknown) in enumerate(zip(names, shares, terms.unknown, strict=True)):
        if found is not None and terms.text is not None:
            start = found[number]
            if start > end:
                pieces.append(Piece(terms.text[end:start]))
            end = start + len(name)
            name = terms.text[start:end]
        elif pieces:
            pieces.append(Piece(", "))
        pieces.append(Piece(name, share, unknown))
    if found is not None and terms.text is not None and end < len(terms.text):
        pieces.append(Piece(terms.text[end:]))
    return pieces


def _places(text: str, tokens: list[str]) -> list[int] | None:
    """Where each token begins in a text, whatever its case; None if one cannot be found."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    places, end = [], 0
    for token in tokens:
        start = text.find(token, end)
        folded = lower.find(token.lower(), end)
        if start < 0 or 0 <= folded < start:
            start = folded
        if start < 0:
            return None
        places.append(start)
        end = start + len(token)
    return places


def _of_columns(encoder: FittedEncoder, table: Any, values: np.ndarray) -> list[tuple[str, Piece]]:
    """Each column's value with the contributions of all its features."""
    codes, columns = pd.factorize(np.array(encoder.column_of_features(), dtype=object))
    own = values[:, encoder.features]
    sums = np.array([np.bincount(codes, of_output, len(columns)) for of_output in own]).T
    cells = _values(table)
    if len(cells) != len(encoder.columns):
        cells = [""] * len(encoder.columns)
    texts = dict(zip(encoder.columns, cells, strict=True))
    together = ", ".join(filter(None, cells))
    found = []
    for column, of_column in zip(columns, sums, strict=True):
        text = texts.get(column, together)
        if text or of_column.any():  # of a sparse row most columns have nothing to show
            found.append((column, Piece(text, of_column)))
    return found


def _values(table: Any) -> list[str]:
    """Values of the first row of a table, as text."""
    if sp.issparse(table):
        row = table.tocsr()[0].tocoo()
        texts = [""] * table.shape[1]
        for column, value in zip(row.col, row.data, strict=True):
            texts[column] = f"{value:.6g}"
        return texts
    cells = np.asarray(table, dtype=object).ravel().tolist()
    return [f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in cells]
