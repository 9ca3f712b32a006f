"""Files whose columns differ: Arrow would read a column that a file lacks as missing values."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.dataset as ds


def check_schemas(
    fragments: Sequence[ds.Fragment], schema: pa.Schema, names: Sequence[str], *, same_types: bool
) -> None:
    """Refuse a file that lacks one of the columns, or has it in another type than the schema.

    Raises
    ------
    ValueError
        The message names the file and the column.
    """
    for number, fragment in enumerate(fragments):
        found = fragment.physical_schema
        of_folders = ds.get_partition_keys(fragment.partition_expression)
        for name in names:
            if name in of_folders:
                continue
            if name not in found.names:
                raise ValueError(
                    f"{file_name(fragment, number)} has no column {name!r}, which other files "
                    "have; add the column to the file, leave the file out, or leave the column "
                    "out of columns."
                )
            type_, expected = found.field(name).type, schema.field(name).type
            if same_types and not _agree(type_, expected):
                raise ValueError(
                    f"{file_name(fragment, number)} has column {name!r} as {type_}, but the first "
                    f"file has it as {expected}; write the files with the same types, or pass a "
                    "pyarrow.dataset.dataset(..., schema=...) with the type to read it as."
                )


def file_name(fragment: ds.Fragment, number: int) -> str:
    """Path of a fragment; a fragment that is no file has its number."""
    return getattr(fragment, "path", None) or f"Fragment {number} of the data set"


def _agree(one: pa.DataType, other: pa.DataType) -> bool:
    """Whether both types are the same; a column without any value is of all types."""
    return one == other or pa.types.is_null(one)
