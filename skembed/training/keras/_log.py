"""TensorFlow's log, which its native code writes to the process' standard error."""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Levels of lines in the log, from the lowest; the setting is the number of those that are left out.
_LEVELS = "IWEF"
_LOGGED = re.compile(rb"([IWEF])\d{4} \d")
_PREAMBLE = b"before absl::InitializeLog()"
# Lines of high levels about what is no fault: a computer without a graphics card; files of
# compiled programs, which are binary where text is tried first, and whose "features" of the
# processor include two preferences of the compiler.
_NO_FAULT = re.compile(
    rb"cudart_stub|failed call to cuInit"
    rb"|Error parsing text-format tensorflow\.XlaSerializedCacheEntry"
    rb"|Loading XLA:CPU AOT result\. Target machine feature \+prefer-no-"
)
_LOCK = threading.Lock()  # there is one standard error


@contextmanager
def log_filtered() -> Iterator[None]:
    """Drop lines of TensorFlow's log below the level of `TF_CPP_MIN_LOG_LEVEL`, and some others.

    Its native code writes lines before it knows of a level, and lines about no fault at any
    level. Whatever else is written to the standard error meanwhile comes out afterwards.
    """
    level = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "")
    dropped = _LEVELS[: int(level)] if level.isdigit() else ""
    with _LOCK:
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
                os.write(2, kept_lines(told.read(), dropped))


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()


def kept_lines(lines: bytes, dropped: str) -> bytes:
    """Lines but those of levels that are dropped, with what follows them."""
    if not dropped:
        return lines
    kept, keeps = [], True
    for line in lines.splitlines(keepends=True):
        if logged := _LOGGED.match(line):
            keeps = logged[1].decode() not in dropped and not _NO_FAULT.search(line)
        elif _PREAMBLE in line:
            keeps = False
        if keeps:
            kept.append(line)
    return b"".join(kept)
