"""True, 1 and 1.0 are one category: booleans by the terms that a vocabulary has for them."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from skembed.vocabulary._tokens import Tokens

_OTHER_NAMES = {"True": "1", "False": "0", "1": "True", "0": "False"}
_STRING = pa.large_string()


def boolean_names(terms: pa.LargeStringArray) -> dict[str, str]:
    """Names of booleans and of 1 and 0 that a vocabulary lacks, and the other that it has."""
    names = pa.array(list(_OTHER_NAMES), _STRING)
    known = set(names.filter(pc.is_in(names, terms)).to_pylist()) if len(terms) else set()
    return {
        name: other for name, other in _OTHER_NAMES.items() if other in known and name not in known
    }


def renamed(
    blocks: list[list[Tokens]], names_of: Callable[[int], dict[str, str]]
) -> list[list[Tokens]]:
    """Give booleans and numbers the names that the vocabulary of their column has.

    `names_of` looks the names of a column up; it is not asked for columns of strings.
    """
    columns = range(len(blocks[0]) if blocks else 0)
    asked = [any(block[j].kind in ("bool", "int") for block in blocks) for j in columns]
    names = [names_of(j) if asked[j] else {} for j in columns]
    if not any(names):
        return blocks
    return [
        [_renamed(tokens, new) for tokens, new in zip(block, names, strict=True)]
        for block in blocks
    ]


def _renamed(tokens: Tokens, names: dict[str, str]) -> Tokens:
    """Tokens with other names of 1 and 0, or of booleans, as they hold; strings keep theirs."""
    numbers = {"int": True, "bool": False}.get(tokens.kind or "")
    new = {name: other for name, other in names.items() if (name in ("0", "1")) is numbers}
    if not new:
        return tokens
    places = pc.index_in(tokens.terms, pa.array(list(new), _STRING))
    others = pc.take(pa.array(list(new.values()), _STRING), places)
    return tokens._replace(terms=pc.coalesce(others, tokens.terms))
