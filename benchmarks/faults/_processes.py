"""Functions in processes of their own, with bounds on time and memory."""

import os
import resource
import subprocess
import sys
import time
from typing import NamedTuple

# Memory of a process, above what TensorFlow takes for itself.
_BYTES = 24 * 2**30


class Ended(NamedTuple):
    """How a process ended."""

    outcome: str  # its last line, or how it was ended
    seconds: float


def run(code: str, arguments: list[str], seconds: float) -> Ended:
    """Run Python code with arguments; its last line is the outcome."""
    start = time.monotonic()
    environment = os.environ | {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            timeout=seconds,
            env=environment,
            preexec_fn=_bounded,
        )
    except subprocess.TimeoutExpired:
        return Ended(f"HANG: over {seconds:.0f} s", seconds)
    took = time.monotonic() - start
    if done.returncode < 0:
        return Ended(f"CRASH: signal {-done.returncode}", took)
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or ["nothing"]
    return Ended(lines[-1], took)


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
