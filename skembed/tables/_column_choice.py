"""Which columns are meant: by name, position, pattern, or a function of the table."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from skembed.tables._column_kinds import KINDS


def check_choice(kind: str, given: Any) -> None:
    """Raise if a string is given for a list of names."""
    if isinstance(given, str):
        raise ValueError(f"{kind} is the string {given!r}; give a list of names: [{given!r}].")


def check_kinds(columns: Mapping[str, Any]) -> None:
    """Raise if a kind is unknown or has a string for a list of names."""
    for kind, given in columns.items():
        if kind not in KINDS:
            raise ValueError(f"columns has the kind {kind!r:.60}, expected {', '.join(KINDS)}.")
        check_choice(kind, given)


def chosen_kinds(columns: Mapping[str, Any], X: Any, names: list[str]) -> dict[str, str]:
    """Kind of each column that is named, in order of kinds.

    Raises
    ------
    ValueError
        If a kind is unknown, a column is not there, or one is named twice.
    """
    check_kinds(columns)
    kinds: dict[str, str] = {}
    for kind, given in columns.items():
        for name in dict.fromkeys(_chosen(kind, given, X, names)):
            if name in kinds:
                raise ValueError(f"The column {name!r} is named twice; give it one kind.")
            kinds[name] = kind
    return kinds


def _chosen(kind: str, given: Any, X: Any, names: list[str]) -> Iterable[str]:
    if callable(given):
        given = given(X if isinstance(X, pd.DataFrame) else as_pandas(X, names))
    items = [given] if isinstance(given, re.Pattern) else list(given)
    for item in items:
        if isinstance(item, re.Pattern):
            yield from filter(item.search, names)
        elif item in names:
            yield item
        elif isinstance(item, int) and -len(names) <= item < len(names):
            yield names[item]
        else:
            raise ValueError(
                f"{kind} names the column {item!r:.60}, which X does not have; use one of "
                f"{', '.join(names):.300}."
            )


def as_pandas(X: Any, names: list[str]) -> pd.DataFrame:
    """A frame of pandas, for functions that choose columns."""
    if hasattr(X, "to_pandas"):
        return X.to_pandas()
    return pd.DataFrame(X, columns=names)
