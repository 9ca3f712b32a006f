"""Data larger than memory: chunks that are read anew each epoch."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

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
                f"read is of type {type(read).__name__}, expected a function that returns an "
                "iterable over chunks, because each epoch reads the chunks again. For data that "
                "can be read only once, call partial_fit on each chunk."
            )
        self._read = read
        self._gave_chunks = False
        self.is_shard = False  # whether it is the share of one worker of several

    @property
    def shardable(self) -> bool:
        """Whether `shard` can deal the chunks out."""
        return False

    def shard(self, index: int, n_shards: int) -> "ChunkStream":
        """Return the share of one worker of several; only streams of files have shares."""
        raise TypeError("Only streams of files can be shared out.")

    def __iter__(self) -> Iterator[Chunk]:
        empty = True
        for chunk in self._read():
            self._gave_chunks, empty = True, False
            yield chunk
        if empty and self._gave_chunks:
            raise ValueError(
                "The stream yielded chunks in an earlier pass, but none in this one. The function "
                "passed to ChunkStream must return a new iterator at each call."
            )
