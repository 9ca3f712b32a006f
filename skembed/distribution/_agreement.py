"""What workers must have alike, and errors of one that all learn of."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from skembed.distribution._cluster import Cluster, WorkerLost
from skembed.distribution._messages import from_bytes, to_bytes

T = TypeVar("T")


# Set on errors of which all workers have learned.
_KNOWN = "_skembed_known_to_all_workers"


class WorkerError(RuntimeError):
    """Another worker has failed; the message tells which, and with what."""


def together(cluster: Cluster | None, work: Callable[[], T]) -> T:
    """Do something on all workers; an error of one is raised on all of them."""
    if cluster is None:
        return work()
    try:
        result = work()
    except Exception as error:
        gathered(cluster, None, error)
        raise
    gathered(cluster, None)
    return result


@contextmanager
def ended_on_error(cluster: Cluster | None) -> Iterator[None]:
    """Let the other workers end, too, where this one fails at something that it does alone."""
    try:
        yield
    except (WorkerError, WorkerLost):
        raise
    except BaseException as error:
        if cluster is not None and cluster.collectives is not None and not _is_known(error):
            told = f"{type(error).__name__}: {error}"
            cluster.collectives.abort(f"Worker {cluster.index} failed: {told}")
        raise


def _is_known(error: BaseException) -> bool:
    """Whether the other workers have learned of an error."""
    return getattr(error, _KNOWN, False)


def gathered(cluster: Cluster, values: Any, error: Exception | None = None) -> list[Any]:
    """Values that JSON has, of all workers.

    Raises
    ------
    WorkerError
        On all workers without an error of their own, where one passes an error.
    """
    told = None if error is None else told_to_all(error)
    answers = [from_bytes(answer)[0] for answer in cluster.gather(to_bytes([told, values]))]
    raise_failure(cluster, [answer[0] for answer in answers], own=error is not None)
    return [answer[1] for answer in answers]


def told_to_all(error: Exception) -> str:
    """The text of an error that all workers are told of now."""
    setattr(error, _KNOWN, True)
    return f"{type(error).__name__}: {error}"


def raise_failure(cluster: Cluster, told: list[str | None], *, own: bool) -> None:
    """Raise the first worker's error, unless this worker has one to raise itself."""
    failed = [index for index, text in enumerate(told) if text is not None]
    if failed and not own:
        raise WorkerError(f"Worker {failed[0]} of {cluster.n_workers} failed: {told[failed[0]]}")


def of_chief(cluster: Cluster, values: Any) -> Any:
    """The chief's value, on all workers."""
    return gathered(cluster, values if cluster.is_chief else None)[0]


def any_worker(cluster: Cluster | None, own: bool) -> bool:
    """Whether something is so on any worker."""
    if cluster is None:
        return own
    return bool(cluster.total(np.array([own], np.int32))[0])


def check_alike(cluster: Cluster, what: Mapping[str, str]) -> None:
    """Refuse workers that differ in one of these texts.

    Raises
    ------
    ValueError
        On all workers; the message names what differs, and on which worker.
    """
    answers = gathered(cluster, dict(what))
    chief = answers[0]
    for index, answer in enumerate(answers):
        different = [
            name
            for name in sorted(chief.keys() | answer.keys())
            if chief.get(name) != answer.get(name)
        ]
        if different:
            name = different[0]
            one, other = (_short(texts.get(name, "not given")) for texts in (chief, answer))
            fault = ValueError(
                f"Worker {index} has another {name} than worker 0: {other}, expected {one}. All "
                "workers of a distributed fit need the same code, versions, parameters and data; "
                "with rows='own' the rows may differ."
            )
            told_to_all(fault)
            raise fault


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
