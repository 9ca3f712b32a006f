"""From parameters that may be "auto" or None to the settings of a training run."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from skembed.network._field_layout import DEFAULT_DIM
from skembed.training._batches import RowLengths, bucket
from skembed.training._optimizers import default_learning_rate, is_elementwise, optimizer_name
from skembed.training._plan import Plan, is_auto
from skembed.training._run import Settings

# With embedding_dim="auto": a multiple of the step, at most so many.
_DIM_STEP, _MAX_DIM = 16, 64
# Bounds of the rows of a step with batch_size="auto".
_MIN_BATCH, _MAX_BATCH = 32, 256
# Where held-out rows say when to end, rows of so few entries, on average, that tell a single
# output make steps twice as large as the bound: they lose nothing by fewer steps.
_FEW_ENTRIES = 64
# With max_epochs=None small data is passed over until this many steps are made.
_MIN_STEPS = 200
_MIN_EPOCHS = 5


def layer_units(hidden_units: Any) -> list[int]:
    """Units of the hidden layers, checked."""
    units = np.atleast_1d(np.asarray(hidden_units)).tolist()
    for n_units in units:
        if not isinstance(n_units, int) or n_units < 1:
            raise ValueError(
                f"hidden_units must be positive integers, one a layer; got {n_units!r} in "
                f"{hidden_units!r}."
            )
    return units


class ResolvingMixin:
    """Parameters that depend on others or on the data."""

    embedding_dim: int | str
    hidden_units: Any
    optimizer: Any
    learning_rate: float | None
    loss_reduction: str
    clip_norm: float | None
    trainable_embeddings: bool
    batch_size: int | str
    max_epochs: int | None
    max_steps: int | None
    warm_start: bool
    callbacks: Any
    verbose: int

    def _settings(
        self,
        loss: str,
        rng: np.random.Generator,
        n_rows: int,
        plan: Plan,
        mean_weight: float = 1.0,
    ) -> Settings:
        return Settings(
            loss=loss,
            optimizer=self.optimizer,
            learning_rate=self._resolved_learning_rate(plan),
            loss_reduction=self._resolved_loss_reduction(),
            clip_norm=self.clip_norm,
            dropout=plan.dropout,
            term_dropout=plan.term_dropout,
            embedding_l2=plan.embedding_l2,
            linear_l2=plan.linear_l2,
            trains_embeddings=self.trainable_embeddings,
            total_weight=n_rows * mean_weight,
            averaging=plan.averaging,
            batch_size=plan.batch_size,
            max_epochs=plan.n_epochs or self._resolved_max_epochs(n_rows, plan.batch_size),
            max_steps=self.max_steps,
            seed=int(rng.integers(np.iinfo(np.int32).max)),
            verbose=int(self.verbose),
            callbacks=self.callbacks,
            keep_optimizer=self.warm_start and is_elementwise(self.optimizer),
        )

    def _resolved_learning_rate(self, plan: Plan) -> float | None:
        """Step size; None for the optimizer's own."""
        if self.learning_rate is not None:
            return self.learning_rate
        return default_learning_rate(
            self.optimizer, held_out=plan.held_out, batch_size=plan.batch_size
        )

    def _resolved_dim(self, n_classes: int) -> int:
        """Dimension of the embeddings: room for the scores of so many classes."""
        if is_auto(self.embedding_dim):
            return int(min(max(DEFAULT_DIM, bucket(n_classes / _DIM_STEP) * _DIM_STEP), _MAX_DIM))
        return int(self.embedding_dim)

    def _resolved_loss_reduction(self) -> str:
        if self.loss_reduction != "auto":
            return self.loss_reduction
        return "sum" if optimizer_name(self.optimizer) == "adagrad" else "mean"

    def _with_batch_size(self, plan: Plan, row_lengths: RowLengths, n_outputs: int) -> Plan:
        """The plan with the rows of a step: about a hundred steps an epoch, fewer on large data."""
        if not isinstance(self.batch_size, str):
            return replace(plan, batch_size=self.batch_size)
        n_rows = row_lengths.n_rows
        most = max(_MAX_BATCH, n_rows / 1000)
        size = 1 << round(math.log2(min(max(n_rows / 100, _MIN_BATCH), most)))
        tells_little = row_lengths.mean <= _FEW_ENTRIES and n_outputs == 1
        if plan.held_out and size == _MAX_BATCH and tells_little:
            size *= 2
        return replace(plan, batch_size=size)

    def _resolved_max_epochs(self, n_rows: int, batch_size: int) -> int:
        steps = -(-n_rows // batch_size)
        if self.max_epochs is not None:
            return self.max_epochs
        if self.max_steps is not None:
            return -(-self.max_steps // steps)
        return max(_MIN_EPOCHS, -(-_MIN_STEPS // steps))
