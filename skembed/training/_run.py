"""A training run: what is trained on what, how far it has come, and what it found.

Pure numpy: the trainer asks the run for chunks and tells it the losses.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import Any

import numpy as np
import scipy.sparse as sp

from skembed.distribution._agreement import any_worker, together
from skembed.distribution._cluster import Cluster
from skembed.network._mixed_rows import Features, MixedRows
from skembed.network._network import Network, centred
from skembed.training._batch_shape import RowLengths, plan_shape, touch_shares
from skembed.training._batches import Chunk, OneAhead, Packer
from skembed.training._checkpoint import OptimizerState
from skembed.training._joint_batches import JointChunks
from skembed.training._optimizer_traits import is_elementwise
from skembed.training._settings import Settings
from skembed.training._sources import Source

# The first piece of a run is this many times as small as the others.
_FIRST_PIECE = 4


class RunCancelled(Exception):
    """Nobody wants the result of a run any more."""


@dataclass(frozen=True)
class Place:
    """Where a run is in its data: behind some pieces of an epoch."""

    epoch: int
    n_pieces: int
    steps_left: int
    order: Mapping[str, Any]  # state of the generator of orders as the epoch began
    packing: Mapping[str, Any]  # state of the packer's generator behind the pieces


@dataclass
class TrainingRun:
    """One fit on its way: weights between programs, counters and history."""

    source: Source
    network: Network  # its table has the rows of `source.columns.used`
    settings: Settings
    optimizer_state: OptimizerState | None = None
    observers: list[Any] = field(default_factory=list)
    n_steps: int = 0
    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": []})
    finished: bool = False
    average: Network | None = None
    keras_callbacks: Any = None  # the trainer's, from the first program on
    planned_lengths: RowLengths | None = None  # of rows that a later run has, by the same program
    label: str = "fit"  # of the progress bar
    cancelled: bool = False  # by another thread
    keeper: Any = None  # writes states of the run down, see `_fit_checkpoint`
    place: Place | None = None  # where it goes on; None: it begins
    cluster: Cluster | None = None  # workers that train together

    def __post_init__(self) -> None:
        source, settings = self.source, self.settings
        pooling = self.network.pooling
        self._term_pooling = pooling if source.slots is None else pooling.of_terms
        self.shape = plan_shape(
            self.planned_lengths or source.row_lengths,
            source.columns,
            settings.batch_size,
            n_counted=source.row_lengths.n_rows,
            # Keras callbacks may look at the network's variables: these must be whole
            allow_row_sparse=is_elementwise(settings.optimizer) and not settings.callbacks,
            dealt=source.deals_all,
            weighted=source.weighted,
            term_dropout=settings.term_dropout * self._share_of_terms(),
            n_fields=self._term_pooling.n_fields,
            sized=self.network.sized,
            slots=source.slots,
            offset=source.offset,
            target_lengths=source.target_lengths,
            n_workers=self._n_workers,
            joint=self._is_joint,
        )
        self._bar = _progress_bar(settings, source.row_lengths.n_rows, self.label)
        self._chunks: OneAhead[Chunk] | None = None
        self._joint: JointChunks | None = None
        self._waiting: Chunk | None = None
        self._loss_sum = 0.0
        self._n_rows = self.n_epoch_steps = 0  # of the present epoch

    def _share_of_terms(self) -> float:
        """Share of the entries that are terms, not numbers."""
        layout, columns = self.network.pooling.layout, self.source.columns
        if layout is None or self.source.slots is not None:
            return 1.0
        terms = ~layout.numeric[columns.used]
        return float(columns.counts[terms].sum() / max(columns.counts.sum(), 1))

    @property
    def cluster_index(self) -> int:
        """Number of this worker."""
        return 0 if self.cluster is None else self.cluster.index

    @property
    def _n_workers(self) -> int:
        return 1 if self.cluster is None else self.cluster.n_workers

    @property
    def _is_joint(self) -> bool:
        """Whether each step is made by all workers together."""
        return self.cluster is None or self.cluster.sync_steps == 1

    @property
    def _rows_of_step(self) -> int:
        """Rows that one step of a worker's weights learns from."""
        return self.shape.batch_size * (self._n_workers if self._is_joint else 1)

    def begin_packing(self, as_tensors: Callable[[dict], dict]) -> None:
        """Pack the first chunk in a thread, which gives its arrays to the trainer's function."""
        if self.cluster is None:
            self._chunks = OneAhead(self._packed(as_tensors))
            return
        self._chunks = OneAhead(self._packed(lambda arrays: arrays))
        self._joint = JointChunks(
            self._chunks,
            self.cluster,
            self.shape,
            self.row_decay() if self.decays else None,
            (self.settings.max_steps or sys.maxsize) - self.n_steps,
            as_tensors,
        )

    def next_chunk(self) -> Chunk | None:
        """Return the next chunk; None at the end, or when `shape` has just grown for it."""
        assert self._chunks is not None
        if self.cancelled:
            raise RunCancelled
        chunk, self._waiting = self._waiting or next(self._joint or self._chunks, None), None
        if chunk is None:
            self.finished = True
        elif chunk.shape != self.shape:
            self.shape, self._waiting = chunk.shape, chunk
            return None
        return chunk

    @property
    def decays(self) -> bool:
        """Whether large weights of the table are penalized."""
        return bool(self.settings.embedding_l2 or self.settings.linear_l2)

    def _term_sizes(self, X: Features, segments: sp.csr_matrix) -> np.ndarray:
        """Sizes (n_segments,) of the rows' segments of terms, less their means."""
        known = X.sizes if isinstance(X, MixedRows) else None
        sizes = self._term_pooling.sizes(segments) if known is None else known.ravel()
        means = self.network.mean_sizes
        return sizes if means is None else centred(sizes, means[: self._term_pooling.n_fields])

    def row_decay(self) -> np.ndarray:
        """Factor (n_used,) of the penalties' gradient in a step that touches a row.

        The penalty is that of the mean loss over all rows of X, a share of it a step; rows
        that few batches touch make up for it when they are touched.
        """
        columns, n_rows = self.source.columns, self.source.row_lengths.n_rows
        shares = touch_shares(columns, n_rows, self._rows_of_step, self.settings.term_dropout)
        return 1 / (np.maximum(shares, 1e-9) * self.settings.total_weight)

    def record(self, batch_rows: np.ndarray, losses: np.ndarray) -> None:
        """Count batches by their rows (n_batches,) and add their losses to the epoch's."""
        if not np.isfinite(losses).all():
            raise FloatingPointError(self._divergence(losses))
        n_rows = int(batch_rows.sum())
        self._loss_sum += float(losses @ batch_rows)
        self._n_rows += n_rows
        self.n_steps += len(batch_rows)
        self.n_epoch_steps += len(batch_rows)
        self._bar.update(n_rows)

    @property
    def epoch_loss(self) -> float:
        """Mean loss of the epoch so far."""
        return self._loss_sum / self._n_rows

    @property
    def begins_epoch(self) -> bool:
        """Whether the next chunk is an epoch's first."""
        return self._n_rows == 0

    def epoch_so_far(self) -> dict[str, Any]:
        """Sums of the present epoch."""
        return {
            "loss_sum": self._loss_sum,
            "n_rows": self._n_rows,
            "n_steps": self.n_epoch_steps,
        }

    def restore_epoch(self, sums: dict[str, Any]) -> None:
        """Set the sums of the present epoch."""
        self._loss_sum, self._n_rows = sums["loss_sum"], sums["n_rows"]
        self.n_epoch_steps = sums["n_steps"]

    def last_epoch(self) -> tuple[int, dict[str, float]]:
        """Number, from 0, and figures of the epoch that has ended."""
        figures = {name: values[-1] for name, values in self.history.items()}
        return len(self.history["loss"]) - 1, figures

    def begin_epoch(self) -> None:
        """Tell the observers that an epoch begins."""
        self._bar.set_description(f"{self.label}, epoch {len(self.history['loss']) + 1}")
        for observer in self.observers:
            observer.begin_epoch(self)

    def end_epoch(self, network: Callable[[], Network]) -> None:
        """Write the epoch's mean loss down and ask the observers whether to go on."""
        self.history["loss"].append(self.epoch_loss)
        self._loss_sum, self._n_rows, self.n_epoch_steps = 0.0, 0, 0
        if self.settings.averaging:
            self.average = averaged(self.average, network(), self.settings.averaging)
            network = self.averaged_network
        observers = self.observers
        stops = together(self.cluster, lambda: [one.end_epoch(self, network) for one in observers])
        self._bar.set_postfix(self.last_epoch()[1])
        self.end_where_any_does(self.finished or any(stops))

    def end_where_any_does(self, ends: bool) -> None:
        """End the run if it is to end, on this worker or on another."""
        self.finished = any_worker(self.cluster, ends)

    def averaged_network(self) -> Network:
        """Mean of the weights after each epoch, if asked for, or the present weights."""
        return self.network if self.average is None else self.average

    def begin_compiling(self) -> None:
        """Say that the next call of the program takes long: it is compiled, or loaded."""
        self._bar.set_postfix_str("compiling the training program")

    def close(self) -> None:
        """Stop the thread that packs, and the progress bar."""
        if self._chunks is not None:
            self._chunks.close()
        if self.finished:
            self._bar.total = self._bar.n  # the run may have ended early
        self._bar.close()

    def _new_packer(self) -> Packer:
        pooling = self._term_pooling
        packer = Packer(
            self.shape,
            self.source.columns,
            replace(pooling, combiner="sum") if self.source.weighs else pooling,
            self.network.table.dtype,
            term_dropout=self.settings.term_dropout,
            row_decay=self.row_decay() if self.decays else None,
            seed=self.settings.seed,
            sizes=self._term_sizes if self.network.sized else None,
            slots=self.source.slots,
        )
        if self._n_workers > 1:  # what is left out is drawn by each worker for itself
            packer.draw_for(self.cluster_index)
        return packer

    def _packed(self, as_tensors: Callable[[dict], dict]) -> Iterator[Chunk]:
        """Pack the pieces of all epochs up to the last step."""
        rng = np.random.default_rng(self.settings.seed)
        packer = self._new_packer()
        steps_left = self.settings.max_steps or sys.maxsize
        # of workers with the same rows, each takes its part of every batch
        n_parts = 1 if self.source.shared_out else self._n_workers
        part = slice(None) if n_parts == 1 else slice(self.cluster_index, None, n_parts)
        batch_size, start = packer.shape.batch_size * n_parts, self.place
        if start is not None:
            rng.bit_generator.state, packer.state = dict(start.order), dict(start.packing)
            steps_left = start.steps_left
        # the first piece is small: until it is packed there is nothing to train on
        first = batch_size * -(-packer.shape.n_batches // _FIRST_PIECE)
        for epoch in range(0 if start is None else start.epoch, self.settings.max_epochs):
            order = rng.bit_generator.state if self.keeper is not None else {}
            done = 0 if start is None or epoch > start.epoch else start.n_pieces
            sizes = chain([first] if epoch == 0 else [], repeat(packer.chunk_rows * n_parts))
            pieces = self.source.pieces(rng, sizes, batch_size)
            for number, (piece, last) in enumerate(pieces, 1):
                if number <= done:
                    continue
                X, targets, weights = piece
                n_rows = min(X.shape[0], steps_left * batch_size)
                rows = slice(part.start, n_rows, part.step)
                chunk = packer.pack(X[rows], targets[rows], weights[rows])
                steps_left -= -(-n_rows // batch_size)
                chunk.ends_epoch = last or steps_left == 0
                if self.keeper is not None:
                    place = Place(epoch, number, steps_left, order, packer.state)
                    if chunk.ends_epoch:
                        place = Place(
                            epoch + 1, 0, steps_left, rng.bit_generator.state, packer.state
                        )
                    chunk.place = place
                chunk.arrays = as_tensors(chunk.arrays)
                yield chunk
                if steps_left == 0:
                    return

    def _divergence(self, losses: np.ndarray) -> str:
        step = self.n_steps + int(np.flatnonzero(~np.isfinite(losses))[0]) + 1
        return (
            f"The training loss is not finite at step {step}. The usual cause is a learning_rate "
            f"that is too large; it is {self.settings.learning_rate}. Reduce it, set "
            "clip_norm=1.0, or scale X so that its values are of the order of 1."
        )


def averaged(mean: Network | None, network: Network, share: float) -> Network:
    """Exponentially weighted mean of networks: `share` of `mean`, the rest of `network`."""
    if mean is None:
        return network

    def mixed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a * a.dtype.type(share) + b * a.dtype.type(1 - share)

    return replace(
        network,
        table=mixed(mean.table, network.table),
        kernels=list(map(mixed, mean.kernels, network.kernels)),
        biases=list(map(mixed, mean.biases, network.biases)),
    )


def _progress_bar(settings: Settings, n_rows: int, label: str) -> Any:
    """Progress over the rows of all epochs; silent unless verbose."""
    from tqdm.auto import tqdm

    total = settings.max_epochs * n_rows
    if settings.max_steps is not None:
        total = min(total, settings.max_steps * settings.batch_size)
    silent = not settings.verbose
    return tqdm(total=total, unit=" rows", unit_scale=True, desc=label, disable=silent)
