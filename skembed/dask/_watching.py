"""Tasks that belong to one worker, and waiting for them while workers may be lost."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from skembed.dask._told_errors import retold, told

# What keeps a task where it is: no other worker, and no second attempt.
PINNED = {"allow_other_workers": False, "retries": 0}

_LOOK_EVERY = 0.5  # seconds between two looks at the cluster


def has_raised(future: Any) -> bool:
    """Whether a task has ended without a result."""
    return future.status in ("error", "cancelled", "lost")


def settled(
    client: Any,
    futures: Sequence[Any],
    addresses: Sequence[str],
    *,
    timeout: float = float("inf"),
    failed: Callable[[Any], bool] = has_raised,
) -> bool:
    """Wait until all futures are done, one has failed, a worker is lost, or the time is over.

    Return whether all are done and none has failed.
    """
    from distributed import wait

    end = time.monotonic() + timeout
    while pending := [future for future in futures if not future.done()]:
        if any(future.done() and failed(future) for future in futures):
            return False
        if lost_workers(client, addresses) or time.monotonic() > end:
            return False
        try:
            wait(pending, timeout=_LOOK_EVERY, return_when="FIRST_COMPLETED")
        except TimeoutError:
            continue
        except Exception:  # of a task, which the next round finds
            continue
    return not any(failed(future) for future in futures)


def lost_workers(client: Any, addresses: Sequence[str]) -> list[str]:
    """Workers that the scheduler no longer has."""
    there = client.scheduler_info()["workers"]
    return [address for address in addresses if address not in there]


def raise_lost(client: Any, addresses: Sequence[str]) -> None:
    """Raise an error that names the workers that are lost, if any are."""
    lost = lost_workers(client, addresses)
    if lost:
        raise RuntimeError(
            f"Dask worker {', '.join(lost)} has ended or cannot be reached, so the fit was ended "
            "on all workers. Look at its log for the cause and call fit again; with a "
            "FitCheckpoint among the callbacks it resumes."
        )


def raise_error(futures: Sequence[Any], owners: Sequence[int], addresses: Sequence[str]) -> None:
    """Raise the first error of tasks, if there is one; `owners` are the numbers of their workers.

    Its message names the Dask worker.
    """
    for future, owner in zip(futures, owners, strict=True):
        if has_raised(future):
            error = future.exception()
            raise retold(told(error, []), owner, addresses) from error


def busy_error(busy: Sequence[str], start_timeout: float) -> RuntimeError:
    """Error that names the workers that have no thread for a fit."""
    return RuntimeError(
        f"Dask worker {', '.join(busy)} had no free thread for {start_timeout:g} seconds. Wait for "
        "its other tasks to end, pass the other workers as workers=[...], or raise start_timeout."
    )
