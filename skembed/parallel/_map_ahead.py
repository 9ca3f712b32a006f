"""Threads that run ahead of their reader by a bounded number of items."""

from __future__ import annotations

import ctypes
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

import pyarrow as pa

_FEW = 4  # blocks, which take less time than threads and their memory do

T = TypeVar("T")
R = TypeVar("R")


def map_ahead(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield ``function(item)`` in order, on as many threads as Arrow uses.

    Unlike ``Executor.map`` this takes items only as results are consumed, so that a
    generator of any length needs the memory of a few of its items.
    """
    iterator = iter(items)
    first = list(islice(iterator, _FEW + 1))
    workers = pa.cpu_count()
    if len(first) <= _FEW or workers == 1:
        yield from map(function, chain(first, iterator))
        return
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for number, item in enumerate(chain(first, iterator)):
            pending.append(pool.submit(function, item))
            if len(pending) > workers + 1:
                yield pending.popleft().result()
            if number % 16 == 2:
                _give_back_memory()
        while pending:
            yield pending.popleft().result()
    if number >= 8:
        _give_back_memory()


def consume(items: list[T]) -> Iterator[T]:
    """Yield items in order, and let go of each."""
    items.reverse()
    while items:
        yield items.pop()


def transpose(rows: list[list[T]]) -> list[list[T]]:
    """Turn a list per block into a list per column; the given list is emptied."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    rows.clear()
    return columns


def _give_back_memory() -> None:
    """Return free memory of the threads to the operating system.

    Arrow's allocator and that of glibc keep what a thread has freed for that thread;
    for blocks of rows on two threads this came to more than their results.
    """
    pa.default_memory_pool().release_unused()
    if _trim is not None:
        _trim(0)


_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
