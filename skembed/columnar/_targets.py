"""Columns of labels and weights as numpy arrays; a value that is missing has its file named."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from skembed.columnar._chunks import RowChunk
from skembed.columnar._parts import row_of_file
from skembed.columnar._selection import Selection


def check_target_types(selection: Selection) -> None:
    """Refuse columns of labels or weights that are no numbers or categories."""
    schema = selection.dataset.schema
    for name in selection.labels:
        type_ = schema.field(name).type
        if not _is_label(type_) or (len(selection.labels) > 1 and not _is_number(type_)):
            raise TypeError(
                f"Label column {name!r} is of type {type_}, expected numbers, booleans, strings or "
                "lists of one length of numbers; several columns must be numbers. Convert it as "
                "you write the files."
            )
    if selection.weight is not None and not _is_number(schema.field(selection.weight).type):
        raise TypeError(
            f"Column {selection.weight!r} of sample weights is of type "
            f"{schema.field(selection.weight).type}, expected numbers."
        )


def labels_of(chunk: RowChunk, selection: Selection, dtype: Any) -> np.ndarray:
    """Labels (n_rows,) of a chunk, or (n_rows, n_outputs) of several columns or of lists."""
    values = [_values(chunk, name, selection) for name in selection.labels]
    y = values[0] if len(values) == 1 else np.column_stack(values)
    return y if dtype is None else _as_type(y, np.dtype(dtype), chunk, selection)


def weights_of(chunk: RowChunk, selection: Selection) -> np.ndarray:
    """Sample weights (n_rows,) of a chunk."""
    assert selection.weight is not None
    return _values(chunk, selection.weight, selection)


def _is_number(type_: pa.DataType) -> bool:
    return (
        types.is_integer(type_)
        or types.is_floating(type_)
        or types.is_boolean(type_)
        or types.is_decimal(type_)
        or types.is_null(type_)  # told with the row
    )


def _is_label(type_: pa.DataType) -> bool:
    if types.is_dictionary(type_):
        return _is_label(type_.value_type)
    if types.is_fixed_size_list(type_):
        return _is_number(type_.value_type)
    strings = types.is_string, types.is_large_string, types.is_string_view
    return _is_number(type_) or any(is_string(type_) for is_string in strings)


def _values(chunk: RowChunk, name: str, selection: Selection) -> np.ndarray:
    """A column as numpy values, none of them missing."""
    column = chunk.table[name]
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_decimal(column.type):
        column = column.cast(pa.float64())
    _check_present(column, name, chunk, selection)
    if types.is_fixed_size_list(column.type):
        length = column.type.list_size
        cells = np.asarray(column.combine_chunks().flatten())
        _check_present(pa.array(cells), name, chunk, selection, length)
        return cells.reshape(-1, length)
    return column.to_numpy()


def _check_present(
    column: Any, name: str, chunk: RowChunk, selection: Selection, length: int = 1
) -> None:
    """Refuse missing values: null and NaN."""
    missing = pc.is_null(column, nan_is_null=True)
    place = pc.index(missing, True).as_py()
    if place >= 0:
        what = "sample weight" if name == selection.weight else "label"
        where = row_of_file(chunk.origins, place // length, selection)
        raise ValueError(
            f"The {what} in column {name!r} is missing in {where}, counted from 0. Fill it, or "
            f"leave such rows out by filter=~pyarrow.dataset.field({name!r}).is_null("
            "nan_is_null=True)."
        )


def _as_type(y: np.ndarray, dtype: np.dtype, chunk: RowChunk, selection: Selection) -> np.ndarray:
    """Labels of another type, with the same values."""
    try:
        with np.errstate(invalid="ignore", over="ignore"):
            cast = y.astype(dtype)
            back = cast.astype(y.dtype)
        lost = ~np.isfinite(cast) if dtype.kind == "f" else back != y
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The labels cannot be converted to label_dtype={dtype}: {error}; pass another one."
        ) from error
    if lost.any():
        place = tuple(np.argwhere(lost)[0])
        where = row_of_file(chunk.origins, int(place[0]), selection)
        raise ValueError(
            f"The label in {where}, counted from 0, is {y[place]}, which {dtype} cannot "
            "represent; correct the label, or pass another label_dtype."
        )
    return cast
