"""Fitted attributes: kept on an estimator after a fit, and read back as typed values."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from skembed.network._linear_model import LinearModel
from skembed.network._merging import merged
from skembed.network._network import Network, Table
from skembed.network._pooling import Pooling
from skembed.network._quantized_rows import whole_rows
from skembed.network._used_columns import Columns
from skembed.training._blend import NOTHING_BESIDE, Beside, blended
from skembed.training._checkpoint import Checkpoint
from skembed.training._class_targets import ClassificationTask, ClassTargets, LabelSetTargets
from skembed.training._derived_features import DerivedFeatures
from skembed.training._early_stopping import EarlyStopping
from skembed.training._optimizer_traits import optimizer_identity
from skembed.training._plan import Plan
from skembed.training._run import TrainingRun
from skembed.training._targets import Targets
from skembed.training._value_targets import ValueTargets

# A table is kept without the rows of unused columns where fewer than this share are used.
_COMPACT_SHARE = 0.5


def network_of(estimator: Any, *, quantized: bool = False) -> Network:
    """The fitted network, with its table as it is held, but for quantized rows unless wanted."""
    table, layout = estimator._table, getattr(estimator, "_field_layout_", None)
    rows: Any = table.rows if quantized else whole_rows(table.rows)
    return Network(
        rows,
        estimator.coefs_,
        estimator.intercepts_,
        estimator.activation,
        Pooling(estimator.combiner, layout),  # the first saved models have no fields
        estimator._linear_scale,
        table.places,
    )


def linear_model_of(estimator: Any) -> LinearModel | None:
    """The linear model that stands beside the fitted network, if one does."""
    table = getattr(estimator, "_linear_model", None)
    return None if table is None else LinearModel(table)


def whole_network_of(estimator: Any) -> Network:
    """The fitted network, with a row of the table for each feature."""
    return replace(network_of(estimator), table=estimator._table.whole(), places=None)


def targets_of(estimator: Any) -> Targets:
    """What the fitted network predicts; the inverse of `target_attributes`."""
    if not hasattr(estimator, "classes_"):
        offset, scale = estimator._target_offset, estimator._target_scale
        return ValueTargets(estimator.loss, offset, scale)
    if estimator._label_sets:
        return LabelSetTargets(estimator.classes_)
    return ClassTargets(estimator.classes_)


def checkpoint_of(estimator: Any) -> Checkpoint | None:
    """What the fits so far have left, for one that goes on; None where there was none."""
    if not hasattr(estimator, "coefs_"):
        return None
    return Checkpoint(
        whole_network_of(estimator),
        estimator._optimizer_state,
        getattr(estimator, "_optimizer_kind", None),
        estimator.n_steps_,
        estimator.n_epochs_,
        estimator.history_,
        getattr(estimator, "_derived_features", None),
        getattr(estimator, "n_members_", 1),  # the first saved models do not tell
        linear_model_of(estimator),
    )


def classification_task(
    classifier: Any, checkpoint: Checkpoint | None, announced: np.ndarray | None = None
) -> ClassificationTask:
    """What is to be predicted: the classes of the checkpoint, those announced, or those of y."""
    weights = classifier.class_weight
    if checkpoint is None:
        return ClassificationTask(weights, announced, unlabeled=classifier.unlabeled)
    known = classifier.classes_, classifier._label_sets
    return ClassificationTask(weights, *known, classifier.unlabeled)


def target_attributes(targets: Targets) -> dict[str, Any]:
    """Fitted attributes that tell what is predicted."""
    if isinstance(targets, ValueTargets):
        return {
            "n_outputs_": targets.n_outputs,
            "_target_offset": targets.offset,
            "_target_scale": targets.scale,
        }
    assert isinstance(targets, ClassTargets | LabelSetTargets)
    return {"classes_": targets.classes, "_label_sets": isinstance(targets, LabelSetTargets)}


def network_attributes(
    run: TrainingRun, network: Network, targets: Targets, derived: DerivedFeatures | None
) -> dict[str, Any]:
    """Fitted attributes of a network on its way or at its end, but for its table."""
    network = targets.folded(network).with_plain_sizes()
    return {
        "_field_layout_": network.pooling.layout,
        "coefs_": network.kernels,
        "intercepts_": network.biases,
        "_linear_scale": network.linear_scale,
        "history_": run.history,
        "n_steps_": run.n_steps,
        "n_epochs_": len(run.history["loss"]),
        **target_attributes(targets),
        **({} if derived is None else {"_derived_features": derived}),
    }


def attributes_on_the_way(
    run: TrainingRun, network: Network, targets: Targets, derived: DerivedFeatures | None = None
) -> dict[str, Any]:
    """Fitted attributes as if the fit had ended here, for a callback that wants an estimator."""
    columns = run.source.columns
    table = np.zeros((columns.n_features, network.table.shape[1]), network.table.dtype)
    table[columns.used] = network.table
    return {"_table": Table(table), **network_attributes(run, network, targets, derived)}


def keep(
    estimator: Any,
    members: Sequence[tuple[TrainingRun, EarlyStopping | None]],
    targets: Targets,
    plan: Plan,
    checkpoint: Checkpoint | None,
    derived: DerivedFeatures | None = None,
    beside: Beside = NOTHING_BESIDE,
) -> None:
    """Set the fitted attributes."""
    run, stopping = members[0]
    network, columns = merged([_best_network(*member) for member in members]), run.source.columns
    network, linear, pooled = blended(network, beside, plan, targets)
    if checkpoint is not None:
        linear = checkpoint.linear  # which training has left as it was
    attributes = network_attributes(run, network, targets, derived)
    attributes["_table"] = _table(network.table, columns, checkpoint)
    if pooled is not None:
        parts = attributes["_table"], attributes["_linear_scale"]
        attributes |= with_linear_weights(*parts, pooled)
    if checkpoint is not None:
        attributes |= _totals(checkpoint, attributes)
    state = run.optimizer_state if run.settings.keep_optimizer else None
    if state is not None:
        before = None if checkpoint is None else checkpoint.state_for(run.settings.optimizer)
        state = state.spread(columns.used, columns.n_features, before)
    attributes["_optimizer_state"] = state
    if linear is not None:
        attributes["_linear_model"] = linear.table
    attributes["n_members_"] = len(members) if checkpoint is None else checkpoint.n_members
    attributes["_optimizer_kind"] = optimizer_identity(run.settings.optimizer)
    if stopping is not None:
        attributes["best_epoch_"] = stopping.best_epoch
    if checkpoint is None or not hasattr(estimator, "plan_"):
        attributes["plan_"] = _followed(plan, stopping).as_dict()
    vars(estimator).update(attributes)
    _forget(estimator, "best_epoch_", stopping is None)
    _forget(estimator, "_derived_features", derived is None)
    _forget(estimator, "_linear_model", linear is None)


def _followed(plan: Plan, stopping: EarlyStopping | None) -> Plan:
    """The plan with the epochs and the loss of the network that early stopping has kept."""
    if stopping is None or stopping.best_network is None:
        return plan
    return replace(plan, n_epochs=stopping.best_epoch, loss=stopping.lowest)


def _best_network(run: TrainingRun, stopping: EarlyStopping | None) -> Network:
    """The network of the best epoch, the mean over the epochs, or that of the last step."""
    if stopping is not None and stopping.best_network is not None:
        return stopping.best_network
    return run.network if run.average is None else run.average


def _table(rows: np.ndarray, columns: Columns, checkpoint: Checkpoint | None) -> Table:
    """The table whole, or, where most columns never had an entry, the rows of the others."""
    if checkpoint is not None:
        # a copy: predictions, copies of the estimator and memory maps have the old one
        table = np.array(checkpoint.network.table)
    elif len(columns.used) < _COMPACT_SHARE * columns.n_features:
        return Table.compact(rows, columns)
    else:  # columns that never had an entry have zeros
        table = np.zeros((columns.n_features, rows.shape[1]), rows.dtype)
    table[columns.used] = rows
    return Table(table)


def with_linear_weights(table: Table, scale: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """The table and scale of a linear part to which weights (n_features, n_outputs) are added."""
    rows = table.whole() if table.places is not None else table.rows
    rows = np.array(rows)
    linear = rows[:, rows.shape[1] - len(scale) :]
    used = np.where(scale == 0, 1, scale).astype(rows.dtype)  # 0 where the network has no share
    linear *= scale / used
    linear[: len(weights)] += weights / used
    return {"_table": Table(rows), "_linear_scale": used}


def _totals(checkpoint: Checkpoint, new: dict[str, Any]) -> dict[str, Any]:
    """Counters and history of the fits so far and of a new one."""
    before, after = checkpoint.history, new["history_"]
    names = {**before, **after}
    return {
        "history_": {name: before.get(name, []) + after.get(name, []) for name in names},
        "n_steps_": checkpoint.n_steps + new["n_steps_"],
        "n_epochs_": checkpoint.n_epochs + new["n_epochs_"],
    }


def _forget(estimator: Any, name: str, outdated: bool) -> None:
    """Delete a fitted attribute of an earlier fit that this one does not have."""
    if outdated:
        vars(estimator).pop(name, None)
