"""Any table as Arrow columns with names, whatever library it comes from."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from numbers import Number
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from skembed._compat import check_frame
from skembed.vocabulary._cells import (
    from_dicts,
    is_missing,
    untyped_if_missing,
    without_runs,
)

Column: TypeAlias = pa.Array | pa.ChunkedArray
_STRING = pa.large_string()


def is_frame(X: Any) -> bool:
    """Whether X is a data frame or a table, of pandas or of a library that speaks Arrow."""
    check_frame(X)
    speaks_arrow = hasattr(X, "__arrow_c_stream__") or hasattr(X, "__arrow_c_array__")
    return isinstance(X, pd.DataFrame) or (speaks_arrow and len(getattr(X, "shape", ())) == 2)


def column_names(X: Any) -> list[Any]:
    """Names of the columns of a frame."""
    return list(X.columns) if isinstance(X, pd.DataFrame) else list(pa.table(X).column_names)


def read_columns(X: Any, names: Iterable[str]) -> dict[str, Column]:
    """Columns of a frame or a 2-D array by the names that they are to have."""
    columns: Iterable[Any]
    if isinstance(X, pd.DataFrame):
        columns = (X.iloc[:, number] for number in range(X.shape[1]))
    else:
        columns = X.T if isinstance(X, np.ndarray) else pa.table(X).columns
    pairs = zip(names, columns, strict=True)
    return {name: untyped_if_missing(_arrow(column, name)) for name, column in pairs}


def plain(column: Column) -> Column:
    """Column without dictionaries and views, with all strings of one type."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
        decoded = [pc.take(plain(chunk.dictionary), chunk.indices) for chunk in chunks]
        return pa.chunked_array(decoded) if decoded else pa.array([], _STRING)
    if _is_text(kind) and kind != _STRING:
        return pc.cast(column, _STRING)
    return column


def is_list(kind: pa.DataType) -> bool:
    """Whether cells of an Arrow type hold several terms."""
    views = (getattr(pa.types, name, None) for name in ("is_list_view", "is_large_list_view"))
    lists = [pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list, pa.types.is_map]
    return any(test(kind) for test in [*lists, *filter(None, views)])


def as_term(value: Any) -> str | None:
    """A value as a category: 1, 1.0 and True are one."""
    if is_missing(value):
        return None
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float | np.floating | Decimal) and value == int(value):
        return str(int(value))
    return str(value)


def _arrow(column: Any, name: str) -> Column:
    """One column as Arrow data; values of different types become strings."""
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return _plain_kind(without_runs(column), name)
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if _holds_intervals(column.dtype):
        return pa.array([as_term(cell) for cell in column], _STRING)
    if isinstance(column.dtype, pd.SparseDtype):
        column = column.sparse.to_dense()
    cells: Any = list(column) if column.dtype == object else column
    if isinstance(cells, list) and any(isinstance(cell, dict) for cell in cells):
        return _read(from_dicts, cells, name)
    if isinstance(cells, list) and any(isinstance(cell, frozenset) for cell in cells):
        cells = [list(cell) if isinstance(cell, frozenset) else cell for cell in cells]
    try:
        read = pa.array(cells, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return _read(_of_several_types, list(cells), name)
    return _plain_kind(read, name)


def _holds_intervals(dtype: Any) -> bool:
    """Whether cells are intervals, as `pandas.cut` makes them."""
    kept = dtype.categories.dtype if isinstance(dtype, pd.CategoricalDtype) else dtype
    return isinstance(kept, pd.IntervalDtype)


def _plain_kind(column: Column, name: str) -> Column:
    """Cells of kinds that are neither numbers nor dates as strings: UUIDs, times, bytes."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        column = pa.array([as_term(cell) for cell in column.to_pylist()], _STRING)
    elif pa.types.is_time(kind):
        column = pc.cast(column, _STRING)
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        try:
            column = pc.cast(column, _STRING)
        except pa.ArrowInvalid as error:
            raise UnicodeError(
                f"Column {name!r} of X holds bytes that are not UTF-8: decode them to strings."
            ) from error
    elif pa.types.is_struct(kind):
        raise TypeError(f"Column {name!r} of X holds records: split it, one column per part.")
    return column


def _of_several_types(cells: list[Any]) -> pa.Array:
    for cell in cells:
        if not isinstance(cell, str | Number | np.generic | date | datetime) and (
            isinstance(cell, list | tuple | set | np.ndarray | bytes) or not is_missing(cell)
        ):
            kind = type(cell).__name__
            raise TypeError(f"{cell!r:.60} is of type {kind}; convert such cells with str()")
    return pa.array([as_term(cell) for cell in cells], _STRING)


def _read(read: Any, cells: list[Any], name: str) -> pa.Array:
    try:
        return read(cells)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        told = f"Column {name!r} of X cannot be read: {error}."
        raise TypeError(told) from error


def _is_text(kind: pa.DataType) -> bool:
    is_view = getattr(pa.types, "is_string_view", lambda kind: False)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or is_view(kind)
