"""Data larger than memory: chunks that are read anew each epoch."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Chunk = tuple[Any, ...]  # (X, y) or (X, y, sample_weight)


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
