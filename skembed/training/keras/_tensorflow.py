"""TensorFlow, set up before its first import in the process.

It takes as many threads as there are cores. In a worker of joblib, where each of
several processes has been given a share of the cores, it must take that share.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

from skembed.parallel._cores import thread_limit
from skembed.training.keras._cache_folder import Exchange, cache_folder
from skembed.training.keras._log import log_filtered

T = TypeVar("T")

_CACHE_FLAG = "--tf_xla_persistent_cache_directory"


def _prepare() -> None:
    # quiet about the instructions that a wheel was not compiled for; a caller's level stays
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    threads = _thread_limit()
    if threads is not None:
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(threads))
        os.environ.setdefault("TF_NUM_INTEROP_THREADS", str(threads))


def _thread_limit() -> int | None:
    """Threads that joblib or threadpoolctl allows native code here; None for no limit."""
    given = thread_limit()
    limits = [] if given is None else [given]
    if "threadpoolctl" in sys.modules:
        from threadpoolctl import threadpool_info

        limits += [pool["num_threads"] for pool in threadpool_info()]
    limit = min(limits, default=None)
    return limit if limit is not None and limit < (os.cpu_count() or 1) else None


_prepare()
with log_filtered():
    import tensorflow as tf

_FIRST_USE = Lock()
_first_process: int | None = None  # that has run anything in TensorFlow
_exchange: Exchange | None = None


def tensorflow() -> Any:
    """TensorFlow, to run something in it.

    Raises
    ------
    RuntimeError
        In a process that was forked from one where it has run: a fork has none of its parent's
        threads, and whatever TensorFlow would do next waits for them for ever.
    """
    with _FIRST_USE:
        if _first_process is None:  # looks for graphics cards, reads the flags
            first_used(tf.config.list_logical_devices)
    if _first_process != os.getpid():
        raise RuntimeError(
            "This process was forked from a process that has run TensorFlow, and TensorFlow cannot "
            "run in such a fork. Start processes by spawn, with "
            "multiprocessing.get_context('spawn') or joblib's default backend 'loky', or fit in "
            "forked processes only. Prediction works in forks."
        )
    return tf


def first_used(by: Callable[[], T]) -> T:
    """Let `by` be what TensorFlow runs first in this process.

    Raises
    ------
    RuntimeError
        If TensorFlow has run something before.
    """
    global _first_process
    if _first_process is not None:
        raise RuntimeError(
            "This process has used TensorFlow before, and TensorFlow can join other workers only "
            "when it starts. Enter skembed.distributed() before the first fit of the process."
        )
    with _executables_kept(), log_filtered():
        result = by()
    _first_process = os.getpid()
    return result


def exchange() -> Exchange | None:
    """Where TensorFlow leaves what it has compiled; None where there is no cache of programs."""
    return _exchange


@contextmanager
def _executables_kept() -> Iterator[None]:
    """Let TensorFlow, which reads its flags meanwhile, leave what it compiles in a folder.

    The caller's flags stay as they are, and the environment too: processes that this one starts
    have folders of their own.
    """
    global _exchange
    given = os.environ.get("TF_XLA_FLAGS")
    folder = None if _CACHE_FLAG in (given or "") else cache_folder()
    try:
        _exchange = None if folder is None else Exchange(folder)
    except OSError:  # a full disk
        _exchange = None
    if _exchange is None:
        yield
        return
    os.environ["TF_XLA_FLAGS"] = f"{given or ''} {_CACHE_FLAG}={_exchange.folder}".strip()
    try:
        yield
    finally:
        if given is None:
            del os.environ["TF_XLA_FLAGS"]
        else:
            os.environ["TF_XLA_FLAGS"] = given


__all__ = ["exchange", "first_used", "tensorflow", "tf"]
