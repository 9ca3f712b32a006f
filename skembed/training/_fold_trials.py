"""Candidates of a fit of few rows: trained once a fold each, so that all rows judge them."""

import math
from concurrent.futures import Executor, Future, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from skembed.training._plan import Plan
from skembed.training._run import RunCancelled, TrainingRun
from skembed.training._side_by_side import StartTrial


class Watcher(Protocol):
    """Who is told of each trial."""

    def candidate(self) -> AbstractContextManager[list[Any]]:
        """A trial begins and ends; the context is what observes its run."""


@dataclass(frozen=True)
class FoldTrial:
    """What a candidate came to on the rows held out of one fold."""

    plan: Plan  # in full, with the best epoch and its loss
    n_held_out: int
    outputs: np.ndarray  # (n_held_out, n_outputs) of the best network


# Share of the folds after which a candidate is given up, and by how much, as a share, its loss
# on them must then be higher than that of the best.
_FIRST_FOLDS, _MUCH = 0.4, 0.02


class FoldTrials:
    """Tries candidates on all folds; those that are far behind on the first ones on no more.

    Parameters
    ----------
    starts : list of callable
        What makes the run of a candidate, of each fold.
    threads : Executor or None
        Where trials go side by side; None for one after the other.
    watcher : Watcher or None
        Who is told of the trials, where they go one after the other.
    n_plans : int
        Candidates, at most, for the label of the progress bar.
    """

    def __init__(
        self,
        starts: list[StartTrial],
        threads: Executor | None,
        watcher: Watcher | None,
        n_plans: int,
    ) -> None:
        self._starts = starts
        self._threads = threads
        self._watcher = watcher
        self._n_plans = n_plans
        self._plans: list[Plan] = []  # in the order in which they were begun
        self._runs: list[TrainingRun] = []
        self._begun: list[Future[FoldTrial]] = []
        self._cancelled = False
        self._lowest = np.inf  # mean loss on the first folds
        self._trials: list[tuple[Plan, list[FoldTrial]]] = []
        self._results: list[tuple[Plan, list[FoldTrial]]] = []

    def left_of(self, plans: list[Plan]) -> list[Plan]:
        """Try candidates on the first folds, and those that may win, which are left, on all."""
        self._plans += plans
        n_first = math.ceil(_FIRST_FOLDS * len(self._starts))
        first, others = self._starts[:n_first], self._starts[n_first:]
        begun = self._trained([(plan, start) for plan in plans for start in first])
        by_plan = [begun[i : i + len(first)] for i in range(0, len(begun), len(first))]
        losses = [_mean_loss(trials) for trials in by_plan]
        self._lowest = min(self._lowest, *losses)
        bound = self._lowest + _MUCH * abs(self._lowest)
        left = [place for place, loss in enumerate(losses) if loss <= bound]
        more = self._trained([(plans[place], start) for place in left for start in others])
        for number, place in enumerate(left):
            by_plan[place] += more[number * len(others) : (number + 1) * len(others)]
        self._trials += zip(plans, by_plan, strict=True)
        return [plans[place] for place in left]

    def tried(self, plan: Plan, to_beat: float) -> Plan:
        """The plan with the mean of its best epochs, and its mean loss."""
        if not any(known is plan for known, _ in self._trials):
            self.left_of([plan])
        trials = next(trials for known, trials in self._trials if known is plan)
        weights = [trial.n_held_out for trial in trials]
        epoch = np.average([trial.plan.n_epochs or 1 for trial in trials], weights=weights)
        n_epochs = max(1, round(float(epoch)))
        result = replace(trials[0].plan, n_epochs=n_epochs, loss=_mean_loss(trials))
        if len(trials) < len(self._starts):  # it was given up
            result = replace(result, loss=np.inf)
        self._results.append((result, trials))
        return result

    def outputs(self, chosen: Plan) -> np.ndarray:
        """Outputs of a plan that was tried, for the rows held out of one fold after the other."""
        trials = next(trials for plan, trials in self._results if plan is chosen)
        return np.concatenate([trial.outputs for trial in trials])

    def _trained(self, pairs: list[tuple[Plan, StartTrial]]) -> list[FoldTrial]:
        if self._threads is None:
            return [self._trial(*pair) for pair in pairs]
        begun = [self._threads.submit(self._trial, *pair) for pair in pairs]
        self._begun += begun
        return [trial.result() for trial in begun]

    def close(self) -> None:
        """Break off what is not wanted any more, and wait for its end."""
        self._cancelled = True
        for run in self._runs:
            run.cancelled = True
        wait(self._begun)

    def _trial(self, plan: Plan, start: StartTrial) -> FoldTrial:
        from skembed.training.keras._trainer import train  # TensorFlow is imported here

        number = next(place for place, known in enumerate(self._plans, 1) if known is plan)
        fold = self._starts.index(start) + 1
        label = f"candidate {number} of {self._n_plans}, fold {fold} of {len(self._starts)}"
        with nullcontext([]) if self._watcher is None else self._watcher.candidate() as observers:
            plan, run, stopping = start(plan, label)
            self._runs.append(run)
            if self._cancelled:
                raise RunCancelled
            run.observers += observers
            train(run)
        plan = replace(plan, n_epochs=stopping.best_epoch, loss=stopping.lowest)
        outputs = stopping.best_outputs()
        return FoldTrial(plan, len(outputs), outputs)


def _mean_loss(trials: list[FoldTrial]) -> float:
    weights = [trial.n_held_out for trial in trials]
    return float(np.average([trial.plan.loss for trial in trials], weights=weights))
