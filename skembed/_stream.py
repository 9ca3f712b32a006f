"""Data larger than memory: chunks that are read anew each epoch."""

from collections.abc import Callable, Iterable, Iterator
from os import PathLike
from typing import Any

import numpy as np

Chunk = tuple[Any, ...]  # (X, y) or (X, y, sample_weight)
PathArg = str | PathLike[str]


class ChunkStream:
    """Rows in chunks that can be read more than once, to fit on in place of X and y.

    An estimator reads the chunks once to learn the classes, which features occur and how
    long rows are, then once an epoch. It keeps two or three chunks at a time. Only the rows
    of a chunk are mixed, so chunks should be large against a batch and the classes spread
    over them.

    Parameters
    ----------
    read : callable
        Called without arguments at the start of each pass; returns an iterable over tuples
        (X, y) or (X, y, sample_weight), what `fit` takes, always in the same order.

    See Also
    --------
    stream_tfrecord : A stream from TFRecord files.

    Examples
    --------
    >>> import numpy as np
    >>> from skembed import ChunkStream, EmbeddingDNNClassifier
    >>> def read():
    ...     for seed in range(5):  # stands for five files
    ...         X = np.random.default_rng(seed).integers(0, 2, (200, 10))
    ...         yield X, X[:, 0] ^ X[:, 1]
    >>> model = EmbeddingDNNClassifier(max_epochs=60, random_state=0).fit(ChunkStream(read))
    >>> X, y = next(read())
    >>> bool(model.score(X, y) > 0.95)
    True
    """

    def __init__(self, read: Callable[[], Iterable[Chunk]]) -> None:
        if not callable(read):
            raise TypeError(
                "ChunkStream needs a function that returns an iterable over chunks, because each "
                f"epoch reads them again; got {type(read).__name__}. For data that can be read "
                "once only, call partial_fit on each chunk."
            )
        self._read = read
        self._gave_chunks = False

    def __iter__(self) -> Iterator[Chunk]:
        empty = True
        for chunk in self._read():
            self._gave_chunks, empty = True, False
            yield chunk
        if empty and self._gave_chunks:
            raise ValueError(
                "The stream gave chunks before and gives none now. Its function must return a new "
                "iterator each time that it is called, not one that has been used up."
            )


def stream_tfrecord(
    paths: PathArg | Iterable[PathArg],
    transformer: Any,
    *,
    rows_per_chunk: int = 8192,
    terms: str = "terms",
    label: str = "labels",
    label_dtype: Any = np.int64,
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
        Type of the labels handed on: the files store them as floats.

    Returns
    -------
    ChunkStream
        To fit an estimator on.

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
    from skembed._tfrecord_read import iter_tfrecord

    names = [paths] if isinstance(paths, str | PathLike) else list(paths)

    def read() -> Iterator[Chunk]:
        chunks = iter_tfrecord(names, rows_per_chunk=rows_per_chunk, terms=terms, label=label)
        for lists, labels in chunks:
            yield transformer.transform(lists), labels.astype(label_dtype)

    return ChunkStream(read)
