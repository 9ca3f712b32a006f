"""Parts to the disks of the workers that train on them."""

from collections.abc import Sequence
from typing import Any

from skembed.dask._on_worker import make_folder, write_part
from skembed.dask._parts import Parts, deal
from skembed.dask._watching import PINNED, busy_error, raise_error, raise_lost, settled


def folders_on(
    client: Any, addresses: Sequence[str], fit: str, start_timeout: float
) -> dict[str, str]:
    """Make a folder on each worker by a task, which shows that the worker has a free thread.

    Raises
    ------
    RuntimeError
        If a worker has none in time, or is lost; the message names it.
    """
    futures = [
        client.submit(make_folder, fit, workers=[address], pure=False, priority=10, **PINNED)
        for address in addresses
    ]
    try:
        if settled(client, futures, addresses, timeout=start_timeout):
            return {one: future.result() for one, future in zip(addresses, futures, strict=True)}
        raise_error(futures, range(len(addresses)), addresses)
        raise_lost(client, addresses)
        busy = [one for one, future in zip(addresses, futures, strict=True) if not future.done()]
        raise busy_error(busy, start_timeout)
    finally:
        client.cancel(futures)


def place(
    client: Any, parts: Parts, addresses: Sequence[str], folders: dict[str, str]
) -> list[list[int]]:
    """Write the parts where they are trained on; return the numbers of each worker's.

    Raises
    ------
    Exception
        That of making or writing a part; the message names the worker.
    RuntimeError
        If a worker is lost.
    """
    shares = deal(_homes(client, parts), addresses)
    transformer = parts.transformer
    if transformer is not None:
        transformer = client.scatter(
            transformer, workers=list(addresses), broadcast=True, hash=False
        )
    futures: list[Any] = []
    owners: list[int] = []
    for owner, (address, numbers) in enumerate(zip(addresses, shares, strict=True)):
        writing = _written(client, parts, numbers, transformer, address, folders[address])
        futures += writing
        owners += [owner] * len(writing)
    try:
        if not settled(client, futures, addresses):
            raise_error(futures, owners, addresses)
            raise_lost(client, addresses)
    finally:
        client.cancel(futures)
    return shares


def _written(
    client: Any,
    parts: Parts,
    numbers: Sequence[int],
    transformer: Any,
    address: str,
    folder: str,
) -> list[Any]:
    """Futures of the files of a worker's parts.

    Delayed parts are in one graph with their files, so that Dask writes each when it is made.
    """
    import dask
    from dask.delayed import Delayed
    from distributed import Future

    where = {"workers": [address], **PINNED}
    write, lazy, futures = dask.delayed(write_part, pure=False), [], []
    for number in numbers:
        value = parts.values[number]
        if _has(value, Delayed):
            lazy.append(write(parts.delayed(number, transformer), folder, number))
            continue
        if not _has(value, Future):
            (value,) = client.scatter([value], workers=[address], hash=False)
        futures.append(client.submit(write_part, value, folder, number, pure=False, **where))
    return futures + (client.compute(lazy, **where) if lazy else [])


def _has(value: Any, kind: type) -> bool:
    """Whether a part is of a kind, or a tuple with an element that is."""
    return any(isinstance(one, kind) for one in _elements(value))


def _elements(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple | list) else (value,)


def _held(value: Any) -> list[Any]:
    """Futures of a part, and those that a delayed part is computed from."""
    from dask.delayed import Delayed
    from distributed import Future, futures_of

    found: list[Any] = []
    for one in _elements(value):
        if isinstance(one, Future):
            found.append(one)
        elif isinstance(one, Delayed):
            found += futures_of(one)
    return found


def _homes(client: Any, parts: Parts) -> list[frozenset[str]]:
    """Workers that hold each part already."""
    from distributed import wait

    held = [_held(value) for value in parts.values]
    everything = [future for futures in held for future in futures]
    if not everything:
        return [frozenset()] * len(held)
    wait(everything)
    where = client.who_has(everything)
    return [
        frozenset.intersection(*(frozenset(where.get(future.key, ())) for future in futures))
        if futures
        else frozenset()
        for futures in held
    ]
