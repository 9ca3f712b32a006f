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
    """Make a stream from TFRecord files, to fit an estimator on data larger than memory.

    Each pass over the stream reads the files in chunks and converts their terms to features
    with a fitted transformer.

    Parameters
    ----------
    paths : str, path or iterable of them
        Files of `tf.train.Example` records, plain, gzip or zlib, read in the given order.

    transformer : transformer
        Fitted transformer whose `transform` converts a `pyarrow.ListArray` of terms to
        features, such as `VocabularyTransformer`.

    rows_per_chunk : int, default=8192
        Number of rows that are read, transformed and shuffled at a time.

    terms, label : str, default="terms", "labels"
        Names of the features that hold terms and label, see `read_tfrecord`.

    label_dtype : dtype, default=np.int64
        Type to convert the labels to, because the files usually store floats. A label that
        this type cannot represent raises an error.

    expected_records : int or list of int, default=None
        Number of records in the file, or in each file, see `read_tfrecord`.

    Returns
    -------
    ChunkStream
        Stream to pass to the `fit` of an estimator.

    Raises
    ------
    ValueError
        When the rows are read: if a file is damaged, or `label_dtype` cannot represent a
        label. The message names the record.

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
            f"The label of record {first + place} of the stream is {labels[place]}, which "
            f"{dtype} cannot represent; correct the label, or pass another label_dtype, such as "
            "np.float32 for a regressor."
        )
    return cast
