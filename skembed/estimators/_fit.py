"""The flow of a fit: checked rows, plan, source, initial network, training run, attributes.

Each step is a function with explicit inputs and outputs, in `training` unless it is about
scikit-learn. The estimator is read at the beginning and written at the end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from skembed.distribution._agreement import (
    any_worker,
    ended_on_error,
    gathered,
    of_chief,
    together,
)
from skembed.distribution._cluster import Cluster, current_cluster
from skembed.estimators._callback_observer import CallbackObserver, FitCallbacks
from skembed.estimators._checked_data import (
    ArrayData,
    StreamData,
    check_rows,
    check_training_data,
    field_layout,
)
from skembed.estimators._fitted import attributes_on_the_way, keep
from skembed.estimators._unlabeled_rows import learns_from_unlabeled, warn_of_left_out
from skembed.training._blend import NOTHING_BESIDE, Beside, models_beside
from skembed.training._checkpoint import Checkpoint, check_resumable
from skembed.training._derived_features import DerivedFeatures, derive_features
from skembed.training._early_stopping import EarlyStopping
from skembed.training._held_out import hold_out, rows_of_known_classes
from skembed.training._initial_network import embedding_dim
from skembed.training._joint_fit import (
    check_workers,
    chiefs_plan,
    new_keeper,
    own_share,
)
from skembed.training._keeper import identity_of
from skembed.training._parameters import Parameters
from skembed.training._plan import MIN_ROWS, Plan, fixed_plan, for_rows
from skembed.training._run import TrainingRun
from skembed.training._run_setup import new_run
from skembed.training._sources import Rows, Source
from skembed.training._stream import ChunkStream
from skembed.training._targets import Targets, Task
from skembed.training._trials import MIN_LABELED_ROWS, choose_plan, tries_candidates


def fit_network(
    estimator: Any,
    task: Task,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    X_val: Any = None,
    y_val: Any = None,
    *,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Train on arrays or a stream; the fitted attributes are set, or nothing is on an error."""
    parameters = Parameters.of(estimator).with_seed()
    check_arguments(parameters, X, X_val, y_val, checkpoint)
    cluster = current_cluster()
    with unchanged_on_error(estimator), ended_on_error(cluster):
        validation = {"X_val": X_val, "y_val": y_val}
        given = {"X": X, "y": y, "sample_weight": sample_weight, **validation}
        parameters = shared_parameters(estimator, parameters, given, checkpoint, cluster)
        own = own_share(cluster, X, y, sample_weight)
        check = partial(check_training_data, estimator, *own, task, parameters, checkpoint)
        data = together(cluster, check)
        parameters = kept_parameters(estimator, parameters, data, validation, checkpoint)
        told = FitCallbacks(estimator, _callback_data(X, y, sample_weight))
        how = {"validated": X_val is not None, "resumed": checkpoint is not None}
        choose = partial(hold_out_or_choose, data, task, parameters, told, **how)
        data, held_out, chosen, rehearsed = together(cluster, choose)
        judged = X_val is not None or held_out is not None
        plan = plan_of_fit(chosen, parameters, data, judged=judged)
        rows = rehearsed and rehearsed.rows
        rows = rows or rows_to_train(data, task, plan, parameters, checkpoint)
        derived, source, targets = rows.derived, rows.source, rows.targets
        parameters = kept_parameters(estimator, parameters, data, validation, checkpoint)
        if X_val is not None:
            check_val = partial(_validation_rows, estimator, X_val, y_val, task, source.dtype)
            held_out = together(cluster, check_val)
        judge = partial(_judges, held_out, rows, checkpoint, known=X_val is None)
        held_out, offsets = together(cluster, judge)
        plan = for_rows(plan, parameters, source.row_lengths, targets.n_outputs)
        attributes = partial(attributes_on_the_way, targets=targets, derived=derived)
        watchers = told.training((plan.n_epochs or 0) * plan.n_members, attributes)
        first = None if rehearsed is None else rehearsed.run
        more = {"checkpoint": checkpoint, "feature_names": rows.data.feature_names}
        judges = {"held_out": held_out, "offsets": offsets}
        members = train_members(
            source, targets, plan, parameters, watchers, first=first, **judges, **more
        )
        keep(estimator, members, targets, plan, checkpoint, derived, _beside(data, plan, targets))
        close_keeper(parameters)
        told.end_fit()


def plan_of_fit(
    chosen: Plan | None, parameters: Parameters, data: ArrayData | StreamData, *, judged: bool
) -> Plan:
    """The plan that rows held out have chosen, or a fixed one; the same on all workers."""
    validated = judged and parameters.early_stopping is not False
    streamed = isinstance(data, StreamData)
    plan = chosen or fixed_plan(parameters, validated=validated, streamed=streamed)
    return chiefs_plan(parameters.cluster, plan)


def shared_parameters(
    estimator: Any,
    parameters: Parameters,
    given: dict[str, Any],
    checkpoint: Checkpoint | None,
    cluster: Cluster | None,
) -> Parameters:
    """The parameters with the workers that share the fit, if there are any, and their seed."""
    if cluster is None:
        return parameters
    before = None if checkpoint is None else checkpoint.network.table
    check_workers(cluster, estimator, given | {"fitted network": before})
    seed = of_chief(cluster, int(parameters.random_state))
    return replace(parameters, cluster=cluster, random_state=seed)


def kept_parameters(
    estimator: Any,
    parameters: Parameters,
    data: ArrayData | StreamData,
    validation: dict[str, Any],
    checkpoint: Checkpoint | None,
) -> Parameters:
    """The parameters with what writes the fit down, and the seed of a fit that was broken off.

    Of rows in memory before they are split; of a stream when it has been surveyed.
    """
    place = parameters.fit_checkpoint
    if place is None or parameters.keeper is not None:
        return parameters
    if checkpoint is not None:
        raise ValueError(
            "A FitCheckpoint cannot be used with warm_start=True; remove it from callbacks, or "
            "set warm_start=False."
        )
    given: dict[str, Any]
    if isinstance(data, ArrayData):
        given = dict(zip(("X", "y", "sample_weight"), data.rows, strict=True))
        if data.unlabeled is not None:
            given["rows without a label"] = data.unlabeled
    elif data.digest is None or not data.surveyed:
        return parameters
    else:
        digest, cluster = data.digest.text(), parameters.cluster
        given = {"stream": digest if cluster is None else ", ".join(gathered(cluster, digest))}
    identity = identity_of(estimator, given | validation)
    keeper = new_keeper(parameters.cluster, place, identity, parameters.random_state)
    return replace(parameters, keeper=keeper, random_state=keeper.seed)


def _validation_rows(estimator: Any, X: Any, y: Any, task: Task, dtype: np.dtype) -> Rows:
    """Rows that the caller gives to say when to end, checked."""
    return check_rows(estimator, X, y, None, task, reset=False, dtype=dtype)


def close_keeper(parameters: Parameters) -> None:
    """Remove what was written down of a fit that has ended."""
    if parameters.keeper is not None:
        parameters.keeper.close()


def _beside(data: ArrayData | StreamData, plan: Plan, targets: Targets) -> Beside:
    """The linear models of the plan, fitted on all rows; none of a stream."""
    if not isinstance(data, ArrayData):
        return NOTHING_BESIDE
    return models_beside(plan, data.rows, targets, data.space)


def fit_one_pass(
    estimator: Any,
    task: Task,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    checkpoint: Checkpoint | None,
) -> None:
    """Go on with one pass over some rows, as `partial_fit` does."""
    if isinstance(X, ChunkStream):
        raise ValueError(
            "partial_fit does not accept a ChunkStream; call fit with it, or partial_fit with each "
            "of its chunks."
        )
    if current_cluster() is not None:
        raise RuntimeError(
            "partial_fit is not shared by the workers of skembed.distributed(); call fit, or "
            "partial_fit outside of the context."
        )
    parameters = Parameters.of(estimator)
    if parameters.n_members not in ("auto", 1):
        raise ValueError(
            f"partial_fit trains one network, but n_members is {parameters.n_members}; set it to "
            "1, or call fit."
        )
    check_arguments(parameters, X, None, None, checkpoint)
    with unchanged_on_error(estimator):
        data = check_training_data(
            estimator, X, y, sample_weight, task, parameters, checkpoint, whole=False
        )
        if isinstance(data, ArrayData) and data.unlabeled is not None:
            warn_of_left_out(data.unlabeled.shape[0], "partial_fit learns from labels only")
        plan = fixed_plan(parameters, validated=False, one_pass=True)
        data, derived = extend_data(data, task, plan, parameters, checkpoint)
        source, targets = data.source(task)
        plan = for_rows(plan, parameters, source.row_lengths, targets.n_outputs)
        names = data.feature_names
        run, _ = new_run(
            source, targets, plan, parameters, checkpoint=checkpoint, feature_names=names
        )
        train_run(run)
        keep(estimator, [(run, None)], targets, plan, checkpoint, derived)


def train_members(
    source: Source,
    targets: Targets,
    plan: Plan,
    parameters: Parameters,
    watchers: list[CallbackObserver],
    *,
    first: TrainingRun | None = None,
    **given: Any,
) -> list[tuple[TrainingRun, EarlyStopping | None]]:
    """Train the networks of a plan, one after the other in one program; see `new_run`.

    The first one may have been trained.
    """
    members: list[tuple[TrainingRun, EarlyStopping | None]] = []
    if first is not None:
        members.append((first, None))
    for number in range(len(members), plan.n_members):
        run, stopping = new_run(source, targets, plan, parameters, member=number, **given)
        run.observers += watchers
        train_run(run)
        members.append((run, stopping))
        if any_worker(parameters.cluster, any(watcher.stops for watcher in watchers)):
            break
    return members


def train_run(run: TrainingRun) -> None:
    """Train a run to its end; TensorFlow is imported here, not before."""
    from skembed.training.keras._trainer import train

    train(run)


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Undo what validation sets on the estimator where the fit fails."""
    before = {name: value for name, value in vars(estimator).items() if name.endswith("_")}
    try:
        yield
    except BaseException:
        for name in [name for name in vars(estimator) if name.endswith("_")]:
            delattr(estimator, name)
        vars(estimator).update(before)
        raise


def check_arguments(
    parameters: Parameters, X: Any, X_val: Any, y_val: Any, checkpoint: Checkpoint | None
) -> None:
    """Check arguments and parameters against each other."""
    if (X_val is None) != (y_val is None):
        raise ValueError("Pass X_val and y_val together, or neither.")
    if isinstance(X, ChunkStream) and parameters.early_stopping is True and X_val is None:
        raise ValueError(
            "early_stopping=True with a ChunkStream needs validation rows; pass X_val and y_val."
        )
    if parameters.n_members not in ("auto", 1):
        for name, given in (
            ("warm_start", parameters.warm_start),
            ("callbacks", parameters.callbacks),
        ):
            if given:
                raise ValueError(
                    f"{name} needs a single network, but n_members is {parameters.n_members}; set "
                    f"n_members=1, or do not use {name}."
                )
    if checkpoint is not None:
        n_features = len(checkpoint.network.table)
        if checkpoint.derived is not None:
            n_features -= checkpoint.derived.statistics.n_numbers
        check_resumable(checkpoint, parameters, field_layout(parameters, None, n_features))


def hold_out_or_choose(
    data: ArrayData | StreamData,
    task: Task,
    parameters: Parameters,
    told: FitCallbacks,
    *,
    validated: bool,
    resumed: bool,
) -> tuple[ArrayData | StreamData, Rows | None, Plan | None, "Rehearsed | None"]:
    """Rows to train on, rows held out of them, and the plan that others held out have chosen.

    And the run of that plan, if it has been trained meanwhile.
    """
    unlabeled, least = None, MIN_ROWS
    if isinstance(data, ArrayData) and data.unlabeled is not None:
        given = data.unlabeled.shape[0], data.rows[1]
        if learns_from_unlabeled(*given, parameters, validated=validated):
            unlabeled, least = data.unlabeled, MIN_LABELED_ROWS
    if validated or isinstance(data, StreamData):
        return data, None, None, None
    if parameters.early_stopping is True:
        rows, held_out = _held_out_of(data, task, parameters)
        return replace(data, rows=rows), held_out, None, None
    if resumed or not tries_candidates(parameters, data.n_rows, least):
        return data, None, None, None
    alone = replace(parameters, cluster=None)  # each worker tries all candidates
    rehearsed: list[Rehearsed] = []

    def rehearse(plan: Plan) -> TrainingRun:
        rows = rows_to_train(data, task, plan, parameters, None)
        plan = for_rows(plan, parameters, rows.source.row_lengths, rows.targets.n_outputs)
        run, _ = new_run(
            rows.source, rows.targets, plan, parameters, feature_names=data.feature_names
        )
        rehearsed.append(Rehearsed(run, rows))
        return run

    found = choose_plan(
        data.rows,
        task,
        data.pooling,
        alone,
        data.feature_names,
        told,
        None if parameters.callbacks or parameters.cluster else rehearse,
        unlabeled,
    )
    if found is None:
        return data, None, None, None
    run = next((one for one in rehearsed if one.run is found.trained), None)
    return replace(data, space=found.space), None, found.plan, run


def _held_out_of(data: ArrayData, task: Task, parameters: Parameters) -> tuple[Rows, Rows]:
    """Rows to train on, and those that say when to end; an error where none can be spared."""
    split = hold_out(data.rows, task, parameters.validation_fraction, parameters.draw_seed())
    if split is not None:
        return split
    if data.n_rows == 1:
        raise ValueError(
            "early_stopping=True needs at least 2 rows, one of them held out, but n_samples=1; "
            "set early_stopping=False, or pass X_val and y_val."
        )
    raise ValueError(
        f"early_stopping=True needs held-out rows, but each of the {data.n_rows} rows is the only "
        "one of its class. Set early_stopping=False, or pass X_val and y_val."
    )


@dataclass(frozen=True)
class TrainingRows:
    """All rows that are trained on, with target statistics where a plan has them."""

    data: ArrayData | StreamData
    derived: DerivedFeatures | None
    source: Source
    targets: Targets


@dataclass(frozen=True)
class Rehearsed:
    """A run that was trained before the plan was chosen, as it asks for."""

    run: TrainingRun
    rows: TrainingRows


def _judges(
    held_out: Rows | None, rows: TrainingRows, checkpoint: Checkpoint | None, *, known: bool
) -> tuple[Rows | None, np.ndarray | None]:
    """Rows that say when to end, as those that are trained on, and what is added to their outputs.

    Their classes are `known`, or checked.
    """
    if held_out is None:
        return None, None
    if not known:
        held_out = rows_of_known_classes(held_out, rows.targets)
    X, y, weights = held_out
    linear = None if checkpoint is None else checkpoint.linear
    offsets = None if linear is None else linear.outputs(X)
    if rows.derived is not None:
        X = rows.derived.extend(X, rows.source.pooling.layout)
    return (X, y, weights), offsets


def rows_to_train(
    data: ArrayData | StreamData,
    task: Task,
    plan: Plan,
    parameters: Parameters,
    checkpoint: Checkpoint | None,
) -> TrainingRows:
    """Rows as a plan has them, surveyed."""

    def surveyed() -> TrainingRows:
        extended, derived = extend_data(data, task, plan, parameters, checkpoint)
        return TrainingRows(extended, derived, *extended.source(task))

    # a stream is surveyed by all workers, step by step
    return surveyed() if isinstance(data, StreamData) else together(parameters.cluster, surveyed)


def extend_data(
    data: ArrayData | StreamData,
    task: Task,
    plan: Plan,
    parameters: Parameters,
    checkpoint: Checkpoint | None,
) -> tuple[ArrayData | StreamData, DerivedFeatures | None]:
    """Rows with target statistics where the plan, or the fitted network, has them."""
    derived = None if checkpoint is None else checkpoint.derived
    if isinstance(data, StreamData):
        if derived is not None:
            raise ValueError(
                "The fitted network has target statistics, so training cannot continue on a "
                "stream; fit anew with warm_start=False, or with target_statistics=False from the "
                "start."
            )
        return data, None
    if derived is not None:
        X, y, weights = data.rows
        extended = derived.extend(X, data.pooling.layout)
        return replace(data, rows=(extended, y, weights), given=X), derived
    if checkpoint is not None or not plan.target_statistics:
        return data, None
    _, targets = data.source(task)
    made = derive_features(
        data.rows,
        targets,
        data.pooling,
        plan.target_statistics,
        keeps_categories=plan.keeps_categories,
        embedding_dim=embedding_dim(parameters, targets.n_classes),
        seed=parameters.draw_seed(),
    )
    if made is None:
        return data, None
    derived, rows, pooling = made
    return replace(data, rows=rows, pooling=pooling), derived


def _callback_data(X: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
    """What scikit-learn's callbacks are told of the data; nothing of a stream."""
    if isinstance(X, ChunkStream):
        return {}
    data: dict[str, Any] = {"X": X, "y": y}
    if sample_weight is not None:
        data["metadata"] = {"sample_weight": sample_weight}
    return data
