"""Resident memory of this process, and its peak. Imports no heavy library."""

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")


def resident_mb() -> float:
    """Resident memory of this process in MB; nan where the system does not tell."""
    return _status_mb("VmRSS")


def peak_mb() -> float:
    """Highest resident memory since the start, or since `reset_peak`, in MB."""
    return _status_mb("VmHWM")


def reset_peak() -> None:
    """Set the high-water mark back to what is resident now."""
    if _CLEAR_REFS.exists():
        _CLEAR_REFS.write_text("5")


def _status_mb(field: str) -> float:
    if not _STATUS.exists():
        return float("nan")
    line = next(x for x in _STATUS.read_text().splitlines() if x.startswith(field))
    return int(line.split()[1]) / 1024


def peak_above_start(function: Callable[[], Any]) -> float | None:
    """Peak memory of a call above what was resident before, in MB; None if unknown."""
    if not _CLEAR_REFS.exists():
        return None
    gc.collect()
    _return_freed_memory()
    reset_peak()
    before = resident_mb()
    function()
    return max(peak_mb() - before, 0.0)


def _return_freed_memory() -> None:
    """Give freed memory back to the system, so that its reuse counts."""
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        pass  # not glibc: peaks may come out too low
