"""Candidates of a default fit: trained on nine tenths of the rows, judged by the others."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cache
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
    share, seed = parameters.validation_fraction, parameters.draw_seed()
    split = hold_out(rows, task, share, seed)
    if split is None:
        return None
    train_rows, held_out = split
    task = task.with_targets_of(rows[1])
    plain, targets = array_source(train_rows, task, pooling)
    row_lengths = term_lengths(rows[0], pooling)  # of all rows: the steps of the last fit
    dim = embedding_dim(parameters, targets.n_classes)

    lock = Lock()

    def sources(order: int, keeps_categories: bool) -> tuple[Source, Rows]:
        with lock:  # a cache alone would let two threads make the same
            return made_sources(order, keeps_categories)

    @cache
    def made_sources(order: int, keeps_categories: bool) -> tuple[Source, Rows]:
        """Rows to train on and rows held out, with the statistics of the former."""
        if not order:
            return plain, held_out
        made = derive_features(
            train_rows,
            targets,
            pooling,
            order,
            keeps_categories=keeps_categories,
            embedding_dim=dim,
            seed=seed,
        )
        if made is None:
            return plain, held_out
        derived, extended_rows, extended_pooling = made
        source, _ = array_source(extended_rows, task, extended_pooling)
        return source, (derived.extend(held_out[0], extended_pooling.layout), *held_out[1:])

    lengths = most_entries(train_rows[0], pooling.layout)
    n_columns, has_lists = int((lengths == 1).sum()), bool(lengths.max() > _MOST_BINS)
    has_scores = targets.n_outputs <= MAX_SCORED_OUTPUTS
    plans = candidates(parameters, n_columns, has_lists=has_lists, has_scores=has_scores)
    n_plans = len(plans) + (wider(plans[0], parameters, targets.n_classes) is not None)
    if watcher is not None:
        watcher.begin_candidates(n_plans)

    def start(plan: Plan, label: str = "fit") -> tuple[Plan, TrainingRun, EarlyStopping]:
        plan = replace(plan, n_epochs=MAX_EPOCHS)
        plan = for_rows(plan, parameters, row_lengths, targets.n_outputs)
        source, judges = sources(plan.target_statistics, plan.keeps_categories)
        run, stopping = new_run(
            source,
            targets,
            plan,
            replace(parameters, callbacks=None),
            held_out=judges,
            feature_names=feature_names,
            planned_lengths=row_lengths,
            label=label,
        )
        assert stopping is not None
        return plan, run, stopping

    def chosen_by(tried: Callable[[Plan, float], Plan]) -> Plan:
        chosen = best(plans, tried, len(held_out[1]))
        more = wider(chosen, parameters, targets.n_classes)
        if more is not None and (result := tried(more, chosen.loss)).loss < chosen.loss:
            chosen = result
        return chosen

    table_bytes = len(plain.columns.used) * (dim + targets.n_outputs) * plain.dtype.itemsize
    n_at_once = min(usable_cores(), _MOST_AT_ONCE)
    observed = watcher is not None and watcher.is_wanted
    features_per_row = len(plain.columns.used) / len(train_rows[1])
    if n_at_once == 1 or observed or parameters.verbose or table_bytes > _MOST_TABLE_BYTES:
        chosen = chosen_by(one_by_one(start, n_plans, watcher))
        return with_members(chosen, parameters, features_per_row), None
    from skembed.training.keras import _trainer  # noqa: F401  imported once, before threads do

    failure: BaseException | None = None
    with workers(N_THREADS) as threads:
        side_by_side = SideBySide(in_order_of_trials(plans), start, rehearse, threads, n_at_once)
        try:
            chosen = chosen_by(side_by_side.tried)
            trained = side_by_side.trained(chosen)
        except BaseException as error:  # raised when the threads, which are done, are back
            failure = error
        finally:
            side_by_side.close()
    if failure is not None:
        raise failure
    return with_members(chosen, parameters, features_per_row), trained


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
