"""Threads that run ahead of their reader by a bounded number of items."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

import pyarrow as pa

T = TypeVar("T")
R = TypeVar("R")


def map_ahead(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield ``function(item)`` in order, on as many threads as Arrow uses.

    Unlike ``Executor.map`` this takes items only as results are consumed, so that a
    generator of any length needs the memory of a few of its items.
    """
    iterator = iter(items)
    first = list(islice(iterator, 2))
    workers = pa.cpu_count()
    if len(first) < 2 or workers == 1:
        yield from map(function, chain(first, iterator))
        return
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in chain(first, iterator):
            pending.append(pool.submit(function, item))
            if len(pending) > workers + 1:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
