"""Candidates of a default fit: trained on nine tenths of the rows, judged by the others."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cache
from itertools import count
from typing import Any, Protocol

from skembed.network._pooling import Pooling
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
    race_horizon,
    wider,
    with_members,
)
from skembed.training._run import TrainingRun
from skembed.training._run_setup import new_run
from skembed.training._sources import Rows, Source, array_source, term_lengths
from skembed.training._targets import Task

# Entries that a number has, at most, in a field of bins: one in each of two neighbours.
_MOST_BINS = 2


def tries_candidates(parameters: Parameters, n_rows: int) -> bool:
    """Whether rows held out decide how a fit of so many rows trains."""
    left_open = parameters.early_stopping == "auto" and parameters.epochs_are_open
    return left_open and not parameters.warm_start and n_rows >= MIN_ROWS


class Watcher(Protocol):
    """Who is told of the candidates."""

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
) -> Plan | None:
    """Try the candidates on some of the rows; the best one for the others, and its epoch.

    None where no row can be held out.
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

    @cache
    def sources(order: int, keeps_categories: bool) -> tuple[Source, Rows]:
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
    numbers = count(1)
    if watcher is not None:
        watcher.begin_candidates(n_plans)

    def tried(plan: Plan, to_beat: float) -> Plan:
        plan = replace(plan, n_epochs=MAX_EPOCHS)
        plan = for_rows(plan, parameters, row_lengths, targets.n_outputs)
        label = f"candidate {next(numbers)} of {n_plans}"
        with nullcontext([]) if watcher is None else watcher.candidate() as observers:
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
            return _trial(plan, run, stopping, [Race(to_beat, race_horizon(plan)), *observers])

    chosen = best(plans, tried, len(held_out[1]))
    more = wider(chosen, parameters, targets.n_classes)
    if more is not None and (result := tried(more, chosen.loss)).loss < chosen.loss:
        chosen = result
    return with_members(chosen, parameters, len(plain.columns.used) / len(train_rows[1]))


def _trial(
    plan: Plan, run: TrainingRun, stopping: EarlyStopping | None, observers: list[Any]
) -> Plan:
    """The plan with its best epoch and the loss of the rows held out."""
    from skembed.training.keras._trainer import train  # TensorFlow is imported here, not before

    assert stopping is not None
    run.observers += observers
    train(run)
    return replace(plan, n_epochs=stopping.best_epoch, loss=stopping.lowest)
