"""Candidates of a default fit: trained on nine tenths of the rows, judged by the others."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import count
from threading import Lock
from typing import Any, Protocol

from skembed.network._pooling import Pooling
from skembed.parallel._cores import usable_cores
from skembed.parallel._worker_threads import workers
from skembed.training._derived_features import derive_features
from skembed.training._early_stopping import EarlyStopping, Race
from skembed.training._field_codes import most_entries
from skembed.training._held_out import hold_out
from skembed.training._initial_network import embedding_dim
from skembed.training._initial_weights import MAX_SCORED_OUTPUTS
from skembed.training._parameters import Parameters
from skembed.training._plan import (
    MAX_EPOCHS,
    MIN_ROWS,
    Plan,
    best,
    candidates,
    for_rows,
    in_order_of_trials,
    race_horizon,
    wider,
    with_members,
)
from skembed.training._run import TrainingRun
from skembed.training._run_setup import new_run
from skembed.training._side_by_side import N_THREADS, SideBySide, StartTrial
from skembed.training._sources import Rows, Source, array_source, term_lengths
from skembed.training._targets import Task

# Entries that a number has, at most, in a field of bins: one in each of two neighbours.
_MOST_BINS = 2


def tries_candidates(parameters: Parameters, n_rows: int) -> bool:
    """Whether rows held out decide how a fit of so many rows trains."""
    left_open = parameters.early_stopping == "auto" and parameters.epochs_are_open
    return left_open and not parameters.warm_start and n_rows >= MIN_ROWS


# Epochs that are trained at once, and tables of which several copies are no burden.
_MOST_AT_ONCE = 4
_MOST_TABLE_BYTES = 48 * 2**20


class Watcher(Protocol):
    """Who is told of the candidates."""

    @property
    def is_wanted(self) -> bool:
        """Whether anybody listens."""

    def begin_candidates(self, number: int) -> None:
        """There are so many, at most."""

    def candidate(self) -> AbstractContextManager[list[Any]]:
        """The next one begins and ends; the context is what observes its run."""


def choose_plan(
    rows: Rows,
    task: Task,
    pooling: Pooling,
    parameters: Parameters,
    feature_names: Any = None,
    watcher: Watcher | None = None,
    rehearse: Callable[[Plan], TrainingRun] | None = None,
) -> tuple[Plan, TrainingRun | None] | None:
    """Try the candidates on some of the rows; the best one for the others, and its epoch.

    None where no row can be held out. Several cores try candidates side by side; then
    `rehearse`, which makes a run over all rows for a plan, may be called before the choice is
    made, and the run of the plan that was chosen comes with it, trained.
    """
    trial_rows = TrialRows.of(rows, task, pooling, parameters)
    if trial_rows is None:
        return None
    plain, targets = trial_rows.plain, trial_rows.targets
    lengths = most_entries(trial_rows.train[0], pooling.layout)
    plans = candidates(
        parameters,
        int((lengths == 1).sum()),
        has_lists=bool(lengths.max() > _MOST_BINS),
        has_scores=targets.n_outputs <= MAX_SCORED_OUTPUTS,
    )
    n_plans = len(plans) + (wider(plans[0], parameters, targets.n_classes) is not None)
    if watcher is not None:
        watcher.begin_candidates(n_plans)
    start = trial_starter(trial_rows, parameters, feature_names)

    def chosen_by(tried: Callable[[Plan, float], Plan]) -> Plan:
        chosen = best(plans, tried, len(trial_rows.held_out[1]))
        more = wider(chosen, parameters, targets.n_classes)
        if more is not None and (result := tried(more, chosen.loss)).loss < chosen.loss:
            chosen = result
        return chosen

    width = trial_rows.embedding_dim + targets.n_outputs
    n_at_once = min(usable_cores(), _MOST_AT_ONCE)
    observed = parameters.verbose or (watcher is not None and watcher.is_wanted)
    large = len(plain.columns.used) * width * plain.dtype.itemsize > _MOST_TABLE_BYTES
    trained = None
    if n_at_once == 1 or observed or large:
        chosen = chosen_by(one_by_one(start, n_plans, watcher))
    else:
        chosen, trained = at_once(in_order_of_trials(plans), chosen_by, start, rehearse, n_at_once)
    features_per_row = len(plain.columns.used) / len(trial_rows.train[1])
    return with_members(chosen, parameters, features_per_row), trained


class TrialRows:
    """Rows to train candidates on, and rows that judge them, with and without statistics."""

    def __init__(
        self,
        rows: Rows,
        split: tuple[Rows, Rows],
        task: Task,
        pooling: Pooling,
        parameters: Parameters,
        seed: int,
    ) -> None:
        self.train, self.held_out = split
        self.plain, self.targets = array_source(self.train, task, pooling)
        self.all_lengths = term_lengths(rows[0], pooling)  # of all rows: the steps of the last fit
        self.embedding_dim = embedding_dim(parameters, self.targets.n_classes)
        self._task = task
        self._pooling = pooling
        self._seed = seed
        self._lock = Lock()
        self._made: dict[tuple[int, bool], tuple[Source, Rows]] = {}

    @classmethod
    def of(
        cls, rows: Rows, task: Task, pooling: Pooling, parameters: Parameters
    ) -> "TrialRows | None":
        """Hold rows out; None where none can be."""
        seed = parameters.draw_seed()
        split = hold_out(rows, task, parameters.validation_fraction, seed)
        if split is None:
            return None
        task = task.with_targets_of(rows[1])
        return cls(rows, split, task, pooling, parameters, seed)

    def with_statistics(self, order: int, keeps_categories: bool) -> tuple[Source, Rows]:
        """Both, with target statistics of the former; made once, whichever thread asks."""
        if not order:
            return self.plain, self.held_out
        with self._lock:
            key = order, keeps_categories
            if key not in self._made:
                self._made[key] = self._with_statistics(*key)
            return self._made[key]

    def _with_statistics(self, order: int, keeps_categories: bool) -> tuple[Source, Rows]:
        made = derive_features(
            self.train,
            self.targets,
            self._pooling,
            order,
            keeps_categories=keeps_categories,
            embedding_dim=self.embedding_dim,
            seed=self._seed,
        )
        if made is None:
            return self.plain, self.held_out
        derived, rows, pooling = made
        source, _ = array_source(rows, self._task, pooling)
        return source, (derived.extend(self.held_out[0], pooling.layout), *self.held_out[1:])


def trial_starter(rows: TrialRows, parameters: Parameters, feature_names: Any) -> StartTrial:
    """What makes the run of a candidate."""

    def start(plan: Plan, label: str = "fit") -> tuple[Plan, TrainingRun, EarlyStopping]:
        plan = replace(plan, n_epochs=MAX_EPOCHS)
        plan = for_rows(plan, parameters, rows.all_lengths, rows.targets.n_outputs)
        source, judges = rows.with_statistics(plan.target_statistics, plan.keeps_categories)
        run, stopping = new_run(
            source,
            rows.targets,
            plan,
            replace(parameters, callbacks=None),
            held_out=judges,
            feature_names=feature_names,
            planned_lengths=rows.all_lengths,
            label=label,
        )
        assert stopping is not None
        return plan, run, stopping

    return start


def at_once(
    plans: list[Plan],
    chosen_by: Callable[[Callable[[Plan, float], Plan]], Plan],
    start: StartTrial,
    rehearse: Callable[[Plan], TrainingRun] | None,
    n_at_once: int,
) -> tuple[Plan, TrainingRun | None]:
    """Choose among plans that are tried side by side; the run over all rows, if there is one."""
    from skembed.training.keras import _trainer  # noqa: F401  imported once, before threads do

    failure: BaseException | None = None
    with workers(N_THREADS) as threads:
        side_by_side = SideBySide(plans, start, rehearse, threads, n_at_once)
        try:
            chosen = chosen_by(side_by_side.tried)
            trained = side_by_side.trained(chosen)
        except BaseException as error:  # raised when the threads, which are done, are back
            failure = error
        finally:
            side_by_side.close()
    if failure is not None:
        raise failure
    return chosen, trained


def one_by_one(
    start: StartTrial, n_plans: int, watcher: Watcher | None
) -> Callable[[Plan, float], Plan]:
    """What tries one plan after the other, and gives up on one that will not do."""
    numbers = count(1)

    def tried(plan: Plan, to_beat: float) -> Plan:
        label = f"candidate {next(numbers)} of {n_plans}"
        with nullcontext([]) if watcher is None else watcher.candidate() as observers:
            plan, run, stopping = start(plan, label)
            race = Race(to_beat, race_horizon(plan))
            return _trial(plan, run, stopping, [race, *observers])

    return tried


def _trial(plan: Plan, run: TrainingRun, stopping: EarlyStopping, observers: list[Any]) -> Plan:
    """The plan with its best epoch and the loss of the rows held out."""
    from skembed.training.keras._trainer import train  # TensorFlow is imported here, not before

    run.observers += observers
    train(run)
    return replace(plan, n_epochs=stopping.best_epoch, loss=stopping.lowest)
