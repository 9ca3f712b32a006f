"""How a run trains: an estimator's parameters and a plan, put together."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skembed.training._optimizer_traits import default_learning_rate, is_elementwise, optimizer_name
from skembed.training._parameters import Parameters
from skembed.training._plan import Plan
from skembed.training._targets import Targets


@dataclass(frozen=True)
class Settings:
    """How to train: the parts of parameters and plan that a run and the trainer need."""

    loss: str
    optimizer: Any  # a name or a Keras optimizer
    learning_rate: float | None
    loss_reduction: str
    clip_norm: float | None
    dropout: float
    term_dropout: float
    embedding_l2: float
    linear_l2: float
    trains_embeddings: bool
    total_weight: float  # of all rows, which the penalties are divided by
    averaging: float  # share of the mean over the epochs that an epoch's weights leave as it was
    batch_size: int
    max_epochs: int
    max_steps: int | None
    seed: int
    verbose: int = 0
    callbacks: Any = None  # Keras callbacks
    keep_optimizer: bool = False  # its state, for a later run that goes on


def settings_of(
    parameters: Parameters, plan: Plan, targets: Targets, n_rows: int, seed: int
) -> Settings:
    """Put the settings of a run over `n_rows` together; `plan` has its number of epochs."""
    assert plan.n_epochs is not None
    return Settings(
        loss=targets.loss,
        optimizer=parameters.optimizer,
        learning_rate=learning_rate(parameters, plan),
        loss_reduction=_loss_reduction(parameters),
        clip_norm=parameters.clip_norm,
        dropout=plan.dropout,
        term_dropout=plan.term_dropout,
        embedding_l2=plan.embedding_l2,
        linear_l2=plan.linear_l2,
        trains_embeddings=parameters.trainable_embeddings,
        total_weight=n_rows * targets.mean_weight,
        averaging=plan.averaging,
        batch_size=plan.batch_size,
        max_epochs=plan.n_epochs,
        max_steps=None if plan.one_pass else parameters.max_steps,
        seed=seed,
        verbose=int(parameters.verbose),
        callbacks=parameters.callbacks,
        keep_optimizer=_keeps_optimizer(parameters, plan),
    )


def learning_rate(parameters: Parameters, plan: Plan) -> float | None:
    """Step size; None for the optimizer's own."""
    if parameters.learning_rate is not None:
        return parameters.learning_rate
    return default_learning_rate(
        parameters.optimizer, held_out=plan.held_out, batch_size=plan.batch_size
    )


def _loss_reduction(parameters: Parameters) -> str:
    if parameters.loss_reduction != "auto":
        return parameters.loss_reduction
    return "sum" if optimizer_name(parameters.optimizer) == "adagrad" else "mean"


def _keeps_optimizer(parameters: Parameters, plan: Plan) -> bool:
    """Whether a later fit may go on with the optimizer's state."""
    return (parameters.warm_start or plan.one_pass) and is_elementwise(parameters.optimizer)


def seed_from(rng: np.random.Generator) -> int:
    """Seed of a run: of the order of rows, the dropout and the terms left out."""
    return int(rng.integers(np.iinfo(np.int32).max))
