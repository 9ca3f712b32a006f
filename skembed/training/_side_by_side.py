"""Candidates that are tried side by side, and training that begins before the choice is made.

What comes out is what comes out where one is tried after the other: a candidate is judged by
the epochs that it would have had then.
"""

import math
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from typing import Protocol

import numpy as np

from skembed.training._early_stopping import RATE_EPOCHS, EarlyStopping, lost_after
from skembed.training._plan import Plan, race_horizon
from skembed.training._run import TrainingRun
from skembed.training._turns import Lane, Turns


class StartTrial(Protocol):
    """Makes the run of a candidate."""

    def __call__(self, plan: Plan, label: str = "fit") -> tuple[Plan, TrainingRun, EarlyStopping]:
        """The plan in full, its run, and what ends it early."""


# Threads, most of which wait: a lane for each candidate, some for rehearsals.
N_THREADS = 8
_BEHIND, _REHEARSAL = 100.0, 50.0  # ranks, after those of candidates that may win


class Trial(Lane):
    """The lane of a candidate."""

    def __init__(
        self, turns: Turns, plan: Plan, start: StartTrial, rank: Callable[["Trial"], float]
    ) -> None:
        super().__init__(turns, self._make, lambda: rank(self))
        self.plan = plan
        self.is_lost = False
        self.stopping: EarlyStopping | None = None
        self._start_trial = start

    def _make(self) -> TrainingRun:
        self.plan, run, self.stopping = self._start_trial(self.plan)
        return run

    @property
    def losses(self) -> list[float]:
        """Those of the rows held out, after each epoch so far."""
        return [] if self.run is None else self.run.history.get("val_loss", [])

    @property
    def best_epoch(self) -> int:
        """The epoch of the lowest loss so far."""
        return self.losses.index(min(self.losses)) + 1 if self.losses else 0


class SideBySide:
    """Candidates on threads, as many epochs at a time as there are cores.

    Parameters
    ----------
    plans : list of Plan
        In the order in which they will be asked for.
    start : callable
        Makes the run of a plan.
    rehearse : callable or None
        From a plan to a run over all rows, which trains beside the trial of that plan; None for
        no such run.
    threads : Executor
        Of `N_THREADS` threads.
    n_at_once : int
        Epochs that are trained at once.
    """

    def __init__(
        self,
        plans: list[Plan],
        start: StartTrial,
        rehearse: Callable[[Plan], TrainingRun] | None,
        threads: Executor,
        n_at_once: int,
    ) -> None:
        self._turns = Turns(n_at_once)
        self._start = start
        self._rehearse = rehearse
        self._threads = threads
        self._trials: list[Trial] = []
        self._lanes: list[Lane] = []
        self._current: Trial | None = None
        self._rehearsal: tuple[Trial, Lane] | None = None
        self._judged: list[tuple[Plan, Trial]] = []
        self._wanted = {id(plan): self._add(plan) for plan in plans}

    def tried(self, plan: Plan, to_beat: float) -> Plan:
        """The plan with its best epoch and its loss, once it is known or known not to do."""
        trial = self._wanted.get(id(plan)) or self._add(plan)
        with self._turns.changed:
            self._current = trial
            self._turns.changed.notify_all()
            n_epochs = None
            while n_epochs is None and not trial.done:
                self._update_rehearsal()
                self._turns.changed.wait()
                n_epochs = lost_after(trial.losses, to_beat, race_horizon(plan))
            n_epochs = lost_after(trial.losses, to_beat, race_horizon(plan))
        if n_epochs is not None:
            trial.is_lost = True
            trial.cancel()
        elif trial.error is not None:
            raise trial.error
        losses = trial.losses[:n_epochs]
        lowest = min(losses)
        result = replace(trial.plan, n_epochs=losses.index(lowest) + 1, loss=lowest)
        self._judged.append((result, trial))
        return result

    def trained(self, chosen: Plan) -> TrainingRun | None:
        """The run over all rows for the plan that was chosen, at its end; None if there is none."""
        trial = self._trial_of(chosen)
        if self._rehearsal is None or self._rehearsal[0] is not trial:
            return None
        lane = self._rehearsal[1]
        with self._turns.changed:
            lane.last_epoch = chosen.n_epochs
            self._turns.changed.notify_all()
            self._turns.changed.wait_for(lambda: lane.done)
        if lane.error is not None:
            raise lane.error
        return lane.run

    def outputs(self, chosen: Plan) -> np.ndarray:
        """Outputs of the plan that was chosen, for the rows held out."""
        stopping = self._trial_of(chosen).stopping
        assert stopping is not None
        return stopping.best_outputs()

    def _trial_of(self, chosen: Plan) -> Trial:
        return next(trial for plan, trial in self._judged if plan is chosen)

    def close(self) -> None:
        """Break off what is not wanted, and wait for its end."""
        for lane in self._lanes:
            lane.cancel()
        with self._turns.changed:
            self._turns.changed.wait_for(lambda: all(lane.done for lane in self._lanes))

    def _add(self, plan: Plan) -> Trial:
        trial = Trial(self._turns, plan, self._start, self._rank)
        self._trials.append(trial)
        self._run(trial)
        return trial

    def _run(self, lane: Lane) -> None:
        self._lanes.append(lane)
        self._threads.submit(lane.train)

    def _rank(self, trial: Trial) -> float:
        """First the one that is waited for, then those that may win, in their order."""
        if trial is self._current:
            return 0.0
        n_epochs, place = len(trial.losses), self._trials.index(trial)
        if n_epochs <= RATE_EPOCHS:
            return 1.0 + place
        others = [
            other.losses[n_epochs - 1]
            for other in self._trials
            if other is not trial and len(other.losses) >= n_epochs
        ]
        if trial.losses[-1] <= min(others, default=math.inf):
            return 1.0 + place
        # it will hardly win: only where there is nothing else to do
        return math.inf if self._rehearsal_goes_on() else _BEHIND + place

    def _rehearsal_goes_on(self) -> bool:
        """Whether there is an epoch to train on all rows, or there will be at once."""
        if self._rehearsal is None:
            return False
        leader, lane = self._rehearsal
        n_epochs = 0 if lane.run is None else len(lane.run.history["loss"])
        return not lane.done and n_epochs < leader.best_epoch

    def _update_rehearsal(self) -> None:
        """Train on all rows as the candidate that leads, no further than its best epoch."""
        trials = [trial for trial in self._trials if trial.losses and not trial.is_lost]
        if self._rehearse is None or not trials:
            return
        leader = min(trials, key=lambda trial: min(trial.losses))
        if len(leader.losses) <= RATE_EPOCHS and not leader.done:
            return
        if self._rehearsal is not None:
            if self._rehearsal[0] is leader:
                return
            self._rehearsal[1].cancel()
        rehearse = self._rehearse
        lane = Lane(self._turns, lambda: rehearse(leader.plan), lambda: _REHEARSAL)
        lane.may_train = lambda n_epochs: n_epochs < leader.best_epoch
        self._rehearsal = leader, lane
        self._run(lane)
