"""From a source and a plan to a run that can be trained."""

from typing import Any

import numpy as np

from skembed.parallel._one_blas_thread import one_blas_thread
from skembed.training._batch_shape import RowLengths
from skembed.training._checkpoint import Checkpoint
from skembed.training._early_stopping import EarlyStopping, ValidationLoss
from skembed.training._held_out import Validation
from skembed.training._initial_network import (
    chiefs_network,
    initial_network,
    resumed_network,
)
from skembed.training._joint_validation import JointValidation
from skembed.training._parameters import Parameters
from skembed.training._plan import Plan
from skembed.training._run import TrainingRun
from skembed.training._settings import seed_from, settings_of
from skembed.training._sources import Rows, Source
from skembed.training._targets import Targets


def new_run(
    source: Source,
    targets: Targets,
    plan: Plan,
    parameters: Parameters,
    *,
    held_out: Rows | None = None,
    offsets: np.ndarray | None = None,
    checkpoint: Checkpoint | None = None,
    feature_names: Any = None,
    member: int = 0,
    planned_lengths: RowLengths | None = None,
    label: str = "fit",
) -> tuple[TrainingRun, EarlyStopping | None]:
    """Make a run, from the start or from a checkpoint, and what ends it early.

    Parameters
    ----------
    source : Source
        The rows of each epoch.
    targets : Targets
        What is predicted.
    plan : Plan
        With batch size and number of epochs, see `for_rows`.
    parameters : Parameters
        What the caller asks for.
    held_out : tuple, default=None
        Checked features, targets and weights of rows that say when to end; without early
        stopping their loss is written down, no more.
    offsets : ndarray of shape (n_held_out, n_outputs), default=None
        Added to the outputs for the rows held out, in the units of y.
    checkpoint : Checkpoint, default=None
        What training goes on from; None for a new network.
    feature_names : ndarray of shape (n_features,), default=None
        Names of the features, for initial embeddings that go by name.
    member : int, default=0
        Number of the network among those of one fit; each has a seed of its own.
    planned_lengths : RowLengths, default=None
        Of the rows of the fit where `source` has some of them: one program serves both.
    label : str, default="fit"
        What the progress bar calls the run.

    Returns
    -------
    tuple of TrainingRun and EarlyStopping or None
        The run, and its observer that ends it early, if one does.
    """
    seed = parameters.draw_seed()
    more = [member] if checkpoint is None else [checkpoint.n_steps]
    rng = np.random.default_rng([seed, *more] if any(more) or checkpoint else seed)
    if checkpoint is None:
        # products of several threads may differ in their last bits from those of one
        with one_blas_thread():
            network = initial_network(source, targets, plan, parameters, rng, feature_names)
        state = None
    else:
        network = resumed_network(checkpoint, source, targets, rng)
        state = checkpoint.state_for(parameters.optimizer)
    network = chiefs_network(parameters.cluster, network)
    settings = settings_of(parameters, plan, targets, source.row_lengths.n_rows, seed_from(rng))
    state = state and state.of_rows(source.columns.used)
    run = TrainingRun(
        source,
        network,
        settings,
        state,
        planned_lengths=planned_lengths,
        label=label,
        keeper=parameters.keeper,
        cluster=parameters.cluster,
    )
    if held_out is None:
        return run, None
    own = Validation(held_out, targets, source.columns, source.pooling, offsets)
    cluster = parameters.cluster
    validation = own if cluster is None else JointValidation(own, cluster)
    if parameters.early_stopping is False:
        run.observers.append(ValidationLoss(validation))
        return run, None
    stopping = EarlyStopping(validation, parameters.n_iter_no_change, parameters.tol)
    run.observers.append(stopping)
    return run, stopping
