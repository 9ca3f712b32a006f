"""The processes that train together, as a fit sees them."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

SAME, OWN = "same", "own"


class Collectives(Protocol):
    """Operations that all workers call in the same order."""

    def sum(self, values: Any) -> Any:
        """Sum (n,) over the workers, as a tensor; all pass the same number of values."""

    def gather(self, message: bytes) -> list[bytes]:
        """Messages of all workers, in their order."""

    def abort(self, reason: str) -> None:
        """Break the operations off, on all workers, for good."""


class WorkerLost(RuntimeError):
    """Another worker has ended, or no longer answers."""


@dataclass(frozen=True)
class Cluster:
    """The workers of a fit; `distributed` makes it."""

    index: int  # of this worker
    n_workers: int
    collectives: Collectives | None = None  # None for a single worker
    sync_steps: int = 1
    rows: str = SAME

    @property
    def is_chief(self) -> bool:
        """Whether this is the worker that writes files."""
        return self.index == 0

    def total(self, values: np.ndarray) -> np.ndarray:
        """Sum of arrays of one shape over the workers."""
        assert self.collectives is not None
        flat = np.ascontiguousarray(values).ravel()
        return np.asarray(self.collectives.sum(flat)).reshape(np.shape(values))

    def gather(self, message: bytes) -> list[bytes]:
        """Messages of all workers, in their order."""
        assert self.collectives is not None
        return self.collectives.gather(message)


_CURRENT: ContextVar[Cluster | None] = ContextVar("skembed_cluster", default=None)


def current_cluster() -> Cluster | None:
    """The workers that fits are shared by here; None where a fit is trained by one process."""
    cluster = _CURRENT.get()
    return None if cluster is None or cluster.n_workers == 1 else cluster
