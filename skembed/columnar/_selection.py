"""Which columns and rows of which files: checked before any row is read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from skembed.columnar._schemas import check_schemas

PathArg: TypeAlias = str | PathLike[str]
Source: TypeAlias = PathArg | Iterable[PathArg] | ds.Dataset


@dataclass(frozen=True)
class Selection:
    """Columns and rows of files."""

    dataset: ds.Dataset
    fragments: list[ds.Fragment]  # files that may have rows for the filter
    filter: pc.Expression | None
    features: list[str]  # columns for the transformer
    single: bool  # whether it takes the one column as an array, not as a table
    labels: list[str]
    weight: str | None
    rows_per_chunk: int

    @classmethod
    def of(
        cls,
        source: Source,
        *,
        label: str | Sequence[str] | None,
        columns: str | Sequence[str] | None,
        sample_weight: str | None,
        filter: Any,
        format: str | ds.FileFormat,
        rows_per_chunk: int,
    ) -> "Selection":
        """Open the files, and check that they have the columns."""
        check_rows_per_chunk(rows_per_chunk)
        dataset = open_dataset(source, format)
        if next(iter(dataset.get_fragments()), None) is None:
            raise ValueError(f"There are no files in {source}; correct the source.")
        labels = [label] if isinstance(label, str) else list(label or ())
        others = [*labels, *([] if sample_weight is None else [sample_weight])]
        features = _features(dataset.schema, columns, others)
        names = [*features, *others]
        _check_names(dataset.schema, names)
        expression = _expression(filter, dataset)
        fragments = list(dataset.get_fragments(filter=expression))
        if not fragments:
            raise ValueError(
                f"The filter {expression} leaves no file; correct the filter or the source."
            )
        check_schemas(
            fragments, dataset.schema, names, same_types=not isinstance(source, ds.Dataset)
        )
        return cls(
            dataset,
            fragments,
            expression,
            features,
            isinstance(columns, str),
            labels,
            sample_weight,
            int(rows_per_chunk),
        )

    @property
    def names(self) -> list[str]:
        """Columns that are read, each once."""
        weight = [] if self.weight is None else [self.weight]
        return list(dict.fromkeys([*self.features, *self.labels, *weight]))


def open_dataset(source: Source, format: str | ds.FileFormat) -> ds.Dataset:
    """Return the data set of paths; folders named column=value become columns."""
    if isinstance(source, ds.Dataset):
        return source
    if isinstance(source, pa.Table | pa.RecordBatch | pa.RecordBatchReader):
        raise TypeError(
            f"source is a {type(source).__name__}, expected paths or a pyarrow.dataset.Dataset; "
            "pass rows in memory to the transformer, and its result to fit."
        )
    paths = fspath(source) if isinstance(source, str | PathLike) else [fspath(p) for p in source]
    try:
        return ds.dataset(paths, format=format, partitioning="hive")
    except pa.ArrowInvalid as error:
        name = format if isinstance(format, str) else format.default_extname
        raise ValueError(
            f"The source cannot be opened as {name}: {error} Pass the format of the files, and a "
            "folder or a list of files of this format only."
        ) from error


def check_rows_per_chunk(rows_per_chunk: Any) -> None:
    """Refuse what is no number of rows."""
    if isinstance(rows_per_chunk, bool) or not hasattr(rows_per_chunk, "__index__"):
        raise TypeError(f"rows_per_chunk is {rows_per_chunk!r}, expected an int.")
    if rows_per_chunk < 1:
        raise ValueError(f"rows_per_chunk is {rows_per_chunk}, expected at least 1.")


def _features(
    schema: pa.Schema, columns: str | Sequence[str] | None, others: Sequence[str]
) -> list[str]:
    if columns is None:
        features = [name for name in schema.names if name not in others]
    else:
        features = [columns] if isinstance(columns, str) else list(columns)
    if not features:
        raise ValueError(
            "No column is left for the transformer; the files have the columns "
            f"{schema.names}. Name at least one in columns."
        )
    both = [name for name in features if name in others]
    if both:
        raise ValueError(
            f"Column {both[0]!r} is in columns, and is label or sample_weight too; leave it out of "
            "columns, or the network is told what it has to predict."
        )
    return features


def _check_names(schema: pa.Schema, names: Sequence[str]) -> None:
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"A column is {name!r}, expected its name, a str.")
        n_columns = schema.names.count(name)
        if n_columns != 1:
            found = "no column" if not n_columns else f"{n_columns} columns"
            raise ValueError(
                f"The files have {found} {name!r}; their columns are {schema.names}. Correct the "
                "name, or give each column a name of its own."
            )


def _expression(filter: Any, dataset: ds.Dataset) -> pc.Expression | None:
    """A filter as an expression of the columns that the files have."""
    if filter is None:
        return None
    try:
        expression = (
            filter if isinstance(filter, pc.Expression) else pq.filters_to_expression(filter)
        )
        dataset.scanner(columns=[], filter=expression)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError, TypeError) as error:
        raise ValueError(
            f"The filter {filter} does not fit the files: {error}\nPass an expression of their "
            "columns, such as pyarrow.dataset.field('year') >= 2020."
        ) from error
    return expression
