"""n-grams of the characters of terms: from the terms of rows to entries of the matrix.

Each distinct term is cut into n-grams once. Rows get them by a product of two sparse matrices, rows
by terms and terms by n-grams.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray

from skembed.vocabulary._csr import Entries, Part, add_entries, count_entries, ones
from skembed.vocabulary._tokens import Tokens

Integers = NDArray[np.int64]


class Subwords(NamedTuple):
    """Term i has the n-grams ``codes[offsets[i]:offsets[i + 1]]``."""

    offsets: Integers  # (n_terms + 1,)
    codes: NDArray[np.int32]  # (n_occurrences,)
    names: pa.LargeStringArray  # (n_distinct,)
    start: int  # code of the first of the names

    @property
    def n_terms(self) -> int:
        """Number of terms."""
        return len(self.offsets) - 1

    def sizes(self, tokens: Tokens) -> Integers:
        """Return the number of n-grams of each token; a missing one has none."""
        return np.append(np.diff(self.offsets), 0)[tokens.codes]

    def part(self, tokens: Tokens) -> Part:
        """Return the n-grams of all tokens, row by row."""
        sizes = self.sizes(tokens)
        ends = np.concatenate([[0], np.cumsum(sizes)])
        at = np.repeat(self.offsets[tokens.codes] - ends[:-1], sizes)
        at += np.arange(len(at))
        weights = None if tokens.weights is None else np.repeat(tokens.weights, sizes)
        return Part(ends[tokens.offsets], self.codes[at], weights)

    def entries(self, tokens: Tokens, n_columns: int, counted: bool = True) -> Entries:
        """Count the n-grams of each row, whose codes are columns; unless `counted`, give ones."""
        product = self._product(tokens, n_columns, counted)
        sorted_ = product.tocsc().tocsr()
        values = sorted_.data if counted else ones(sorted_.nnz)
        return Entries(np.diff(sorted_.indptr).astype(np.int64), sorted_.indices, values)

    def _product(self, tokens: Tokens, n_columns: int, counted: bool) -> sp.csr_matrix:
        """Rows by n-grams; the columns of a row are in no order."""
        part = Part(tokens.offsets, tokens.codes, tokens.weights if counted else None)
        lengths, terms, values = count_entries([part], self.n_terms, counted)
        exact = np.int32 if values.dtype.kind == "i" else np.float64
        rows = sp.csr_matrix(
            (values.astype(exact), terms, np.concatenate([[0], np.cumsum(lengths)])),
            shape=(len(lengths), self.n_terms),
        )
        cut = sp.csr_matrix(
            (np.ones(len(self.codes), exact), self.codes, self.offsets),
            shape=(self.n_terms, n_columns),
        )
        return rows @ cut

    def with_columns(self, table: NDArray[np.int32]) -> Subwords:
        """Replace each code by its column, and leave out those without."""
        columns = table[self.codes]
        known = columns >= 0
        return self._replace(offsets=self._ends(known), codes=columns[known])

    def counts_of(self, wanted: NDArray[np.bool_]) -> Integers:
        """Return how many of the wanted codes each term has; the last of the counts is 0."""
        return np.append(np.diff(self._ends(wanted[self.codes])), 0)

    def first_of(self, wanted: NDArray[np.bool_], term: int) -> str:
        """Return the name of the first wanted n-gram of a term."""
        codes = self.codes[self.offsets[term] : self.offsets[term + 1]]
        return str(self.names[int(codes[wanted[codes]][0]) - self.start])

    def _ends(self, mask: NDArray[np.bool_]) -> Integers:
        """Where the n-grams of each term begin and end if only those in the mask are left."""
        return np.concatenate([[0], np.cumsum(mask)])[self.offsets]


def all_entries(
    parts: list[Part],
    subwords: list[tuple[Subwords, Tokens]],
    n_columns: int,
    counted: bool = True,
) -> Entries:
    """Count the columns of each row, from terms and from n-grams of characters together."""
    products = []
    for cut, tokens in subwords:
        if int(cut.sizes(tokens).sum()) < n_columns:  # a product touches all columns
            parts = [*parts, cut.part(tokens)]
        else:
            products.append(cut.entries(tokens, n_columns, counted))
    found = [count_entries(parts, n_columns, counted)] if parts else []
    return reduce(lambda a, b: add_entries(a, b, n_columns, counted), found + products)
