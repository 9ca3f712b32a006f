"""The parameter `vocabulary` as terms in column order, one array per input column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa


def given_vocabularies(vocabulary: Any, names: list[str] | None) -> list[pa.Array] | list[None]:
    """Return a vocabulary per column of the input from the parameter `vocabulary`."""
    if vocabulary is None:
        return [None] * (1 if names is None else len(names))
    if names is None:
        return [_as_arrow(vocabulary)]
    if isinstance(vocabulary, Mapping):
        if set(map(str, vocabulary)) != set(names):
            raise ValueError(
                f"vocabulary has the columns {sorted(map(str, vocabulary))}, but X has "
                f"{sorted(names)}; map each column name of X to its vocabulary."
            )
        by_name = {str(name): terms for name, terms in vocabulary.items()}
        return [_as_arrow(by_name[name]) for name in names]
    per_column = list(vocabulary)
    if len(per_column) != len(names) or isinstance(per_column[0], str | int | np.integer):
        raise ValueError(
            f"X has {len(names)} columns, expected one vocabulary for each; pass a list with one "
            "list of terms per column, or a mapping from column name to terms."
        )
    return [_as_arrow(terms) for terms in per_column]


def _as_arrow(vocabulary: Any) -> pa.LargeStringArray:
    return pa.array(_terms_in_order(vocabulary), pa.large_string())


def _terms_in_order(vocabulary: Any) -> list[str]:
    """Return a given vocabulary as terms in column order, or raise."""
    if isinstance(vocabulary, str | bytes):
        raise ValueError(f"vocabulary is {vocabulary!r}, expected a list or a mapping of terms.")
    if isinstance(vocabulary, Mapping):
        vocabulary = _in_order(vocabulary)
    elif isinstance(vocabulary, set | frozenset):
        vocabulary = sorted(vocabulary)
    elif isinstance(vocabulary, pa.Array | pa.ChunkedArray):
        vocabulary = vocabulary.to_pylist()
    terms = [_as_term(term) for term in vocabulary]
    if not terms:
        raise ValueError("empty vocabulary passed to fit; give at least one term.")
    seen: set[str] = set()
    for term in terms:
        if term in seen:
            raise ValueError(f"Duplicate term in vocabulary: {term!r}; list each term once.")
        seen.add(term)
    return terms


def _in_order(columns: Mapping[Any, Any]) -> list[Any]:
    """Return the terms of a mapping from term to column by column."""
    terms = sorted(columns, key=columns.__getitem__)
    for j, term in enumerate(terms):
        if columns[term] != j:
            raise ValueError(
                f"vocabulary maps {term!r} to column {columns[term]}, expected {j}; number the "
                f"columns of its {len(terms)} terms from 0, without gaps or repeats."
            )
    return terms


def _as_term(term: Any) -> str:
    if isinstance(term, float | np.floating) and float(term).is_integer():
        return str(int(term))
    if not isinstance(term, str | int | np.integer | np.bool_):
        raise TypeError(f"vocabulary holds {term!r}, expected terms of type str, int or bool.")
    return str(term)
