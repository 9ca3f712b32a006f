"""Threads that stay when their work is done, for the next fit."""

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from skembed.parallel._idle_pool import IdlePool

# Sets of threads that are kept: those of two fits at a time, each with several candidates.
_MAX_IDLE = 12

# glibc gives a new thread one of many heaps, in turn: each fit would take fresh memory from the
# system, at a page fault each 4 KB, instead of that which the last one has freed.
IDLE: IdlePool[Executor] = IdlePool(_MAX_IDLE)


@contextmanager
def workers(n_threads: int) -> Iterator[Executor]:
    """Lend an executor of so many threads; its work must be done when it is given back.

    Where the borrower raises, it may not be: these threads end when it is.
    """
    key = os.getpid(), n_threads  # a forked process does not have the threads of its parent
    with IDLE.borrow(key, lambda: ThreadPoolExecutor(n_threads, "skembed-worker")) as executor:
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def ended_workers(n_threads: int) -> Iterator[tuple[Executor, ExitStack]]:
    """Lend an executor whose work ends before it is given back, whatever the borrower raises.

    What ends the work is put on the stack that comes with it; then the error is raised.
    """
    failure: BaseException | None = None
    with workers(n_threads) as executor, ExitStack() as endings:
        try:
            yield executor, endings
        except BaseException as error:  # raised when the threads, which are done, are back
            failure = error
    if failure is not None:
        raise failure
