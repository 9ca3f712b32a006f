"""A training run: what is trained on what, how far it has come, and what it found.

Pure numpy: the trainer asks the run for chunks and tells it the losses.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from skembed._network import Network
from skembed._optimizers import is_elementwise
from skembed._packing import Chunk, Columns, Packer, one_ahead, plan_shape

Piece = tuple[sp.csr_matrix, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Settings:
    """How to train: the parts of an estimator's parameters that the trainer needs."""

    loss: str
    optimizer: Any  # a name or a Keras optimizer
    learning_rate: float | None
    loss_reduction: str
    clip_norm: float | None
    dropout: float
    batch_size: int
    max_epochs: int
    max_steps: int | None
    seed: int
    verbose: int = 0


@dataclass
class OptimizerState:
    """The optimizer's variables, in its order, as arrays.

    Those of the table's shape hold the rows of the used columns; `fills` are
    their initial values.
    """

    table_slots: list[np.ndarray]  # (n_used, embedding_dim) each
    fills: list[float]
    others: list[np.ndarray]


class ArraySource:
    """Rows in memory, in a new random order each epoch."""

    def __init__(self, X: sp.csr_matrix, targets: np.ndarray, weights: np.ndarray) -> None:
        self.X = X
        self.targets = targets
        self.weights = weights
        self.row_lengths = np.diff(X.indptr)
        self.columns = Columns.of(X)

    @property
    def n_rows(self) -> int:
        """Rows of an epoch."""
        return self.X.shape[0]

    def pieces(self, rng: np.random.Generator, size: int) -> Iterator[Piece]:
        """Yield the rows of one epoch, at most `size` at a time."""
        order = rng.permutation(self.n_rows)
        for start in range(0, self.n_rows, size):
            rows = order[start : start + size]
            yield self.X[rows], self.targets[rows], self.weights[rows]


@dataclass
class TrainingRun:
    """One fit on its way: weights between programs, counters and history."""

    source: ArraySource
    network: Network  # its table has the rows of `source.columns.used`
    settings: Settings
    optimizer_state: OptimizerState | None = None
    on_epoch: Callable[["TrainingRun"], bool] | None = None  # True ends the run
    n_steps: int = 0
    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": []})
    finished: bool = False

    def __post_init__(self) -> None:
        source, settings = self.source, self.settings
        self.shape = plan_shape(
            source.row_lengths,
            source.columns,
            settings.batch_size,
            allow_row_sparse=is_elementwise(settings.optimizer),
        )
        self._bar = _progress_bar(settings, source.n_rows)
        self._chunks = one_ahead(self._packed())
        self._waiting: Chunk | None = None
        self._loss_sum = 0.0
        self._n_rows = 0

    def next_chunk(self) -> Chunk | None:
        """Return the next chunk; None at the end, or when `shape` has just grown for it."""
        chunk, self._waiting = self._waiting or next(self._chunks, None), None
        if chunk is None:
            self.finished = True
        elif chunk.shape != self.shape:
            self.shape, self._waiting = chunk.shape, chunk
            return None
        return chunk

    def record(self, chunk: Chunk, losses: np.ndarray) -> None:
        """Count the steps of a chunk and add its losses, float (n_batches,), to the epoch's."""
        if not np.isfinite(losses).all():
            raise FloatingPointError(self._divergence(losses))
        self._loss_sum += float(losses @ chunk.batch_rows)
        self._n_rows += chunk.n_rows
        self.n_steps += chunk.n_batches
        self._bar.update(chunk.n_rows)

    def end_epoch(self) -> None:
        """Write the epoch's mean loss down and ask the observer whether to go on."""
        self.history["loss"].append(self._loss_sum / self._n_rows)
        self._loss_sum, self._n_rows = 0.0, 0
        self._bar.set_postfix({name: values[-1] for name, values in self.history.items()})
        if self.on_epoch is not None and self.on_epoch(self):
            self.finished = True

    def close(self) -> None:
        """Stop the thread that packs, and the progress bar."""
        self._chunks.close()
        self._bar.close()

    def _packed(self) -> Iterator[Chunk]:
        """Pack the pieces of all epochs up to the last step."""
        rng = np.random.default_rng(self.settings.seed)
        packer = Packer(
            self.shape, self.source.columns, self.network.combiner, self.network.table.dtype
        )
        steps_left = self.settings.max_steps or sys.maxsize
        for _ in range(self.settings.max_epochs):
            n_packed = 0
            for piece in self.source.pieces(rng, packer.chunk_rows):
                rows = steps_left * self.shape.batch_size
                chunk = packer.pack(*(part[:rows] for part in piece))
                n_packed += chunk.n_rows
                steps_left -= chunk.n_batches
                chunk.ends_epoch = n_packed == self.source.n_rows or steps_left == 0
                yield chunk
                if steps_left == 0:
                    return

    def _divergence(self, losses: np.ndarray) -> str:
        step = self.n_steps + int(np.flatnonzero(~np.isfinite(losses))[0]) + 1
        return (
            f"The training loss is not finite at step {step}. The usual cause is a learning_rate "
            f"that is too large (it is {self.settings.learning_rate}): make it smaller, set "
            "clip_norm=1.0, or scale X so that its values are of the order of 1."
        )


def _progress_bar(settings: Settings, n_rows: int) -> Any:
    """Progress over the rows of all epochs; silent unless verbose."""
    from tqdm.auto import tqdm

    total = settings.max_epochs * n_rows
    if settings.max_steps is not None:
        total = min(total, settings.max_steps * settings.batch_size)
    return tqdm(
        total=total, unit=" rows", unit_scale=True, desc="fit", disable=not settings.verbose
    )
