"""Any tabular input as blocks of rows, each a list of columns of cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple, NoReturn, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from skembed._compat import check_frame
from skembed.vocabulary._lists import Joined, Numbered, Survey, read_lists

# Bytes of Arrow data, or Python objects, of a block. Small blocks keep the arrays of
# intermediate steps small, and there are enough of them for the threads; the steps of
# large ones are long enough for threads to run side by side.
BLOCK_BYTES = 2**21
_MAX_BLOCK_COLUMNS = 4  # as many times the bytes, lest each column have few
_TEXT_WEIGHT = 4  # of the bytes of strings, which may have to be cut to terms
_BLOCK_OBJECTS = 2**19
_MAX_BLOCK_ROWS = 2**18
_BATCH_ROWS = 256  # of an iterable, between looks at the size of its block

Column: TypeAlias = pa.Array | pa.ChunkedArray | list[Any]
Cells: TypeAlias = pa.Array | Joined | Numbered


class Where(NamedTuple):
    """Place of a block of one column in the input, for messages."""

    start: int
    column: str | None

    def row(self, i: int) -> str:
        """Name row i of the block."""
        return f"Row {self.start + i}" + self._of_column()

    def rows(self, n_rows: int) -> str:
        """Name all rows of the block."""
        return f"Rows {self.start} to {self.start + n_rows - 1}" + self._of_column()

    def _of_column(self) -> str:
        return "" if self.column is None else f" of column {self.column!r}"


class Block(NamedTuple):
    """Some consecutive rows."""

    start: int
    n_rows: int
    columns: list[Cells]


class Table(NamedTuple):
    """Input rows, to be read once."""

    names: list[str] | None  # of the columns; None for one-dimensional input
    blocks: Iterator[Block]


def read_table(X: Any) -> Table:
    """Open lists, generators, arrays, Series and data frames of any library."""
    _reject_non_tables(X)
    if len(getattr(X, "shape", ())) == 2:
        names, columns = _columns(X)
        return Table(names, _slices(columns, names))
    column = _column(X)
    blocks = (
        _slices([column], [None]) if isinstance(column, pa.Array | pa.ChunkedArray) else _batches(X)
    )
    return Table(None, blocks)


def from_python(cells: list[Any], where: Where, survey: Survey | None = None) -> Cells:
    """Convert cells (terms, lists of terms, dicts of weights), if need be by Arrow."""
    if survey is None:
        survey = Survey.of(cells)
    if np.ndarray in survey.types or frozenset in survey.types:
        cells = [_as_list(cell) for cell in cells]
        survey = Survey.of(cells)
    lists = read_lists(cells, survey)
    return _by_arrow(cells, survey.types, where) if lists is None else lists


def _as_list(cell: Any) -> Any:
    """A cell whose terms Arrow would not see as a list of them."""
    if isinstance(cell, frozenset):
        return list(cell)
    return cell.tolist() if isinstance(cell, np.ndarray) else cell


def _by_arrow(cells: list[Any], kinds: set[type], where: Where) -> pa.Array:
    try:
        array = from_dicts(cells) if dict in kinds else pa.array(cells, from_pandas=True)
        values = getattr(array.type, "value_type", array.type)
        if pa.types.is_binary(values) or (pa.types.is_string(values) and _hold_bytes(cells)):
            raise TypeError("bytes")
        return array
    except (TypeError, ValueError, OverflowError) as error:
        _explain(cells, where, error)


def _hold_bytes(cells: list[Any]) -> bool:
    """Whether terms are bytes, which Arrow puts among strings as they are."""
    lists = (cell if isinstance(cell, list | tuple | set) else (cell,) for cell in cells)
    return bytes in set(map(type, chain.from_iterable(lists)))


def _reject_non_tables(X: Any) -> None:
    """Raise for what is iterable, but not over rows."""
    if isinstance(X, str | bytes):
        raise ValueError("X is a string, expected an iterable of rows; pass [X] for one row.")
    if isinstance(X, dict):
        raise ValueError("X is a dict, expected an iterable of rows; pass [X] for one row.")
    check_frame(X)
    if sp.issparse(X):
        raise TypeError(
            "X is a sparse matrix, expected terms; pass it to the estimator directly, because its "
            "columns are features already."
        )
    if isinstance(X, np.ndarray) and X.ndim not in (1, 2):
        raise ValueError(f"X has {X.ndim} dimensions, expected 1 or 2; reshape it.")
    if not hasattr(X, "shape") and not isinstance(X, Iterable):
        raise TypeError(f"X is {X!r:.80}, expected an iterable of rows or a data frame.")
    if len(getattr(X, "shape", ())) == 2 and not X.shape[1]:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={tuple(X.shape)}) while a minimum of 1 is "
            "required."
        )


def _columns(X: Any) -> tuple[list[str], list[Column]]:
    """Split a two-dimensional input into named columns."""
    if isinstance(X, np.ndarray):
        return [f"x{j}" for j in range(X.shape[1])], [_column(x) for x in X.T]
    if isinstance(X, pd.DataFrame):
        return [str(name) for name in X.columns], [_column(X.iloc[:, j]) for j in range(X.shape[1])]
    if hasattr(X, "__arrow_c_stream__") or hasattr(X, "__arrow_c_array__"):
        table = pa.table(X)
        return table.column_names, [without_runs(column) for column in table.columns]
    raise TypeError(f"X is a {type(X).__name__}, expected a data frame, an array or lists.")


def _column(x: Any) -> Column:
    """Return one column, as Arrow data where that takes no Python loop."""
    if isinstance(x, pa.Array | pa.ChunkedArray):
        return without_runs(x)
    if isinstance(x, pd.Series) and isinstance(x.dtype, pd.SparseDtype):
        x = x.sparse.to_dense()
    if isinstance(x, pd.Series | np.ndarray):
        if x.dtype == object:
            return list(x)
        try:
            return pa.array(x, from_pandas=True)
        except (pa.ArrowException, TypeError):  # told cell by cell
            return list(x)
    if hasattr(x, "__arrow_c_stream__"):
        return pa.chunked_array(x)
    return x


def _slices(columns: list[Column], names: list[str] | list[None]) -> Iterator[Block]:
    """Cut columns of equal length into blocks."""
    n_rows = len(columns[0]) if columns else 0
    size = sum(map(_weight, columns))
    block_bytes = BLOCK_BYTES * min(len(columns), _MAX_BLOCK_COLUMNS)
    step = min(_MAX_BLOCK_ROWS, max(1, n_rows * block_bytes // max(size, 1)))
    for start in range(0, max(n_rows, 1), step):
        stop = min(start + step, n_rows)
        slices = [
            _slice(column, start, stop, name) for column, name in zip(columns, names, strict=True)
        ]
        yield Block(start, stop - start, slices)


def _weight(column: Column) -> int:
    """Return the bytes that a column counts for."""
    if isinstance(column, list):
        return 0
    kind = column.type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    try:
        size = column.nbytes
    except pa.ArrowTypeError:  # of string views, in older releases of pyarrow
        size = column.get_total_buffer_size()
    return size * (_TEXT_WEIGHT if text else 1)


def _slice(column: Column, start: int, stop: int, name: str | None) -> Cells:
    part = column[start:stop]
    if isinstance(part, list):
        return from_python(part, Where(start, name))
    return part.combine_chunks() if isinstance(part, pa.ChunkedArray) else part


def _batches(X: Iterable[Any]) -> Iterator[Block]:
    """Cut an iterable of cells into blocks of about as many Python objects."""
    rows, start, batch, survey = iter(X), 0, [], Survey()
    while more := list(islice(rows, _BATCH_ROWS)):
        batch += more
        survey.add(more)
        if survey.size >= _BLOCK_OBJECTS:
            yield _block(start, batch, survey)
            start, batch, survey = start + len(batch), [], Survey()
    if batch or not start:
        yield _block(start, batch, survey)


def _block(start: int, cells: list[Any], survey: Survey) -> Block:
    # Converted here, by the reading thread, lest the others wait for Python's lock.
    return Block(start, len(cells), [from_python(cells, Where(start, None), survey)])


def without_runs(column: Any) -> Any:
    """Arrow data whose runs of equal cells are written out."""
    if not pa.types.is_run_end_encoded(column.type):
        return column
    if isinstance(column, pa.ChunkedArray):
        chunks = [pc.run_end_decode(chunk) for chunk in column.chunks]
        return pa.chunked_array(chunks, column.type.value_type)
    return pc.run_end_decode(column)


def untyped_if_missing(column: Any) -> Any:
    """Arrow data without a type where all of it is missing; anything else as it is.

    pandas makes such a column float64, whatever it holds in other rows.
    """
    if not isinstance(column, pa.Array | pa.ChunkedArray) or pa.types.is_null(column.type):
        return column
    n_missing = column.null_count
    if pa.types.is_floating(column.type) and n_missing < len(column):
        n_missing += pc.sum(pc.is_nan(column)).as_py()
    return column if n_missing < len(column) or not len(column) else pa.nulls(len(column))


def from_dicts(cells: list[Any]) -> pa.MapArray:
    """Convert dicts and missing cells."""
    kinds = {type(term) for cell in cells if isinstance(cell, dict) for term in cell}
    if kinds <= {str, np.str_}:
        term_type = pa.string()
    elif all(issubclass(kind, int | np.integer) for kind in kinds) and bool not in kinds:
        term_type = pa.int64()
    else:
        raise TypeError("dicts with other keys than str or int")
    cells = [cell if isinstance(cell, dict) or not is_missing(cell) else None for cell in cells]
    return pa.array(cells, pa.map_(term_type, pa.float64()))


def is_missing(value: Any) -> bool:
    """Whether a cell or a term is None, NaN, NA or NaT."""
    return value is None or value is pd.NA or value is pd.NaT or value != value


def _explain(cells: list[Any], where: Where, error: Exception) -> NoReturn:
    """Raise an error that names the first row which cannot stand with those before it."""
    shape = kind = None
    for i, cell in enumerate(cells):
        if not isinstance(cell, list | tuple | set | frozenset | dict) and is_missing(cell):
            continue
        row = where.row(i)
        shape = _check_same(_shape(cell), shape, f"{row} is {_short(cell)}", "cells")
        for term in cell if shape != "single" else [cell]:
            if not is_missing(term):
                found = _kind(term, row)
                kind = _check_same(found, kind, f"{row} holds {_short(term)}", "terms")
        for weight in cell.values() if shape == "dict" else []:
            if not isinstance(weight, int | float | np.number):
                raise TypeError(f"{row} has weight {_short(weight)}, expected a number.") from error
    raise TypeError(f"{where.rows(len(cells))} cannot be read: {error}") from error


def _shape(cell: Any) -> str:
    if isinstance(cell, dict):
        return "dict"
    return "list" if isinstance(cell, list | tuple | set | frozenset) else "single"


def _kind(term: Any, row: str) -> str:
    """Return "str", "int" or "bool", or raise."""
    if isinstance(term, str):
        if any("\ud800" <= character <= "\udfff" for character in term):
            raise ValueError(f"{row} holds {_short(term)}, which is not valid Unicode.")
        return "str"
    if isinstance(term, bool | np.bool_):
        return "bool"
    if isinstance(term, int | np.integer):
        if not -(2**63) <= term < 2**63:
            raise ValueError(f"{row} holds {term}, which exceeds 64 bits; convert it with str().")
        return "int"
    remedy = "; decode it to str" if isinstance(term, bytes) else "; convert it with str()"
    raise TypeError(f"{row} holds {_short(term)}, expected str, int or bool{remedy}.")


def _check_same(new: str, old: str | None, what: str, of: str) -> str:
    if old is not None and new != old:
        raise TypeError(f"{what} ({new}), but earlier {of} are {old}; use one type for all {of}.")
    return new


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
