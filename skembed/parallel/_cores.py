"""How many threads to use."""

import os
import sys

# What joblib and others tell their worker processes by.
_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def thread_limit() -> int | None:
    """Threads that the environment allows native code here; None for no limit.

    A task of Dask has one: its worker runs as many tasks at once as it has threads. Workers that
    a nanny starts are told by the environment; this holds for the others.
    """
    values = [os.environ.get(name, "") for name in _LIMITS]
    limit = min((int(value) for value in values if value.isdigit() and int(value)), default=None)
    return 1 if limit is None and _is_dask_task() else limit


def _is_dask_task() -> bool:
    """Whether this thread runs a task of Dask, without an import of Dask."""
    dask = sys.modules.get("distributed.worker")
    if dask is None:
        return False
    try:
        dask.get_worker()
    except ValueError:
        return False
    return True


def usable_cores() -> int:
    """Cores that this process may use, at least one."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    limit = thread_limit()
    return cores if limit is None else min(cores, limit)
