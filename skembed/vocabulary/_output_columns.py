"""The columns that one column of the input becomes."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skembed.vocabulary._boolean_terms import boolean_names
from skembed.vocabulary._counting import Vocabulary
from skembed.vocabulary._hashing import hash_terms, terms_by_bucket
from skembed.vocabulary._ngrams import Names

# Below this share of the vocabulary, distinct terms are looked up one by one in a
# dict that is kept; Arrow hashes the whole vocabulary for each lookup.
_FEW = 1 / 16
# n-grams that are joined to strings at a time, which take many times the space of their columns.
_NAMES_AT_ONCE = 2**18


class Field:
    """Output columns: the terms, then hash buckets, then one for missing values.

    Parameters
    ----------
    vocabulary : Vocabulary
        The terms. With `hashed`, those that were seen, which have no own columns.
    n_buckets : int
        Number of buckets, for terms outside the vocabulary or, with `hashed`, for all.
    has_missing : bool
        Whether missing values have a column.
    hashed : bool
        Whether there are buckets only.
    """

    def __init__(
        self, vocabulary: Vocabulary, n_buckets: int, has_missing: bool, hashed: bool
    ) -> None:
        self.vocabulary = vocabulary
        self.n_buckets = n_buckets
        self.has_missing = has_missing
        self.hashed = hashed

    @property
    def n_terms(self) -> int:
        """Number of columns that belong to one term."""
        return 0 if self.hashed else len(self.vocabulary.terms)

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.n_terms + self.n_buckets + self.has_missing

    @cached_property
    def index(self) -> dict[str, int]:
        """Column of each term."""
        return {term: j for j, term in enumerate(self.vocabulary.terms.to_pylist()[: self.n_terms])}

    @cached_property
    def n_found(self) -> int:
        """Terms of the rows of fit, each once a row."""
        return int(self.vocabulary.document_counts.sum())

    @cached_property
    def n_found_once(self) -> int:
        """Terms that one row of fit had."""
        return int(np.count_nonzero(self.vocabulary.document_counts == 1))

    @cached_property
    def boolean_names(self) -> dict[str, str]:
        """Names of booleans that the vocabulary lacks, and the other that it has."""
        return boolean_names(self.vocabulary.terms)

    @cached_property
    def term_sets(self) -> list[NDArray[np.object_]]:
        """Terms that each column stands for; for a bucket those that were seen."""
        terms = np.array(self.vocabulary.terms.to_pylist(), dtype=object)
        if self.hashed:
            sets = terms_by_bucket(self.vocabulary.terms, self.n_buckets)
        else:
            sets = list(terms.reshape(-1, 1))
        names = self.feature_names()[len(sets) :]
        return sets + [np.array([name], dtype=object) for name in names]

    def feature_names(self) -> list[str]:
        """Name of each column."""
        bucket = "hash_{}" if self.hashed else "<oov_{}>"
        terms = self.vocabulary.terms.to_pylist()[: self.n_terms]
        buckets = [bucket.format(i) for i in range(self.n_buckets)]
        extra = buckets + ["<missing>"] * self.has_missing
        taken = [name for name in extra if name in self.index]
        return unique_names(terms + extra) if taken else terms + extra

    def columns_of(self, names: Names) -> NDArray[np.int32]:
        """Return the column of each n-gram, -1 for those without."""
        if self.hashed:
            parts = names.in_turn(_NAMES_AT_ONCE)
            return _joined([hash_terms(terms, self.n_buckets) for terms in parts])
        # Each lookup may hash the whole vocabulary.
        parts = names.in_turn(max(_NAMES_AT_ONCE, self.n_terms))
        return self.with_buckets(_joined([self._look_up(terms) for terms in parts]), names)

    def with_buckets(self, columns: NDArray[np.int32], names: Names) -> NDArray[np.int32]:
        """Give the n-grams without a column that of their bucket."""
        unknown = np.flatnonzero(columns < 0)
        if self.n_buckets and len(unknown):
            parts = names.in_turn(_NAMES_AT_ONCE, unknown)
            buckets = [hash_terms(terms, self.n_buckets) for terms in parts]
            columns[unknown] = self.n_terms + _joined(buckets)
        return columns

    def idf(self, n_rows: int) -> NDArray[np.float64]:
        """Return the inverse document frequency of each column; 1 for extra columns."""
        idf = np.ones(self.width)
        idf[: self.n_terms] += np.log((1 + n_rows) / (1 + self.vocabulary.document_counts))
        return idf

    def _look_up(self, terms: pa.LargeStringArray) -> NDArray[np.int32]:
        if len(terms) < _FEW * self.n_terms:
            found = map(self.index.get, terms.to_pylist(), repeat(-1))
            return np.fromiter(found, np.int32, len(terms))
        indices = pc.index_in(terms, self.vocabulary.terms).fill_null(-1)
        return np.array(indices.to_numpy())

    def __getstate__(self) -> dict[str, Any]:
        cached = ("index", "n_found", "n_found_once", "boolean_names", "term_sets")
        return {name: value for name, value in vars(self).items() if name not in cached}


def _joined(parts: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    return np.concatenate([np.zeros(0, np.int32), *parts])


def output_names(fields: list[Field], columns: list[str] | None) -> NDArray[np.object_]:
    """Return the name of each output column, preceded by that of its input column if any."""
    names = [field.feature_names() for field in fields]
    if columns is None:
        return np.array(names[0], dtype=object)
    pairs = zip(columns, names, strict=True)
    joined = [f"{column}_{term}" for column, terms in pairs for term in terms]
    return np.array(unique_names(joined), dtype=object)


def unique_names(names: list[str]) -> list[str]:
    """Names of which no two are the same: later ones get a number, as in "city_x (2)"."""
    if len(set(names)) == len(names):
        return names
    known, numbers, unique = set(names), Counter[str](), []
    for name in names:
        numbers[name] += 1
        new = name
        while numbers[name] > 1 and (new := f"{name} ({numbers[name]})") in known:
            numbers[name] += 1
        known.add(new)
        unique.append(new)
    return unique
