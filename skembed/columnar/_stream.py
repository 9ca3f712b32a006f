"""Files of tables as a stream that an estimator can be fitted on."""

from collections.abc import Generator, Iterator, Sequence
from typing import Any

import pyarrow.dataset as ds
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skembed.columnar._chunks import RowChunk, one_ahead, read_chunks
from skembed.columnar._parts import Part, parts_of, told_origins
from skembed.columnar._selection import Selection, Source
from skembed.columnar._targets import check_target_types, labels_of, weights_of
from skembed.training import ChunkStream
from skembed.training._part_stream import PartStream


def stream_dataset(
    source: Source,
    transformer: Any,
    *,
    label: str | Sequence[str] | None,
    columns: str | Sequence[str] | None = None,
    sample_weight: str | None = None,
    filter: Any = None,
    format: str | ds.FileFormat = "parquet",
    rows_per_chunk: int = 65_536,
    shuffle: bool = True,
    label_dtype: Any = None,
) -> ChunkStream:
    """Make a stream from Parquet, Arrow or CSV files, to fit an estimator on more than memory.

    Each pass reads the columns that are needed, and the rows that the filter keeps, chunk by
    chunk, and converts them to features with a fitted transformer. In each epoch the row groups
    come in a new random order, which the `random_state` of the estimator determines. Rows are
    mixed within a chunk. Therefore write row groups of fewer rows than a chunk: a chunk then
    mixes rows of several. `ChunkStream.shard` gives each of several workers its row groups.

    Parameters
    ----------
    source : str, path, list of them, or pyarrow.dataset.Dataset
        A file, a folder or a list of files. Folders named like ``year=2024`` give a column
        ``year``. Pass a `Dataset` for other partitionings, file systems and schemas.

    transformer : transformer or None
        Fitted transformer whose `transform` converts what is read to features, such as
        `VocabularyTransformer`. It is not changed; `learn_dataset` fits it on the same files.
        None passes on what is read, as an `EmbeddingRecommender` takes lists.

    label : str, list of str or None
        Column with the labels: numbers, booleans, strings, or lists of one length of numbers
        for several outputs. A list names one column for each output. None for a stream without
        labels, which an `EmbeddingRecommender` takes.

    columns : str or list of str, default=None
        What the transformer gets. One name: this column, as a `pyarrow.Array`. A list: a
        `pyarrow.Table` with these columns. None: a table with all columns but `label` and
        `sample_weight`.

    sample_weight : str, default=None
        Column with the weights of the rows. None weighs all rows the same.

    filter : pyarrow.compute.Expression or list of tuples, default=None
        Rows to read, such as ``pyarrow.dataset.field("year") >= 2020`` or ``[("year", ">=",
        2020)]``. Files and row groups that cannot have such rows are not read.

    format : str or pyarrow.dataset.FileFormat, default="parquet"
        Format of the files: "parquet", "feather", "arrow", "ipc", "csv", "orc" or "json". It
        is not used if `source` is a `Dataset`.

    rows_per_chunk : int, default=65_536
        Number of rows that are read, transformed and shuffled at a time. About four chunks,
        and a row group, are in memory at a time.

    shuffle : bool, default=True
        Whether the row groups come in a new random order in each epoch. A file of another
        format than Parquet counts as one row group. False: the order of the files.

    label_dtype : dtype, default=None
        Type to convert the labels to. A label that it cannot represent raises an error. None
        leaves the type of the column.

    Returns
    -------
    ChunkStream
        Stream to pass to the `fit` of an estimator.

    Raises
    ------
    TypeError
        If `label` or `sample_weight` have a type that cannot be used.
    ValueError
        If the files lack a column, their columns differ, or the filter leaves no file. When
        the rows are read: if a label is missing, a file is damaged, or the filter leaves no
        row. The message names file and row.
    NotFittedError
        If the transformer is not fitted.

    See Also
    --------
    learn_dataset : Learn a vocabulary from the same files.
    stream_tfrecord : The same for TFRecord files.

    Examples
    --------
    >>> import os, tempfile
    >>> import pyarrow as pa, pyarrow.parquet as pq
    >>> from skembed import EmbeddingDNNClassifier, VocabularyTransformer
    >>> from skembed import learn_dataset, stream_dataset
    >>> rows = pa.table({"words": [["great", "film"], ["awful"]] * 50, "liked": [1, 0] * 50})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pq.write_table(rows, os.path.join(folder, "part-0.parquet"), row_group_size=20)
    ...     vocabulary = learn_dataset(folder, VocabularyTransformer(), columns="words")
    ...     stream = stream_dataset(folder, vocabulary, columns="words", label="liked")
    ...     model = EmbeddingDNNClassifier(random_state=0).fit(stream)
    >>> model.predict(vocabulary.transform([["a", "great", "film"]]))
    array([1])
    """
    selection = Selection.of(
        source,
        label=label,
        columns=columns,
        sample_weight=sample_weight,
        filter=filter,
        format=format,
        rows_per_chunk=rows_per_chunk,
    )
    if sample_weight is not None and not selection.labels:
        raise ValueError("sample_weight needs label: a chunk has no weights without labels.")
    check_target_types(selection)
    if isinstance(transformer, BaseEstimator):
        check_is_fitted(transformer)

    def transformed(parts: Sequence[Part]) -> Generator[tuple[Any, ...]]:
        empty = True
        for chunk in read_chunks(parts, selection):
            empty = False
            yield _transformed(chunk, selection, transformer, label_dtype)
        if empty:
            raise _nothing_left(selection, parts)

    def read(parts: Sequence[Part]) -> Iterator[tuple[Any, ...]]:
        # in a thread of its own: packing, which follows, takes about as long
        return one_ahead(lambda: transformed(parts))

    return PartStream(
        read, parts_of(selection), lambda part: part.size, kind="row groups", shuffle=shuffle
    )


def features_of(chunk: RowChunk, selection: Selection) -> Any:
    """What the transformer gets of a chunk: an array or a table."""
    if not selection.single:
        return chunk.table.select(selection.features)
    column = chunk.table[selection.features[0]]
    # of more bytes an array of strings would need other offsets
    return column.combine_chunks() if column.nbytes < 2**31 else column


def _transformed(
    chunk: RowChunk, selection: Selection, transformer: Any, label_dtype: Any
) -> tuple[Any, ...]:
    """Features, labels and weights of a chunk."""
    targets: list[Any] = [labels_of(chunk, selection, label_dtype)] if selection.labels else []
    if selection.weight is not None:
        targets.append(weights_of(chunk, selection))
    X = features_of(chunk, selection)
    if transformer is None:
        return X, *targets
    try:
        return transformer.transform(X), *targets
    except (TypeError, ValueError) as error:
        error.add_note(told_origins(chunk.origins, selection))
        raise


def _nothing_left(selection: Selection, parts: Sequence[Part]) -> ValueError:
    files = list(dict.fromkeys(part.name for part in parts))
    where = files[0] if len(files) == 1 else f"the {len(files)} files from {files[0]} on"
    if selection.filter is None:
        return ValueError(f"There are no rows in {where}.")
    return ValueError(
        f"The filter {selection.filter} leaves no rows of {where}; correct the filter or the "
        "source."
    )
