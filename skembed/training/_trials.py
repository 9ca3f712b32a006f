"""Candidates of a default fit: trained on nine tenths of the rows, judged by the others."""

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Event, Lock
from typing import Any, Protocol, TypeAlias

import numpy as np
import scipy.sparse as sp

from skembed.network._pooling import Pooling
from skembed.parallel._cores import usable_cores
from skembed.parallel._one_blas_thread import one_blas_thread
from skembed.parallel._worker_threads import ended_workers
from skembed.training._blend import Judged, choose_blend
from skembed.training._derived_features import derive_features
from skembed.training._early_stopping import EarlyStopping, Race
from skembed.training._field_codes import most_entries
from skembed.training._fold_trials import FoldTrials
from skembed.training._folds import folds
from skembed.training._held_out import hold_out
from skembed.training._initial_network import embedding_dim, has_linear_part
from skembed.training._initial_weights import MAX_SCORED_OUTPUTS, vectors_of_features
from skembed.training._latent_model import (
    MOST_COORDINATES,
    LatentChoice,
    choose_latent_model,
    most_directions,
)
from skembed.training._latent_space import LatentSpace, latent_space, space_of_vectors
from skembed.training._linear_path import LinearChoice, affordable_kinds, choose_penalties
from skembed.training._parameters import Parameters
from skembed.training._plan import (
    MAX_EPOCHS,
    MIN_ROWS,
    N_FOLDS,
    Plan,
    best,
    candidates,
    described,
    for_rows,
    in_order_of_trials,
    n_folds,
    race_horizon,
    wider,
    with_members,
)
from skembed.training._run import TrainingRun
from skembed.training._run_setup import new_run
from skembed.training._side_by_side import N_THREADS, SideBySide, StartTrial
from skembed.training._sources import Rows, Source, array_source, term_lengths
from skembed.training._targets import Task

ChosenBy: TypeAlias = Callable[[list[Plan], Callable[[Plan, float], Plan]], Plan]

# Entries that a number has, at most, in a field of bins: one in each of two neighbours.
_MOST_BINS = 2


def tries_candidates(parameters: Parameters, n_rows: int, least: int = MIN_ROWS) -> bool:
    """Whether rows held out decide how a fit of so many rows trains."""
    left_open = parameters.early_stopping == "auto" and parameters.epochs_are_open
    return left_open and not parameters.warm_start and n_rows >= least


# Rows with a label from which held-out ones tell candidates apart, where others have none.
MIN_LABELED_ROWS = 10
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


@dataclass(frozen=True)
class Choice:
    """The plan that was chosen, and its run over all rows, if it has been trained meanwhile.

    And the latent space of the rows, where some have no label.
    """

    plan: Plan
    trained: TrainingRun | None = None
    space: LatentSpace | None = None


def choose_plan(
    rows: Rows,
    task: Task,
    pooling: Pooling,
    parameters: Parameters,
    feature_names: Any = None,
    watcher: Watcher | None = None,
    rehearse: Callable[[Plan], TrainingRun] | None = None,
    unlabeled: sp.csr_matrix | None = None,
) -> Choice | None:
    """Try the candidates on some of the rows; the best one for the others, and its epoch.

    None where no row can be held out. Few rows are held out in turn, a fold at a time. Several
    cores try candidates side by side; then `rehearse`, which makes a run over all rows for a
    plan, may be called before the choice is made, and the run of the plan that was chosen comes
    with it, trained. Linear models are tried beside the networks, see
    `choose_penalties`; with rows that have no label one in the latent space of all rows, see
    `choose_latent_model`.
    """
    parts = TrialRows.parts_of(rows, task, pooling, parameters)
    if not parts:
        return None
    first = parts[0]
    plans = first.candidates(parameters, pooling)
    n_plans = len(plans) + (wider(plans[0], parameters, first.targets.n_classes) is not None)
    if watcher is not None:
        watcher.begin_candidates(n_plans * len(parts))
    short = replace(parameters, keeper=None) if len(parts) > 1 else parameters  # of few rows
    starts = [trial_starter(part, short, feature_names) for part in parts]
    n_held_out = sum(len(part.held_out[1]) for part in parts)

    chosen_by, judged = chooser(parameters, first.targets.n_classes, n_held_out)
    n_at_once = trials_at_once(parameters, watcher, first.table_bytes)
    trained = None
    space_of = None
    if has_linear_part(parameters, first.targets.n_outputs):  # which gets the model's weights
        space_of = latent_space_of(rows, pooling, parameters, feature_names, unlabeled)
    with choices_beside(rows, parts, parameters, space_of, at_once=n_at_once > 1) as beside:
        if len(parts) > 1:
            chosen, outputs = on_folds(plans, chosen_by, starts, n_at_once, watcher, n_plans)
        elif n_at_once == 1:
            chosen, outputs = one_by_one(plans, chosen_by, starts[0], n_plans, watcher)
        else:
            chosen, outputs, trained = at_once(plans, chosen_by, starts[0], rehearse, n_at_once)
        found = beside()
    told = described(judged, chosen)
    chosen = replace(with_blend(chosen, outputs, found, parts), candidates=told)
    n_features = len(first.plain.columns.used)
    chosen = with_members(chosen, parameters, n_features / len(first.train[1]))
    return Choice(chosen, trained, found.space)


def chooser(parameters: Parameters, n_classes: int, n_held_out: int) -> tuple[ChosenBy, list[Plan]]:
    """What chooses among candidates, a wider network included, and the list of those judged."""
    judged: list[Plan] = []

    def chosen_by(plans: list[Plan], tried: Callable[[Plan, float], Plan]) -> Plan:
        def noted(plan: Plan, to_beat: float) -> Plan:
            judged.append(tried(plan, to_beat))
            return judged[-1]

        chosen = best(plans, noted, n_held_out)
        more = wider(chosen, parameters, n_classes)
        if more is not None and (result := noted(more, chosen.loss)).loss < chosen.loss:
            chosen = result
        return chosen

    return chosen_by, judged


def trials_at_once(parameters: Parameters, watcher: Watcher | None, table_bytes: int) -> int:
    """How many candidates are trained side by side: one where a fit is watched or written down."""
    observed = parameters.verbose or (watcher is not None and watcher.is_wanted)
    kept = parameters.keeper is not None  # runs are written down one after the other
    large = table_bytes > _MOST_TABLE_BYTES
    return 1 if observed or large or kept else min(usable_cores(), _MOST_AT_ONCE)


def latent_space_of(
    rows: Rows,
    pooling: Pooling,
    parameters: Parameters,
    feature_names: Any,
    unlabeled: sp.csr_matrix | None,
) -> Callable[[], LatentSpace] | None:
    """What finds the latent space of rows of which some have no label, or of given vectors."""
    X, given = rows[0], parameters.embedding_init
    assert sp.issparse(X)
    if unlabeled is not None:
        n_directions, seed = most_directions(X.shape[0]), parameters.draw_seed()
        return lambda: latent_space(sp.vstack([X, unlabeled], "csr"), pooling, n_directions, seed)
    if isinstance(given, str):
        return None
    names = feature_names if parameters.feature_names is None else parameters.feature_names
    vectors, known = vectors_of_features(given, X.shape[1], names)
    if X.shape[0] * vectors.shape[1] > MOST_COORDINATES:
        return None
    return lambda: space_of_vectors(X, pooling, vectors * known[:, None])


@dataclass(frozen=True)
class ChoicesBeside:
    """Linear models that may stand beside the network, and the space of one of them."""

    linear: list[LinearChoice] = field(default_factory=list)
    latent: LatentChoice | None = None
    space: LatentSpace | None = None


@contextmanager
def choices_beside(
    rows: Rows,
    parts: list["TrialRows"],
    parameters: Parameters,
    space_of: Callable[[], LatentSpace] | None,
    *,
    at_once: bool,
) -> Iterator[Callable[[], ChoicesBeside]]:
    """Choose linear models, in a thread beside others if they go `at_once`; what gives them."""
    X = rows[0]
    assert sp.issparse(X)
    kinds = affordable_kinds(X, parts[0].targets)
    if parameters.linear is False or not (kinds or space_of):
        yield ChoicesBeside
        return
    triples = [(part.train, part.held_out, part.targets) for part in parts]
    cancelled = Event()

    def chosen() -> ChoicesBeside:
        linear = choose_penalties(triples, kinds, cancelled)
        if space_of is None:
            return ChoicesBeside(linear)
        space = space_of()
        return ChoicesBeside(linear, choose_latent_model(triples, space, cancelled), space)

    if not at_once:
        yield chosen
        return
    with ended_workers(1) as (threads, endings):
        coming = threads.submit(chosen)
        endings.callback(wait, [coming])
        endings.callback(cancelled.set)  # before the former: the last one goes first
        yield coming.result


def with_blend(
    plan: Plan, outputs: np.ndarray, beside: ChoicesBeside, parts: list["TrialRows"]
) -> Plan:
    """The plan with the shares of the network and of linear models, as held-out rows say."""
    encoded, weights, bases = [], [], []
    for part in parts:
        X, y, row_weights = part.held_out
        encoded.append(part.targets.encode(y, X.dtype))
        weights.append(part.targets.weights(y, row_weights))
        bases.append(np.tile(part.targets.base_outputs, (len(y), 1)))
    judged = Judged(
        np.concatenate(bases), outputs, np.concatenate(encoded), np.concatenate(weights)
    )
    with one_blas_thread():
        models = [choice.outputs for choice in beside.linear]
        latent = None if beside.latent is None else beside.latent.outputs
        if plan.target_statistics and not plan.keeps_categories:
            latent = None  # the network does not see the features that it has weights for
        blend, chosen = choose_blend(judged, models, parts[0].targets, latent)
    plan = replace(plan, network_share=blend.network, linear_share=blend.linear)
    if chosen is not None:
        penalty, kind = beside.linear[chosen].penalty, beside.linear[chosen].kind
        plan = replace(plan, linear_penalty=penalty, linear_log_ratios=kind.log_ratios)
    if blend.latent and beside.latent is not None:
        penalty, number = beside.latent.penalty, beside.latent.n_directions
        plan = replace(
            plan, latent_share=blend.latent, latent_penalty=penalty, latent_directions=number
        )
    return plan


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
        self.pooling = pooling
        self._seed = seed
        self._lock = Lock()
        self._made: dict[tuple[int, bool], tuple[Source, Rows]] = {}

    @classmethod
    def parts_of(
        cls, rows: Rows, task: Task, pooling: Pooling, parameters: Parameters
    ) -> list["TrialRows"]:
        """Hold rows out: a share of them, or all in turn where they are few; [] if none can be."""
        seed, n_rows = parameters.draw_seed(), rows[0].shape[0]
        number = n_folds(n_rows)
        if number:
            splits = folds(rows, task, N_FOLDS, seed)[:number]
        else:
            split = hold_out(rows, task, parameters.validation_fraction, seed)
            splits = [] if split is None else [split]
        task = task.with_targets_of(rows[1])
        return [cls(rows, split, task, pooling, parameters, seed) for split in splits]

    def candidates(self, parameters: Parameters, pooling: Pooling) -> list[Plan]:
        """Plans to be tried on such rows."""
        lengths = most_entries(self.train[0], pooling.layout)
        return candidates(
            parameters,
            int((lengths == 1).sum()),
            has_lists=bool(lengths.max() > _MOST_BINS),
            has_scores=self.targets.n_outputs <= MAX_SCORED_OUTPUTS,
        )

    @property
    def table_bytes(self) -> int:
        """Bytes of a candidate's table, its linear part included."""
        width = self.embedding_dim + self.targets.n_outputs
        return len(self.plain.columns.used) * width * self.plain.dtype.itemsize

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
            self.pooling,
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


def on_folds(
    plans: list[Plan],
    chosen_by: ChosenBy,
    starts: list[StartTrial],
    n_at_once: int,
    watcher: Watcher | None,
    n_plans: int,
) -> tuple[Plan, np.ndarray]:
    """Choose among plans that are trained on each fold; the outputs for all rows held out."""
    if n_at_once == 1:
        trials = FoldTrials(starts, None, watcher, n_plans)
        chosen = chosen_by(trials.left_of(plans), trials.tried)
        return chosen, trials.outputs(chosen)
    from skembed.training.keras import _trainer  # noqa: F401  imported once, before threads do

    with ended_workers(n_at_once) as (threads, endings):
        trials = FoldTrials(starts, threads, None, n_plans)
        endings.callback(trials.close)
        chosen = chosen_by(trials.left_of(plans), trials.tried)
    return chosen, trials.outputs(chosen)


def at_once(
    plans: list[Plan],
    chosen_by: ChosenBy,
    start: StartTrial,
    rehearse: Callable[[Plan], TrainingRun] | None,
    n_at_once: int,
) -> tuple[Plan, np.ndarray, TrainingRun | None]:
    """Choose among plans that are tried side by side; the run over all rows, if there is one."""
    from skembed.training.keras import _trainer  # noqa: F401  imported once, before threads do

    with ended_workers(N_THREADS) as (threads, endings):
        side_by_side = SideBySide(in_order_of_trials(plans), start, rehearse, threads, n_at_once)
        endings.callback(side_by_side.close)
        chosen = chosen_by(plans, side_by_side.tried)
        outputs = side_by_side.outputs(chosen)
        trained = side_by_side.trained(chosen)
    return chosen, outputs, trained


def one_by_one(
    plans: list[Plan],
    chosen_by: ChosenBy,
    start: StartTrial,
    n_plans: int,
    watcher: Watcher | None,
) -> tuple[Plan, np.ndarray]:
    """Choose among plans that are tried one after the other, as long as they may win."""
    numbers = count(1)
    judged: list[tuple[Plan, EarlyStopping]] = []

    def tried(plan: Plan, to_beat: float) -> Plan:
        label = f"candidate {next(numbers)} of {n_plans}"
        with nullcontext([]) if watcher is None else watcher.candidate() as observers:
            plan, run, stopping = start(plan, label)
            race = Race(to_beat, race_horizon(plan))
            result = _trial(plan, run, stopping, [race, *observers])
        judged.append((result, stopping))
        return result

    chosen = chosen_by(plans, tried)
    return chosen, next(stopping for plan, stopping in judged if plan is chosen).best_outputs()


def _trial(plan: Plan, run: TrainingRun, stopping: EarlyStopping, observers: list[Any]) -> Plan:
    """The plan with its best epoch and the loss of the rows held out."""
    from skembed.training.keras._trainer import train  # TensorFlow is imported here, not before

    run.observers += observers
    train(run)
    return replace(plan, n_epochs=stopping.best_epoch, loss=stopping.lowest)
