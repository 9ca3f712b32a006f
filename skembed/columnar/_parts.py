"""Row groups of Parquet files, or whole files of other formats: read in any order, shared out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from skembed.columnar._schemas import file_name
from skembed.columnar._selection import Selection

# Formats whose files say at their end how many rows they have.
_COUNTED = (ds.IpcFileFormat,)


@dataclass(frozen=True)
class Part:
    """Some consecutive rows of a file."""

    fragment: ds.Fragment  # of these rows
    file: ds.Fragment  # that they are in
    name: str
    first_row: int  # in the file
    size: int  # number of rows before the filter; bytes where the file does not tell


def parts_of(selection: Selection) -> list[Part]:
    """Return the parts of files that may have rows for the filter, from metadata alone."""
    parts: list[Part] = []
    for number, fragment in enumerate(selection.fragments):
        name = file_name(fragment, number)
        if isinstance(fragment, ds.ParquetFileFragment):
            parts += _row_groups(fragment, name, selection)
        else:
            parts.append(Part(fragment, fragment, name, 0, _size(fragment)))
    if not parts:
        raise ValueError(
            f"The filter {selection.filter} leaves no rows of the {len(selection.fragments)} "
            "files; correct the filter or the source."
            if selection.filter is not None
            else "The files have no rows."
        )
    return parts


def _row_groups(fragment: ds.ParquetFileFragment, name: str, selection: Selection) -> list[Part]:
    groups = fragment.row_groups
    first_rows = dict(
        zip(
            (group.id for group in groups),
            accumulate((group.num_rows for group in groups), initial=0),
            strict=False,
        )
    )
    found = []
    for part in fragment.split_by_row_group(
        filter=selection.filter, schema=selection.dataset.schema
    ):
        (group,) = part.row_groups
        found.append(Part(part, fragment, name, first_rows[group.id], group.num_rows))
    return found


def _size(fragment: ds.Fragment) -> int:
    path = getattr(fragment, "path", None)
    if path is None or isinstance(fragment.format, _COUNTED):
        return fragment.count_rows()
    return fragment.filesystem.get_file_info(path).size


@dataclass(frozen=True)
class Origin:
    """Where some rows of a chunk come from."""

    part: Part
    start: int  # rows of the part before these, of those that the filter keeps
    n_rows: int


def row_of_file(origins: Sequence[Origin], row: int, selection: Selection) -> str:
    """Name the file and the row in it that a row of a chunk is."""
    for origin in origins:
        if row < origin.n_rows:
            kept = origin.start + row
            return f"row {_file_row(origin.part, kept, selection)} of {origin.part.name}"
        row -= origin.n_rows
    raise IndexError(row)


def _file_row(part: Part, kept: int, selection: Selection) -> int:
    """Number in its file of a row, which comes after so many that the filter keeps."""
    if selection.filter is None:
        return part.first_row + kept
    row = part.first_row
    for batch in _batches(part, {"kept": selection.filter}, selection):
        numbers = pc.indices_nonzero(batch["kept"])
        if kept < len(numbers):
            return row + numbers[kept].as_py()
        kept -= len(numbers)
        row += len(batch)
    raise IndexError(kept)


def _batches(
    part: Part, columns: dict[str, pc.Expression], selection: Selection
) -> Iterator[pa.RecordBatch]:
    return part.fragment.to_batches(schema=selection.dataset.schema, columns=columns)


def told_origins(origins: Sequence[Origin], selection: Selection, most: int = 3) -> str:
    """Say which rows of a chunk come from which files, for the note of an error."""
    told, row = [], 0
    for origin in origins:
        first = row_of_file([origin], 0, selection)
        told.append(f"row {row} of this chunk is {first}")
        row += origin.n_rows
        if len(told) == most and len(origins) > most:
            told.append(f"and {len(origins) - most} more parts follow")
            break
    return "Rows are counted within a chunk: " + ", ".join(told) + "."
