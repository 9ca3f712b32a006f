"""Products of matrices on one thread, where other threads have work to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

_lock = Lock()
_users = 0
_limits: Any = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to the calling thread.

    Its threads wait in a loop for their next task, which takes a core from whoever needs it
    after the product. The limit holds for the process: it ends when its last user has left.
    """
    global _users, _limits
    with _lock:
        if not _users:
            _limits = _controller().limit(limits=1, user_api="blas")
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                _limits.restore_original_limits()


@cache
def _controller() -> ThreadpoolController:
    """The libraries that are loaded when this is first called; finding them takes milliseconds."""
    return ThreadpoolController()
