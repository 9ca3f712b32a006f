"""What kind of column each column of a table is, so that rivals can be prepared for it.

`column_kinds` is the seam: whatever else tells the kinds of columns can stand in its place.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.api import types
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from skembed.tables import TableTransformer
from skembed.vocabulary import VocabularyTransformer

Kind = Literal["category", "number", "date", "list", "text"]

# Integers of so few values are categories.
_FEW = 20
# Strings of as many words on average, most of them of one row alone, are texts.
_WORDS = 2.5
_DISTINCT_SHARE = 0.2
_LOOKED_AT = 10_000  # rows that tell words and cells of objects
_LISTS = (list, tuple, set, frozenset, np.ndarray)
# What the kinds of a `TableTransformer` are called here.
_OF_PLAN: dict[str, Kind] = {
    "categorical": "category",
    "numeric": "number",
    "dates": "date",
    "lists": "list",
    "text": "text",
}
_TAKES_CATEGORIES = (OneHotEncoder, OrdinalEncoder, TargetEncoder, VocabularyTransformer)


def as_table(X: Any) -> pd.DataFrame:
    """Rows as a DataFrame with distinct strings as names and a fresh index.

    Texts and lists of terms, one a row, are a table of one column.
    """
    frame = _frame(X)
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        names = [str(number) for number in range(len(names))]
    return frame.set_axis(names, axis=1).reset_index(drop=True)


def _frame(X: Any) -> pd.DataFrame:
    if isinstance(X, pd.DataFrame):
        return X
    if hasattr(X, "to_pandas"):  # polars, Arrow
        X = X.to_pandas()
    if isinstance(X, pd.DataFrame):
        return X
    if isinstance(X, pd.Series):
        return X.to_frame("cells")
    of_terms = isinstance(X, list | tuple) and any(_is_text_or_terms(cell) for cell in X)
    if of_terms or np.ndim(X) == 1:
        return pd.Series([*X], dtype=object).to_frame("cells")
    return pd.DataFrame(np.asarray(X)).infer_objects()


def _is_text_or_terms(cell: Any) -> bool:
    return isinstance(cell, str) or (isinstance(cell, _LISTS) and {*map(type, cell)} == {str})


def column_kinds(frame: pd.DataFrame) -> dict[str, Kind]:
    """Find the kind of each column.

    Strings, categories, booleans and integers of few values are categories, other numbers
    numbers; strings of several words most of which are different are texts; dates and
    lists of terms are told by their type.

    Parameters
    ----------
    frame : DataFrame
        Rows of a training part.

    Returns
    -------
    dict
        Name of a column to its kind.
    """
    return {str(name): _kind(column) for name, column in frame.items()}


def _kind(column: pd.Series) -> Kind:
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) or types.is_bool_dtype(dtype):
        return "category"
    if types.is_integer_dtype(dtype):
        return "category" if column.nunique() <= _FEW else "number"
    if types.is_numeric_dtype(dtype):
        return "number"
    if types.is_datetime64_any_dtype(dtype):
        return "date"
    return _kind_of_cells(column.dropna().head(_LOOKED_AT))


def _kind_of_cells(cells: pd.Series) -> Kind:
    """Kind of a column of strings or other objects, from those that are not missing."""
    kinds = {*map(type, cells)}
    if any(issubclass(kind, _LISTS) for kind in kinds):
        return "list"
    if kinds and all(issubclass(kind, date | np.datetime64) for kind in kinds):
        return "date"
    if kinds == {bool} or kinds <= {str}:
        return "text" if _is_prose(cells) else "category"
    return "number" if pd.to_numeric(cells, errors="coerce").notna().all() else "category"


def _is_prose(cells: pd.Series) -> bool:
    if not len(cells) or cells.nunique() < _DISTINCT_SHARE * len(cells):
        return False
    return sum(len(str(cell).split()) for cell in cells) >= _WORDS * len(cells)


def kinds_for(frame: pd.DataFrame, fitted_steps: Pipeline | None) -> dict[str, Kind]:
    """Kinds of the columns that a fitted pipeline uses.

    Columns that a ColumnTransformer drops are left out. Numbers that it hands to a
    transformer of categories are categories, as the user knows better.
    """
    first = None if fitted_steps is None else fitted_steps[0]
    if isinstance(first, TableTransformer):
        plan = zip(first.plan_["column"], first.plan_["kind"], strict=True)
        return {str(name): _OF_PLAN[kind] for name, kind in plan if kind in _OF_PLAN}
    found = column_kinds(frame)
    used = _used_columns(fitted_steps, [*found])
    return {
        name: "category" if takes_categories and found[name] == "number" else found[name]
        for name, takes_categories in used.items()
    }


def _used_columns(steps: Pipeline | None, names: list[str]) -> Mapping[str, bool]:
    """Columns that the first step uses, and whether it takes them for categories."""
    first = None if steps is None else steps[0]
    parts = getattr(first, "transformers_", None)
    if parts is None:
        return dict.fromkeys(names, isinstance(first, _TAKES_CATEGORIES))
    used: dict[str, bool] = {}
    for _, transformer, columns in parts:
        if isinstance(transformer, str) and transformer == "drop":
            continue
        inner = [*transformer] if isinstance(transformer, Pipeline) else [transformer]
        categories = any(isinstance(each, _TAKES_CATEGORIES) for each in inner)
        for name in _as_names(columns, names):
            used[name] = used.get(name, False) or categories
    return {name: used[name] for name in names if name in used} or dict.fromkeys(names, False)


def _as_names(columns: Any, names: list[str]) -> list[str]:
    """Names of the columns that a fitted ColumnTransformer gives a transformer."""
    if isinstance(columns, slice) and all(
        end is None or isinstance(end, int) for end in (columns.start, columns.stop)
    ):
        return names[columns]
    if isinstance(columns, slice):
        start = 0 if columns.start is None else names.index(str(columns.start))
        stop = len(names) if columns.stop is None else names.index(str(columns.stop)) + 1
        return names[start:stop]
    chosen = np.atleast_1d(np.asarray(columns, dtype=object))
    if len(chosen) and all(isinstance(each, bool | np.bool_) for each in chosen):
        return [name for name, is_chosen in zip(names, chosen, strict=True) if is_chosen]
    by_number = all(isinstance(each, int | np.integer) for each in chosen)
    found = [names[each] if by_number else str(each) for each in chosen]
    return [name for name in found if name in names]
