"""Streams of files: their parts can be shuffled, and shared out among workers."""

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import Any, Generic, TypeVar

import numpy as np

from skembed.training._stream import Chunk, ChunkStream

P = TypeVar("P")


class PartStream(ChunkStream, Generic[P]):
    """A stream whose rows lie in parts that can be read in any order.

    Parameters
    ----------
    read_parts : callable
        Takes parts, and returns an iterable over the chunks of their rows.
    parts : sequence
        In their natural order.
    size_of : callable
        Size of a part, in rows or in what is known instead of them.
    kind : str
        What a part is, for messages: "row groups" or "files".
    shuffle : bool
        Whether a pass with a generator reads the parts in an order that it draws.
    """

    def __init__(
        self,
        read_parts: Callable[[Sequence[P]], Iterable[Chunk]],
        parts: Sequence[P],
        size_of: Callable[[P], int],
        *,
        kind: str,
        shuffle: bool,
    ) -> None:
        super().__init__(lambda: read_parts(parts))
        self._read_parts = read_parts
        self._parts = parts
        self._size_of = size_of
        self._kind = kind
        self._shuffle = shuffle

    @property
    def shardable(self) -> bool:
        """Whether `shard` can give each of several workers its share of the rows."""
        return True

    @property
    def order_key(self) -> list[int] | None:
        """Sizes of the parts whose order is drawn; None if it never is."""
        return list(map(self._size_of, self._parts)) if self._shuffle else None

    def shard(self, index: int, n_shards: int) -> "PartStream[P]":
        """Return the stream of one worker: whole parts, sizes as equal as dealing makes them."""
        parts = shared_out(self._parts, self._size_of, index, n_shards, self._kind)
        return PartStream(
            self._read_parts, parts, self._size_of, kind=self._kind, shuffle=self._shuffle
        )

    def _pass(self, rng: np.random.Generator | None) -> Iterable[Chunk]:
        if rng is None or not self._shuffle:
            return self._read_parts(self._parts)
        return self._read_parts([self._parts[i] for i in rng.permutation(len(self._parts))])


def shared_out(
    parts: Sequence[P], size_of: Callable[[P], int], index: Any, n_shards: Any, kind: str
) -> list[P]:
    """Parts of one of several workers, in their natural order.

    The largest part goes first, each to the worker that has least: the sizes of two workers'
    parts differ by at most one part (Graham, "Bounds on multiprocessing timing anomalies", 1969).
    """
    check_shard(index, n_shards)
    if len(parts) < n_shards:
        raise ValueError(
            f"The stream has {len(parts)} {kind}, too few for {n_shards} shards; pass a smaller "
            f"n_shards, or write the rows in more {kind}."
        )
    sizes = np.array([size_of(part) for part in parts], np.int64)
    totals, counts = np.zeros((2, n_shards), np.int64)
    shares: list[list[int]] = [[] for _ in range(n_shards)]
    for number in np.argsort(-sizes, kind="stable").tolist():
        least = int(np.lexsort((counts, totals))[0])
        shares[least].append(number)
        totals[least] += sizes[number]
        counts[least] += 1
    return [parts[number] for number in sorted(shares[index])]


def check_shard(index: Any, n_shards: Any) -> None:
    """Refuse numbers that name no shard."""
    for name, value in [("index", index), ("n_shards", n_shards)]:
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise TypeError(f"{name} is {value!r}, expected an int.")
    if n_shards < 1:
        raise ValueError(f"n_shards is {n_shards}, expected at least 1.")
    if not 0 <= index < n_shards:
        raise ValueError(
            f"index is {index}, expected 0 to {n_shards - 1}: shards are numbered from 0."
        )
