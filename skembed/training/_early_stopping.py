"""When a run ends before its last epoch: early stopping, and races between candidates."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from skembed.network._network import Network
from skembed.training._run import TrainingRun

# Epochs from which the present rate of a loss is taken.
RATE_EPOCHS = 3


def as_json(number: float) -> float | None:
    """A number that may be infinite, for a file that has no such numbers."""
    return float(number) if np.isfinite(number) else None


def from_json(number: float | None) -> float:
    """The number of `as_json`."""
    return np.inf if number is None else number


class HeldOutLoss(Protocol):
    """Rows held out, see `Validation`."""

    def loss(self, network: Network) -> float:
        """Weighted mean of the rows' losses."""

    def outputs(self, network: Network) -> np.ndarray:
        """Outputs (n_samples, n_outputs) of the network for the rows."""


class ValidationLoss:
    """Writes the validation loss of each epoch down."""

    def __init__(self, validation: HeldOutLoss) -> None:
        self._validation = validation

    def begin_epoch(self, run: TrainingRun) -> None:
        """Nothing to do."""

    def end_epoch(self, run: TrainingRun, network: Callable[[], Network]) -> bool:
        """Note the loss of the present network; never a reason to end."""
        self._note(run, network())
        return False

    def _note(self, run: TrainingRun, network: Network) -> list[float]:
        """Losses of the epochs up to this one."""
        losses = run.history.setdefault("val_loss", [])
        losses.append(self._validation.loss(network))
        return losses


class EarlyStopping(ValidationLoss):
    """Ends a run when the validation loss stops falling, and keeps the best network."""

    def __init__(self, validation: HeldOutLoss, patience: int, tol: float) -> None:
        super().__init__(validation)
        self._patience = patience
        self._tol = tol
        self.lowest = self._to_beat = np.inf
        self._waited = 0
        self.best_network: Network | None = None
        self.best_epoch = 0

    def end_epoch(self, run: TrainingRun, network: Callable[[], Network]) -> bool:
        """Note the loss; True when it has not fallen by `tol` for `patience` epochs."""
        current = network()
        losses = self._note(run, current)
        loss = losses[-1]
        if loss < self.lowest:
            self.lowest, self.best_network, self.best_epoch = loss, current, len(losses)
        if loss < self._to_beat - self._tol:
            self._to_beat, self._waited = loss, 0
        else:
            self._waited += 1
        return self._waited >= self._patience

    def state(self) -> tuple[dict[str, Any], dict[str, Network]]:
        """Numbers and networks that the observer has noted."""
        numbers = {
            "lowest": as_json(self.lowest),
            "to_beat": as_json(self._to_beat),
            "waited": self._waited,
            "best_epoch": self.best_epoch,
        }
        return numbers, {} if self.best_network is None else {"best": self.best_network}

    def restore(
        self, run: TrainingRun, numbers: dict[str, Any], network: Callable[[str], Network | None]
    ) -> None:
        """Go on from what `state` has taken down."""
        self.lowest, self._to_beat = from_json(numbers["lowest"]), from_json(numbers["to_beat"])
        self._waited, self.best_epoch = numbers["waited"], numbers["best_epoch"]
        self.best_network = network("best")

    def best_outputs(self) -> np.ndarray:
        """Outputs (n_held_out, n_outputs) of the best network for the rows held out."""
        if self.best_network is None:
            raise FloatingPointError(
                "The loss of the held-out rows is not finite after any epoch; reduce "
                "learning_rate, scale X or y, or set early_stopping=False."
            )
        return self._validation.outputs(self.best_network)


class Race:
    """Ends the trial of a candidate that would not beat the best one before it.

    Losses fall ever more slowly, so going on for some epochs, the horizon, at the present
    rate is more than the candidate can hope for.
    """

    def __init__(self, to_beat: float, horizon: int) -> None:
        self._to_beat = to_beat
        self._horizon = horizon

    def begin_epoch(self, run: TrainingRun) -> None:
        """Nothing to do."""

    def end_epoch(self, run: TrainingRun, network: Callable[[], Network]) -> bool:
        """Look at the losses that `EarlyStopping`, which goes first, has written down."""
        return is_lost(run.history["val_loss"], self._to_beat, self._horizon)


def is_lost(losses: list[float], to_beat: float, horizon: int) -> bool:
    """Whether a loss will not be below a number, at the rate of its last epochs."""
    if len(losses) <= RATE_EPOCHS:
        return False
    fall = (losses[-1 - RATE_EPOCHS] - losses[-1]) / RATE_EPOCHS
    return losses[-1] - horizon * fall > to_beat


def lost_after(losses: list[float], to_beat: float, horizon: int) -> int | None:
    """Number of epochs after which a race ends that a candidate loses; None if it goes on."""
    ends = (n for n in range(1, len(losses) + 1) if is_lost(losses[:n], to_beat, horizon))
    return next(ends, None)
