"""A bounded, thread-safe store of idle objects that are costly to make."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class IdlePool(Generic[T]):
    """Lends objects by key and keeps the most recently returned ones.

    A borrowed object belongs to its borrower alone: two threads that want the same
    key get two objects. An object that leaves the pool, or whose borrower raised, is
    forgotten and so released.
    """

    def __init__(self, max_idle: int) -> None:
        self.max_idle = max_idle
        self._idle: OrderedDict[Hashable, list[T]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._idle.values()))

    @contextmanager
    def borrow(self, key: Hashable, make: Callable[[], T]) -> Iterator[T]:
        """Lend an idle object for `key`, or a new one from `make`."""
        item = self._take(key)
        if item is None:
            item = make()
        yield item
        self._give_back(key, item)

    def clear(self) -> None:
        """Forget all idle objects."""
        with self._lock:
            self._idle.clear()

    def _take(self, key: Hashable) -> T | None:
        with self._lock:
            items = self._idle.get(key)
            if items is None:
                return None
            item = items.pop()
            if not items:
                del self._idle[key]
            return item

    def _give_back(self, key: Hashable, item: T) -> None:
        with self._lock:
            self._idle.setdefault(key, []).append(item)
            self._idle.move_to_end(key)
            while sum(map(len, self._idle.values())) > self.max_idle:
                oldest, items = next(iter(self._idle.items()))
                items.pop(0)
                if not items:
                    del self._idle[oldest]
