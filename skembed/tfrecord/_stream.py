"""TFRecord files as a stream that an estimator can be fitted on."""

from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from typing import Any

import numpy as np

from skembed.tfrecord._files import PathArg
from skembed.tfrecord._read import iter_tfrecord
from skembed.training import ChunkStream


def stream_tfrecord(
    paths: PathArg | Iterable[PathArg],
    transformer: Any,
    *,
    rows_per_chunk: int = 8192,
    terms: str = "terms",
    label: str = "labels",
    label_dtype: Any = np.int64,
    expected_records: int | Sequence[int] | None = None,
) -> ChunkStream:
    """Stream TFRecord files through a fitted transformer.

    Parameters
    ----------
    paths : str, path or iterable of them
        Files of `tf.train.Example` records, plain or gzip, read in this order.

    transformer : transformer
        Fitted; its `transform` gets a `pyarrow.ListArray` of terms and gives the features,
        as `VocabularyTransformer` does.

    rows_per_chunk : int, default=8192
        Rows that are read, transformed and mixed at a time.

    terms, label : str, default="terms", "labels"
        Names of the records' features, see `read_tfrecord`.

    label_dtype : dtype, default=np.int64
        Type of the labels handed on: the files store them as floats. Labels that it cannot
        hold are an error.

    expected_records : int or list of int, default=None
        Number of records of the file, or of each file, see `read_tfrecord`.

    Returns
    -------
    ChunkStream
        To fit an estimator on.

    Raises
    ------
    ValueError
        While rows are read: if a file is damaged, or a label is no `label_dtype`. The message
        names the record.

    Examples
    --------
    >>> import os, tempfile
    >>> from skembed import EmbeddingDNNClassifier, VocabularyTransformer
    >>> from skembed import stream_tfrecord, write_tfrecord
    >>> vocabulary = VocabularyTransformer(["great", "awful"]).fit([["great"]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "reviews.tfrecord")
    ...     write_tfrecord(path, [["great", "film"], ["awful"]] * 50, [1.0, 0.0] * 50)
    ...     stream = stream_tfrecord(path, vocabulary, rows_per_chunk=40)
    ...     model = EmbeddingDNNClassifier(random_state=0).fit(stream)
    >>> model.predict(vocabulary.transform([["a", "great", "film"]]))
    array([1])
    """
    names = [paths] if isinstance(paths, str | PathLike) else list(paths)

    def read() -> Iterator[tuple[Any, Any]]:
        chunks = iter_tfrecord(
            names,
            rows_per_chunk=rows_per_chunk,
            terms=terms,
            label=label,
            expected_records=expected_records,
        )
        n_rows = 0
        for lists, labels in chunks:
            yield transformer.transform(lists), _as_type(labels, np.dtype(label_dtype), n_rows)
            n_rows += len(labels)

    return ChunkStream(read)


def _as_type(labels: np.ndarray, dtype: np.dtype, first: int) -> np.ndarray:
    """Labels of another type, with the same values; `first` is the number of their first record."""
    with np.errstate(invalid="ignore", over="ignore"):
        cast = labels.astype(dtype)
        lost = cast.astype(labels.dtype) != labels if dtype.kind in "iub" else ~np.isfinite(cast)
    if lost.any():
        place = int(lost.argmax())
        raise ValueError(
            f"The label of record {first + place} of the stream is {labels[place]}, which is no "
            f"{dtype}: mend it, or give another label_dtype, such as np.float32 for a regressor."
        )
    return cast
