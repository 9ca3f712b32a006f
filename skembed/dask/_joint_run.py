"""Training on all workers at once."""

import time
from collections.abc import Sequence
from typing import Any

from skembed.dask._on_worker import find_port, go, is_ready, train
from skembed.dask._told_errors import is_of_another, retold
from skembed.dask._watching import (
    PINNED,
    busy_error,
    has_raised,
    raise_error,
    raise_lost,
    settled,
)

_GRACE = 3.0  # seconds in which the cause of a failure may still come in
_LOOK_EVERY = 0.2


def train_together(
    client: Any,
    estimator: bytes,
    jobs: Sequence[dict[str, Any]],
    hosts: dict[str, str],
    folders: dict[str, str],
) -> bytes:
    """Train on all workers; return what the first has left.

    The training processes start when each worker has a thread for its task, on ports that are
    chosen then.

    Raises
    ------
    Exception
        That of a training process; the message names the worker.
    RuntimeError
        If a training process is killed, or a worker is lost or has no free thread.
    """
    addresses = list(hosts)
    (sent,) = client.scatter([estimator], workers=addresses, broadcast=True, hash=False)
    futures = [
        client.submit(train, folders[address], sent, job, workers=[address], pure=False, **PINNED)
        for address, job in zip(addresses, jobs, strict=True)
    ]
    answers = Answers()
    try:
        if _all_ready(client, futures, folders, jobs[0]["start_timeout"]):
            client.run(go, folders, _endpoints(client, hosts), workers=addresses)
        if not settled(client, futures, addresses, failed=answers.has_failed):
            settled(client, futures, addresses, timeout=_GRACE, failed=lambda future: False)
            _raise_cause(client, futures, addresses, answers)
        return answers.of(futures[0])["fitted"]
    finally:
        client.cancel(futures)


class Answers:
    """What tasks have returned, each fetched once: the first worker's may be large."""

    def __init__(self) -> None:
        self._fetched: dict[Any, dict[str, Any]] = {}

    def of(self, future: Any) -> dict[str, Any]:
        """The answer of a task that has ended well."""
        if future.key not in self._fetched:
            self._fetched[future.key] = future.result()
        return self._fetched[future.key]

    def has_failed(self, future: Any) -> bool:
        """Whether a task, or the training process that it has run, has failed."""
        return has_raised(future) or "fitted" not in self.of(future)


def _all_ready(
    client: Any, futures: Sequence[Any], folders: dict[str, str], start_timeout: float
) -> bool:
    """Wait until each worker has a thread for its task; false where a task has failed."""
    addresses, end = list(folders), time.monotonic() + start_timeout
    while True:
        raise_lost(client, addresses)
        if any(future.done() for future in futures):
            return False
        ready = client.run(is_ready, folders, workers=addresses)
        busy = [address for address in addresses if not ready[address]]
        if not busy:
            return True
        if time.monotonic() > end:
            raise busy_error(busy, start_timeout)
        time.sleep(_LOOK_EVERY)


def _endpoints(client: Any, hosts: dict[str, str]) -> list[str]:
    """Host and port of each training process, chosen on its machine."""
    found = client.run(find_port, hosts, workers=list(hosts))
    return [f"{host}:{found[address]}" for address, host in hosts.items()]


def _raise_cause(
    client: Any, futures: Sequence[Any], addresses: Sequence[str], answers: Answers
) -> None:
    """Raise what a worker has failed with itself; else that one is lost; else what others say."""
    raise_error(futures, range(len(addresses)), addresses)
    told = [
        (index, answers.of(future)["error"])
        for index, future in enumerate(futures)
        if future.done() and "error" in answers.of(future)
    ]
    for index, error in told:
        if not is_of_another(error):
            raise retold(error, index, addresses)
    raise_lost(client, addresses)
    for index, error in told:
        raise retold(error, index, addresses)
    raise RuntimeError("The fit was ended on the Dask workers: their tasks have been cancelled.")
