"""Resident memory, and measurements in fresh processes. Imports nothing that weighs."""

import ctypes
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
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


def probe(**question: Any) -> dict[str, float]:
    """Answer of `benchmarks._probe` to a question, from a fresh process."""
    return run_python("-m", "benchmarks._probe", json.dumps(question))


def import_seconds(statement: str) -> float:
    """Seconds of an import statement in a fresh process."""
    code = f"import time; t = time.perf_counter(); {statement}; s = time.perf_counter() - t"
    return run_python("-c", f"{code}; print('{{\"seconds\": %r}}' % s)")["seconds"]


def run_python(*arguments: str) -> dict[str, float]:
    """Run Python and parse the last line that it prints as JSON."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def probes(questions: Sequence[Mapping[str, Any]], repeats: int) -> list[list[dict[str, float]]]:
    """Answers to each question, the processes taking turns."""
    answers: list[list[dict[str, float]]] = [[] for _ in questions]
    for _ in range(repeats):
        for question, found in zip(questions, answers, strict=True):
            found.append(probe(**question))
    return answers
