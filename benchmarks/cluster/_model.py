"""Seconds of a step on paper: a worker's own part, and the exchange.

A ring that sums n bytes over W workers takes 2 (W - 1) messages one after the other, each of n / W
bytes (Patarasuk and Yuan, 2009, "Bandwidth optimal all-reduce algorithms for clusters of
workstations").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Network:
    """What messages take between two workers."""

    latency: float  # seconds of a message
    bandwidth: float  # bytes a second

    def sum_seconds(self, n_bytes: float, n_workers: int) -> float:
        """Seconds of a sum of so many bytes over the workers."""
        messages = 2 * (n_workers - 1)
        return messages * (self.latency + n_bytes / n_workers / self.bandwidth)

    @classmethod
    def measured(cls, exchanges: Sequence[tuple[int, float]], n_workers: int) -> "Network":
        """Fit latency and bandwidth to the seconds of sums, each as important as its seconds."""
        n_bytes, seconds = np.array(exchanges).T
        messages = 2 * (n_workers - 1)
        A = np.stack([np.full_like(n_bytes, messages), messages * n_bytes / n_workers], axis=1)
        (latency, per_byte), *_ = np.linalg.lstsq(A / seconds[:, None], np.ones_like(seconds))
        return cls(max(float(latency), 1e-6), 1 / max(float(per_byte), 1e-15))


@dataclass(frozen=True)
class Job:
    """Training on large data: rows, and what a worker needs for one."""

    n_rows: float
    rows_per_second: float  # of one worker, alone
    bytes_of_exchange: float  # of one sum: gradients, or weights and the optimizer's state
    own_step_seconds: float = 0.0  # of a step beside its rows: calls, updates of the table

    def epoch_seconds(
        self, network: Network, n_workers: int, batch_size: int, sync_steps: int
    ) -> float:
        """Seconds of a pass over all rows."""
        n_steps = self.n_rows / batch_size
        own = batch_size / n_workers / self.rows_per_second + self.own_step_seconds
        exchange = network.sum_seconds(self.bytes_of_exchange, n_workers) / sync_steps
        return n_steps * (own + exchange)
