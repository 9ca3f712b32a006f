"""Histories from a stream: the catalogue, users held out, and the others chunk by chunk."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp

from skembed.distribution._cluster import current_cluster
from skembed.recommending._fit import Passes, Settings
from skembed.recommending._following import following_rows
from skembed.recommending._histories import (
    first_item,
    history_lists,
    is_matrix,
    items_of,
    matrix_rows,
    new_vocabulary,
)
from skembed.recommending._hold_out import HeldOut, split_users
from skembed.training._fit_checkpoint import split_callbacks
from skembed.training._keeper import StreamDigest
from skembed.training._stream import ChunkStream
from skembed.vocabulary import VocabularyTransformer


class StreamedHistories:
    """The chunks of a stream as users x items.

    Lists take a pass that learns the catalogue.
    """

    def __init__(self, estimator: Any, stream: ChunkStream) -> None:
        self._estimator = estimator
        self._stream = stream
        self.vocabulary: VocabularyTransformer | None = None
        self.n_users = 0
        self.digest = StreamDigest()
        kept = split_callbacks(estimator.callbacks)[1] is not None
        self._digested = kept or current_cluster() is not None
        self.items = self._learn()
        self._held_out = np.zeros(0, np.int64)  # rows of the first chunk

    def split(self, settings: Settings) -> tuple[Passes, HeldOut | None]:
        """Hold out users of the first chunk; return passes over the others, and the held-out."""
        if settings.early_stopping is False:
            return self._pairs, None
        X, Y = next(self._pairs(None))
        seed = settings.parameters(X.shape[1], X.shape[0]).draw_seed()
        _, others = split_users(X.shape[0], X.shape[1], settings.validation_fraction, seed)
        held_out = HeldOut.of(X[others], None if Y is X else Y[others], seed)
        if held_out is not None and len(others) < X.shape[0]:
            self._held_out = others
            return self._pairs, held_out
        return self._pairs, None

    def _learn(self) -> np.ndarray:
        """Pass over the chunks once: the catalogue, and the number of users."""
        first, names = None, None
        if self._digested:
            self.digest.begin(self._stream.order_key)
        for X, y in self._chunks(None):
            if self._digested:
                self.digest.add(X, y)
            if is_matrix(X):
                if names is None:
                    rows = matrix_rows(
                        self._estimator, X, binary=self._estimator.binary, reset=True
                    )
                    given = getattr(self._estimator, "feature_names_in_", None)
                    names = np.arange(rows.shape[1]) if given is None else np.asarray(given)
                self.n_users += X.shape[0]
                continue
            if self.vocabulary is None:
                minimum, binary = self._estimator.min_count, self._estimator.binary
                self.vocabulary = new_vocabulary(minimum, binary=binary)
            X = history_lists(X)
            first = first_item(X) if first is None else first
            self.vocabulary.partial_fit(X)
        if self.vocabulary is not None:
            self.n_users = self.vocabulary.n_samples_seen_
            return items_of(self.vocabulary, first)
        if names is None:
            raise ValueError("The stream yielded no rows; it needs at least one chunk with rows.")
        return names

    def _chunks(self, rng: np.random.Generator | None) -> Iterator[tuple[Any, Any]]:
        for number, chunk in enumerate(self._stream.chunks(rng)):
            if not isinstance(chunk, tuple) or len(chunk) not in (1, 2):
                raise ValueError(
                    f"Chunk {number} of the stream is not a tuple (X,) or (X, y); yield such "
                    "tuples from the function of the ChunkStream."
                )
            if not (chunk[0].shape[0] if hasattr(chunk[0], "shape") else len(chunk[0])):
                continue  # nothing was left of it, by a filter perhaps
            yield chunk[0], chunk[1] if len(chunk) == 2 else None

    def _pairs(
        self, rng: np.random.Generator | None
    ) -> Iterator[tuple[sp.csr_matrix, sp.csr_matrix]]:
        """Yield rows and targets of the users that are not held out.

        The generator draws the order of a stream that can shuffle. Users held out are known by
        their place in the first chunk, so with them the order is the natural one.
        """
        held_out = self._held_out
        for number, (X, y) in enumerate(self._chunks(None if len(held_out) else rng)):
            if self.vocabulary is None:
                rows = matrix_rows(self._estimator, X, binary=self._estimator.binary, reset=False)
            else:
                rows = self.vocabulary.transform(history_lists(X))
            targets = (
                rows
                if y is None
                else following_rows(y, rows, self.vocabulary, binary=self._estimator.binary)
            )
            if number == 0 and len(held_out):
                kept = np.delete(np.arange(rows.shape[0]), held_out)
                same = targets is rows
                rows = rows[kept]
                targets = rows if same else targets[kept]
            if rows.shape[0]:
                yield rows, targets
