"""What each column of a table is taken for, and the tables that the encoders get by that."""

from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from skembed.tables._arrow_columns import Column, plain
from skembed.tables._category_terms import category_terms
from skembed.tables._column_kinds import found_kind, numbers
from skembed.tables._date_parts import as_seconds, date_categories, days, has_times

# Kinds that have an encoder.
ENCODED_KINDS = ("categorical", "numeric", "text", "lists")
# Why a column that is named is of its kind.
NAMED = "named"
_DATE_PARTS = ("year", "month", "weekday", "hour", "days")


class PlannedColumn(NamedTuple):
    """What a column of the table is taken for."""

    name: str
    kind: str
    why: str
    with_hours: bool = False  # of dates


def planned(name: str, column: Column, kind: str | None, remainder: str) -> PlannedColumn:
    """Plan of a column: the kind that it is named as, or the one that is found."""
    if kind is not None:
        why = NAMED
    elif remainder == "drop":
        return PlannedColumn(name, "drop", "not named")
    else:
        kind, why = found_kind(column, name)
    with_hours = kind == "dates" and has_times(as_seconds(column, name))
    return PlannedColumn(name, kind, why, with_hours)


def encoder_tables(plan: list[PlannedColumn], columns: dict[str, Column]) -> dict[str, Any]:
    """What the encoder of each kind is to encode, a table for each kind that there is."""
    tables: dict[str, dict[str, Any]] = {kind: {} for kind in ENCODED_KINDS}
    for name, kind, _, with_hours in plan:
        if kind == "categorical":
            tables[kind][name] = category_terms(columns[name])
        elif kind == "numeric":
            tables[kind][name] = numbers(columns[name], name)
        elif kind == "dates":
            seconds = as_seconds(columns[name], name)
            parts = date_categories(seconds, with_hours)
            tables["categorical"] |= {f"{name} {part}": terms for part, terms in parts.items()}
            tables["numeric"][f"{name} days"] = days(seconds)
        elif kind != "drop":
            tables[kind][name] = plain(columns[name])
    made = {kind: pa.table(parts) for kind, parts in tables.items() if parts and kind != "numeric"}
    return made | ({"numeric": pd.DataFrame(tables["numeric"])} if tables["numeric"] else {})


def source_columns(plan: list[PlannedColumn]) -> dict[str, tuple[str, str]]:
    """Column of the table, and what follows its name, for each column of an encoder."""
    sources = {column.name: (column.name, "") for column in plan}
    for column in plan:
        if column.kind == "dates":
            sources |= {f"{column.name} {part}": (column.name, f" {part}") for part in _DATE_PARTS}
    return sources


def encoder_columns(plan: list[PlannedColumn]) -> dict[str, list[str]]:
    """Names of the columns of each table of `encoder_tables`."""
    names: dict[str, list[str]] = {kind: [] for kind in ENCODED_KINDS}
    for name, kind, _, with_hours in plan:
        if kind == "dates":
            parts = _DATE_PARTS[: 3 + with_hours]
            names["categorical"] += [f"{name} {part}" for part in parts]
            names["numeric"].append(f"{name} {_DATE_PARTS[-1]}")
        elif kind != "drop":
            names[kind].append(name)
    return {kind: columns for kind, columns in names.items() if columns}
