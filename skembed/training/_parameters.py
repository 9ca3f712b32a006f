"""What the caller asks of a fit, frozen: nothing below an estimator reads the estimator."""

import numbers
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skembed.distribution._cluster import Cluster
from skembed.training._fit_checkpoint import FitCheckpoint, split_callbacks

_INTEGERS = (
    "embedding_dim",
    "hidden_units",
    "n_members",
    "batch_size",
    "max_epochs",
    "max_steps",
    "n_iter_no_change",
)
_NUMBERS = (
    "learning_rate",
    "clip_norm",
    "dropout",
    "term_dropout",
    "embedding_l2",
    "linear_l2",
    "tol",
    "validation_fraction",
)


@dataclass(frozen=True)
class Parameters:
    """An estimator's parameters as given; "auto" and None are resolved by a `Plan`.

    The networks' docstrings describe each.
    """

    embedding_dim: int | str
    hidden_units: Any
    combiner: str
    fields: Any
    activation: str
    linear: bool | str
    embedding_init: Any
    trainable_embeddings: bool
    feature_names: Any
    dropout: float | str
    term_dropout: float | str
    embedding_l2: float | str
    linear_l2: float | str
    row_size: bool | str
    target_statistics: int | bool | str
    n_members: int | str
    optimizer: Any
    learning_rate: float | None
    loss_reduction: str
    clip_norm: float | None
    batch_size: int | str
    max_epochs: int | None
    max_steps: int | None
    early_stopping: bool | str
    validation_fraction: float
    n_iter_no_change: int
    tol: float
    warm_start: bool
    callbacks: Any
    random_state: Any
    verbose: int
    fit_checkpoint: FitCheckpoint | None = None  # among the callbacks
    keeper: Any = None  # of the fit on its way, see `_keeper`
    cluster: Cluster | None = None  # workers that share the fit

    @classmethod
    def of(cls, estimator: Any) -> "Parameters":
        """Read what an estimator asks of a fit."""
        given = estimator.get_params(deep=False)
        check_kinds(given)
        known = {field.name for field in fields(cls)} & given.keys()
        callbacks, place = split_callbacks(given["callbacks"])
        plain = {name: _plain(given[name]) for name in known}
        return cls(**plain | {"callbacks": callbacks, "fit_checkpoint": place})

    @property
    def epochs_are_open(self) -> bool:
        """Whether the caller leaves open for how long to train."""
        return self.max_epochs is None and self.max_steps is None

    def with_seed(self) -> "Parameters":
        """The same with an int for `random_state`, drawn where it is none.

        Threads that draw from a generator would do so in any order.
        """
        return replace(self, random_state=drawn_seed(self.random_state))

    def draw_seed(self) -> int:
        """Seed of `random_state`: the same each time for an int, the next of a generator."""
        return _next_seed(self.random_state)


def drawn_seed(random_state: Any) -> Any:
    """An int itself, else the next seed of a generator."""
    return random_state if isinstance(random_state, numbers.Integral) else _next_seed(random_state)


def _next_seed(random_state: Any) -> int:
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def check_kinds(given: dict[str, Any]) -> None:
    """Refuse what scikit-learn's constraints let pass: booleans are integers, classes callable."""
    for name in (*_INTEGERS, *_NUMBERS):
        if isinstance(given.get(name), bool | np.bool_):
            raise ValueError(f"{name} is {given[name]}, expected a number, such as 1.")
    optimizer = given["optimizer"]
    if isinstance(optimizer, type):
        raise TypeError(
            f"optimizer is the class {optimizer.__name__}; pass an instance, "
            f"{optimizer.__name__}(), or its name, {optimizer.__name__.lower()!r}."
        )


def _plain(value: Any) -> Any:
    """Booleans of numpy, which a search over an array brings, as those of Python."""
    return bool(value) if isinstance(value, np.bool_) else value


def is_auto(value: Any) -> bool:
    """Whether a parameter is left to the data."""
    return isinstance(value, str) and value == "auto"
