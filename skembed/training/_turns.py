"""Runs that train side by side, an epoch at a time, as many at once as there are cores."""

import math
from collections.abc import Callable
from threading import Condition

from skembed.network._network import Network
from skembed.training._run import RunCancelled, TrainingRun


class Turns:
    """Says whose epoch comes next: of those who wait, the one of the lowest rank.

    Parameters
    ----------
    n_at_once : int
        Epochs that are trained at once.
    """

    def __init__(self, n_at_once: int) -> None:
        self.changed = Condition()  # of all that lanes tell and ask
        self._free = n_at_once
        self._waiting: list[Lane] = []

    @property
    def has_room(self) -> bool:
        """Whether somebody else could train now."""
        return self._free > len(self._waiting)

    def enter(self, lane: "Lane") -> None:
        """Wait for a turn; an exception if the lane is not wanted any more."""
        with self.changed:
            self._waiting.append(lane)
            self.changed.notify_all()
            try:
                self.changed.wait_for(lambda: lane.cancelled or (self._free and self._first(lane)))
            finally:
                self._waiting.remove(lane)
            if lane.cancelled:
                raise RunCancelled
            self._free -= 1
            lane.has_turn = True
            self.changed.notify_all()

    def leave(self, lane: "Lane") -> None:
        """End a turn, if the lane has one."""
        with self.changed:
            self._free += lane.has_turn
            lane.has_turn = False
            self.changed.notify_all()

    def _first(self, lane: "Lane") -> bool:
        """Whether a lane that waits is the next one."""
        ranks = [(other.rank(), place) for place, other in enumerate(self._waiting)]
        rank, place = min(ranks)
        return rank < math.inf and self._waiting[place] is lane


class Lane:
    """A run on a thread of its own, which observes its epochs and takes turns with others.

    Parameters
    ----------
    turns : Turns
        Shared by all lanes.
    start : callable
        Makes the run.
    rank : callable
        The lower, the sooner this lane has its turn; infinite for not now.
    """

    def __init__(
        self, turns: Turns, start: Callable[[], TrainingRun], rank: Callable[[], float]
    ) -> None:
        self.turns = turns
        self.rank = rank
        self.has_turn = self.cancelled = self.done = False
        self.error: BaseException | None = None
        self.run: TrainingRun | None = None
        # epochs to train, where that is known, and those that may be wanted
        self.last_epoch: int | None = None
        self.may_train: Callable[[int], bool] = lambda epoch: True
        self._start = start

    def train(self) -> None:
        """Make the run and train it; what goes wrong is kept."""
        from skembed.training.keras._trainer import train  # TensorFlow is imported here

        try:
            self.turns.enter(self)
            self.run = self._start()
            self.run.observers.append(self)
            self.turns.leave(self)
            train(self.run)
        except RunCancelled:
            pass
        except BaseException as error:
            self.error = error
        finally:
            self.turns.leave(self)
            with self.turns.changed:
                self.done = True
                self.turns.changed.notify_all()

    def cancel(self) -> None:
        """Do not train any further; what is being trained breaks off."""
        with self.turns.changed:
            self.cancelled = True
            if self.run is not None:
                self.run.cancelled = True
            self.turns.changed.notify_all()

    def begin_epoch(self, run: TrainingRun) -> None:
        """Wait for a turn."""
        self.turns.enter(self)

    def end_epoch(self, run: TrainingRun, network: Callable[[], Network]) -> bool:
        """End the turn; True where no further epoch is wanted, once that is known."""
        self.turns.leave(self)
        n_epochs = len(run.history["loss"])
        with self.turns.changed:
            self.turns.changed.wait_for(
                lambda: self.cancelled or self.last_epoch == n_epochs or self.may_train(n_epochs)
            )
            return self.last_epoch == n_epochs
