"""TFRecord files as a stream that an estimator can be fitted on."""

from collections.abc import Iterable, Iterator, Sequence
from os import stat
from typing import Any

import numpy as np

from skembed.tfrecord._files import PathArg, path_names
from skembed.tfrecord._read import expected_counts, iter_tfrecord
from skembed.training import ChunkStream
from skembed.training._part_stream import PartStream


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
    with a fitted transformer. If there are several files, `ChunkStream.shard` shares them out
    among workers, by their sizes in bytes.

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
    names = path_names(paths)
    files = list(zip(names, expected_counts(names, expected_records), strict=True))

    def read(files: Sequence[tuple[str, int | None]]) -> Iterator[tuple[Any, Any]]:
        chunks = iter_tfrecord(
            [name for name, _ in files],
            rows_per_chunk=rows_per_chunk,
            terms=terms,
            label=label,
            expected_records=_numbers([expected for _, expected in files]),
        )
        n_rows = 0
        for lists, labels in chunks:
            yield transformer.transform(lists), _as_type(labels, np.dtype(label_dtype), n_rows)
            n_rows += len(labels)

    return PartStream(read, files, lambda file: stat(file[0]).st_size, kind="files", shuffle=False)


def _numbers(expected: list[int | None]) -> list[int] | None:
    """Expected records of each file, if they are told."""
    numbers = [number for number in expected if number is not None]
    return numbers if len(numbers) == len(expected) else None


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
