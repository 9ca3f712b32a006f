"""Data larger than memory: chunks that are read anew each epoch."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

import numpy as np

Chunk = tuple[Any, ...]  # (X, y) or (X, y, sample_weight)


class ChunkStream:
    """Fit an estimator on data larger than memory, read in chunks.

    Pass a stream to `fit` in place of X and y. The estimator reads all chunks once to
    determine the classes, the features that occur and the lengths of the rows, and then once
    per epoch. It holds two or three chunks in memory at a time. Rows are shuffled only within
    a chunk. Therefore make the chunks much larger than a batch, and distribute the classes
    over all chunks.

    Parameters
    ----------
    read : callable
        Function without arguments that is called at the start of each pass. It returns an
        iterable over tuples (X, y) or (X, y, sample_weight), as accepted by `fit`. An
        `EmbeddingRecommender` takes tuples (X,) or (X, y). The order must be the same in each
        pass.

    Attributes
    ----------
    shardable : bool
        Whether `shard` can give each of several workers its share of the rows.

    See Also
    --------
    stream_dataset : A stream from Parquet, Arrow or CSV files.
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
                f"read is of type {type(read).__name__}, expected a function that returns an "
                "iterable over chunks, because each epoch reads the chunks again. For data that "
                "can be read only once, call partial_fit on each chunk."
            )
        self._read = read
        self._gave_chunks = False

    def __iter__(self) -> Iterator[Chunk]:
        return self.chunks()

    def chunks(self, rng: np.random.Generator | None = None) -> Iterator[Chunk]:
        """Iterate over the chunks of one pass.

        Parameters
        ----------
        rng : numpy.random.Generator, default=None
            Draws the order of the pass, for a stream that can shuffle, such as that of
            `stream_dataset`. Other streams do not use it. None is the natural order, in which
            a fit makes its first pass.

        Returns
        -------
        iterator of tuples
            (X, y) or (X, y, sample_weight).
        """
        empty = True
        for chunk in self._pass(rng):
            self._gave_chunks, empty = True, False
            yield chunk
        if empty and self._gave_chunks:
            raise ValueError(
                "The stream yielded chunks in an earlier pass, but none in this one. The function "
                "passed to ChunkStream must return a new iterator at each call."
            )

    def shard(self, index: int, n_shards: int) -> Self:
        """Return the stream of one of several workers, with its share of the rows.

        Only streams of files can be shared out: those of `stream_dataset` and
        `stream_tfrecord`. Each row is in one shard. The same call gives the same rows in every
        process.

        Parameters
        ----------
        index : int
            Number of the worker, from 0 to `n_shards` - 1.
        n_shards : int
            Number of workers.

        Returns
        -------
        ChunkStream
            Stream that reads the rows of this worker only.

        Raises
        ------
        TypeError
            If the stream is not one of files.
        ValueError
            If there are more shards than parts of the files to share out.
        """
        raise TypeError(
            "Only streams of files can be shared out, and this stream calls a function; use "
            "stream_dataset or stream_tfrecord, or make a ChunkStream of each worker's own rows."
        )

    @property
    def shardable(self) -> bool:
        """Whether `shard` can give each of several workers its share of the rows."""
        return False

    @property
    def order_key(self) -> list[int] | None:
        """Numbers that decide what a random order of the stream is; None if it has none."""
        return None

    def _pass(self, rng: np.random.Generator | None) -> Iterable[Chunk]:
        """Start a pass; a stream that cannot shuffle leaves the generator alone."""
        return self._read()
