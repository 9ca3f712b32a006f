"""Columns of categories as strings, the same ones whatever the type of the column."""

import pyarrow as pa
import pyarrow.compute as pc

from skembed.tables._arrow_columns import Column, as_term, is_list, plain

_STRING = pa.large_string()


def category_terms(column: Column) -> Column:
    """Categories as strings: 1, 1.0 and True are "1"; lists stay what they are."""
    column = plain(column)
    kind = column.type
    if is_list(kind) or kind == _STRING:
        return column
    if pa.types.is_boolean(kind):
        column = pc.cast(column, pa.int8())
    elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _numbers(column)
    return pc.cast(column, _STRING)


def _numbers(column: Column) -> Column:
    """Numbers as strings, whole ones without a fraction."""
    encoded = pc.dictionary_encode(column)
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    distinct = encoded.dictionary.to_numpy(zero_copy_only=False)
    return pc.take(pa.array([as_term(value) for value in distinct], _STRING), encoded.indices)
