"""How many threads to use."""

import os

# What joblib and others tell their worker processes by.
_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def thread_limit() -> int | None:
    """Threads that the environment allows native code here; None for no limit."""
    values = [os.environ.get(name, "") for name in _LIMITS]
    return min((int(value) for value in values if value.isdigit() and int(value)), default=None)


def usable_cores() -> int:
    """Cores that this process may use, at least one."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    limit = thread_limit()
    return cores if limit is None else min(cores, limit)
