"""A transformer's `partial_fit` over files of tables, in bounded memory."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, TypeVar

import pyarrow.dataset as ds

from skembed.columnar._chunks import read_chunks
from skembed.columnar._parts import parts_of, told_origins
from skembed.columnar._selection import Selection, Source
from skembed.columnar._stream import features_of
from skembed.training._part_stream import shared_out

Transformer = TypeVar("Transformer")


def learn_dataset(
    source: Source,
    transformer: Transformer,
    *,
    label: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    sample_weight: str | None = None,
    filter: Any = None,
    format: str | ds.FileFormat = "parquet",
    rows_per_chunk: int = 262_144,
    shard: tuple[int, int] | None = None,
) -> Transformer:
    """Fit a transformer on Parquet, Arrow or CSV files, with one pass in bounded memory.

    The files are read chunk by chunk, and `partial_fit` is called with each. For a vocabulary
    with very many terms, set `max_tracked_terms` of `VocabularyTransformer`. Pass the same
    `source`, `label`, `columns`, `sample_weight` and `filter` as to `stream_dataset`.

    Parameters
    ----------
    source : str, path, list of them, or pyarrow.dataset.Dataset
        Files, as in `stream_dataset`.

    transformer : transformer
        Transformer with `partial_fit`, such as `VocabularyTransformer`. It is not changed: a
        copy is fitted. If it is fitted already, the copy adds to its counts.

    label, sample_weight : str, list of str or None, default=None
        Columns that the transformer does not get if `columns` is None.

    columns : str or list of str, default=None
        What the transformer gets, as in `stream_dataset`. None: all columns but `label` and
        `sample_weight`.

    filter : pyarrow.compute.Expression or list of tuples, default=None
        Rows to read, as in `stream_dataset`.

    format : str or pyarrow.dataset.FileFormat, default="parquet"
        Format of the files, as in `stream_dataset`.

    rows_per_chunk : int, default=262_144
        Number of rows per call of `partial_fit`.

    shard : tuple (index, n_shards), default=None
        Read only the rows of one of several workers, those of the same shard of
        `stream_dataset`. `VocabularyTransformer.merge` puts the results together. None reads
        all rows.

    Returns
    -------
    transformer
        Fitted copy.

    Raises
    ------
    TypeError
        If the transformer has no `partial_fit`.
    ValueError
        If the files lack a column, their columns differ, a file is damaged or the filter
        leaves no row. The message names the file.

    See Also
    --------
    stream_dataset : Train on the same files.
    VocabularyTransformer.merge : Put together what several workers have learned.

    Examples
    --------
    >>> import os, tempfile
    >>> import pyarrow as pa, pyarrow.parquet as pq
    >>> from skembed import VocabularyTransformer, learn_dataset
    >>> rows = pa.table({"words": [["great", "film"], ["great"]]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pq.write_table(rows, os.path.join(folder, "part-0.parquet"))
    ...     vocabulary = learn_dataset(folder, VocabularyTransformer(), columns="words")
    >>> vocabulary.vocabulary_
    {'great': 0, 'film': 1}
    """
    if not hasattr(transformer, "partial_fit"):
        raise TypeError(
            f"transformer is a {type(transformer).__name__}, which has no partial_fit; pass a "
            "VocabularyTransformer, or fit the transformer on rows that fit in memory."
        )
    selection = Selection.of(
        source,
        label=label,
        columns=columns,
        sample_weight=sample_weight,
        filter=filter,
        format=format,
        rows_per_chunk=rows_per_chunk,
    )
    parts = parts_of(selection)
    if shard is not None:
        parts = shared_out(parts, lambda part: part.size, *shard, "row groups")
    learned: Any = deepcopy(transformer)
    n_rows = 0
    for chunk in read_chunks(parts, selection):
        try:
            learned.partial_fit(features_of(chunk, selection))
        except (TypeError, ValueError) as error:
            error.add_note(told_origins(chunk.origins, selection))
            raise
        n_rows += chunk.table.num_rows
    if not n_rows:
        raise ValueError(
            f"There are no rows to learn from in {len(parts)} parts of the files; correct filter "
            "or source."
        )
    return learned
