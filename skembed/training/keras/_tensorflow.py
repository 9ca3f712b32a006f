"""TensorFlow, set up before its first import in the process.

It takes as many threads as there are cores. In a worker of joblib, where each of
several processes has been given a share of the cores, it must take that share.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Levels of lines in the log, from the lowest; the setting is the number of those that are left out.
_LEVELS = "IWEF"
_LOGGED = re.compile(rb"([IWEF])\d{4} \d")
_PREAMBLE = b"before absl::InitializeLog()"
_NO_GRAPHICS_CARD = re.compile(rb"cudart_stub|failed call to cuInit")


def _prepare() -> None:
    # quiet about the instructions that a wheel was not compiled for; a caller's level stays
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    threads = _thread_limit()
    if threads is not None:
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(threads))
        os.environ.setdefault("TF_NUM_INTEROP_THREADS", str(threads))


def _thread_limit() -> int | None:
    """Threads that joblib or threadpoolctl allows native code here; None for no limit."""
    limits = [
        int(os.environ[name])
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        if os.environ.get(name, "").isdigit()
    ]
    if "threadpoolctl" in sys.modules:
        from threadpoolctl import threadpool_info

        limits += [pool["num_threads"] for pool in threadpool_info()]
    limit = min(limits, default=None)
    return limit if limit is not None and limit < (os.cpu_count() or 1) else None


@contextmanager
def _log_level_kept() -> Iterator[None]:
    """Drop lines of TensorFlow's log that are below the level of `TF_CPP_MIN_LOG_LEVEL`.

    Its native code writes them to the process' standard error before it knows of a level, and a
    line about a missing graphics card at any level. Whatever else is written there meanwhile
    comes out afterwards.
    """
    level = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "")
    dropped = _LEVELS[: int(level)] if level.isdigit() else ""
    try:
        before = os.dup(2)
    except OSError:  # no standard error
        yield
        return
    with tempfile.TemporaryFile() as told:
        _flush()
        os.dup2(told.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            os.dup2(before, 2)
            os.close(before)
            told.seek(0)
            os.write(2, _kept_lines(told.read(), dropped))


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()


def _kept_lines(lines: bytes, dropped: str) -> bytes:
    """Lines but those of levels that are dropped, with what follows them."""
    if not dropped:
        return lines
    kept, keeps = [], True
    for line in lines.splitlines(keepends=True):
        if logged := _LOGGED.match(line):
            keeps = logged[1].decode() not in dropped and not _NO_GRAPHICS_CARD.search(line)
        elif _PREAMBLE in line:
            keeps = False
        if keeps:
            kept.append(line)
    return b"".join(kept)


_prepare()
with _log_level_kept():
    import tensorflow as tf

_first_process: int | None = None  # that has run anything in TensorFlow


def tensorflow() -> Any:
    """TensorFlow, to run something in it.

    Raises
    ------
    RuntimeError
        In a process that was forked from one where it has run: a fork has none of its parent's
        threads, and whatever TensorFlow would do next waits for them for ever.
    """
    global _first_process
    if _first_process is None:
        _first_process = os.getpid()
        with _log_level_kept():
            tf.config.list_logical_devices()  # looks for graphics cards
    elif _first_process != os.getpid():
        raise RuntimeError(
            "TensorFlow has run in the process that this one was forked from, and cannot run in a "
            "fork. Start processes by spawn: multiprocessing.get_context('spawn'), or joblib's "
            "default backend 'loky'. Or fit first in the forked processes. Prediction is possible "
            "in forks."
        )
    return tf


__all__ = ["tensorflow", "tf"]
