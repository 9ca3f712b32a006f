"""The network that training starts from: a new one, or one that is gone on with."""

from dataclasses import replace
from typing import Any

import numpy as np

from skembed.distribution._cluster import Cluster
from skembed.network._field_layout import DEFAULT_DIM
from skembed.network._network import Network
from skembed.parallel._machine import machine_memory
from skembed.training._batch_shape import bucket
from skembed.training._checkpoint import Checkpoint
from skembed.training._initial_weights import (
    given_table,
    initial_dense_layers,
    layer_units,
    random_table,
    score_table,
    svd_table,
    vectors_of_features,
)
from skembed.training._optimizer_traits import linear_scale
from skembed.training._parameters import Parameters, is_auto
from skembed.training._plan import Plan
from skembed.training._settings import learning_rate
from skembed.training._sources import Source
from skembed.training._targets import Targets

# With linear="auto", outputs beyond which there is no linear part: its weights, one for each
# feature and output, would fill the memory and take most of the time.
_MAX_LINEAR_OUTPUTS = 256
# With embedding_dim="auto": a multiple of the step, at most so many.
_DIM_STEP, _MAX_DIM = 16, 64


def initial_network(
    source: Source,
    targets: Targets,
    plan: Plan,
    parameters: Parameters,
    rng: np.random.Generator,
    feature_names: Any = None,
) -> Network:
    """Make a network whose table has rows for the used columns only."""
    n_linear = len(_initial_linear_scale(source, targets.n_outputs, plan, parameters))
    width = embedding_dim(parameters, targets.n_classes) + n_linear
    check_memory(len(source.columns.used), width, source.dtype)
    embeddings = _initial_embeddings(source, targets, plan, parameters, rng, feature_names)
    sized = plan.row_size and parameters.combiner != "sum"
    n_inputs = (embeddings.shape[1] + sized) * source.pooling.n_fields
    sizes = [n_inputs, *layer_units(plan.hidden_units), targets.n_outputs]
    kernels, biases = initial_dense_layers(sizes, rng, source.dtype)
    scale = _initial_linear_scale(source, targets.n_outputs, plan, parameters)
    if len(scale):
        embeddings = np.pad(embeddings, [(0, 0), (0, len(scale))])
    network = Network(embeddings, kernels, biases, parameters.activation, source.pooling, scale)
    if sized:
        network.mean_sizes = source.mean_sizes
    return targets.started(network)


def check_memory(n_rows: int, width: int, dtype: np.dtype) -> None:
    """Refuse a table that cannot fit, with the copy that is trained, before it is made.

    Raises
    ------
    MemoryError
        If it needs more than the machine has.
    """
    memory = machine_memory()
    needed = 2 * n_rows * width * dtype.itemsize
    if memory is not None and needed > memory:
        raise MemoryError(
            f"The embedding table needs at least {needed / 1e9:,.0f} GB: two copies of "
            f"{n_rows:,} features with {width} numbers each. The machine has "
            f"{memory / 1e9:,.0f} GB. Reduce embedding_dim, exclude rare terms with min_frequency "
            "or max_terms, or hash terms into fewer columns (num_hash_buckets)."
        )


def resumed_network(
    checkpoint: Checkpoint, source: Source, targets: Targets, rng: np.random.Generator
) -> Network:
    """Cut the network of earlier fits to the used columns; new ones get random embeddings."""
    network, used = checkpoint.network, source.columns.used
    table, dim = network.table[used], network.embedding_dim
    new = np.flatnonzero(~table.any(axis=1))
    table[new, :dim] = random_table(len(new), dim, rng, table.dtype)
    return targets.unfolded(replace(network, table=table))


def embedding_dim(parameters: Parameters, n_classes: int) -> int:
    """Dimension of the embeddings: room for the scores of so many classes."""
    if is_auto(parameters.embedding_dim):
        return int(min(max(DEFAULT_DIM, bucket(n_classes / _DIM_STEP) * _DIM_STEP), _MAX_DIM))
    return int(parameters.embedding_dim)


def _initial_embeddings(
    source: Source,
    targets: Targets,
    plan: Plan,
    parameters: Parameters,
    rng: np.random.Generator,
    feature_names: Any,
) -> np.ndarray:
    """Embeddings (n_used, embedding_dim) as the plan has them begin."""
    init, used = plan.embedding_init, source.columns.used
    dim = embedding_dim(parameters, targets.n_classes)
    if not isinstance(init, str):
        names = feature_names if parameters.feature_names is None else parameters.feature_names
        vectors, known = vectors_of_features(init, source.columns.n_features, names)
        return given_table(vectors, known, used, rng, source.dtype)
    if init == "log_odds":
        return score_table(source, targets, dim, rng)
    if init == "svd":
        return svd_table(source, dim, rng)
    return random_table(len(used), dim, rng, source.dtype)


def _initial_linear_scale(
    source: Source, n_outputs: int, plan: Plan, parameters: Parameters
) -> np.ndarray:
    """Factor (n_outputs,) of the linear part's pooled weights; none without that part.

    Optimizers such as Adam move each weight by about the learning rate a step. Linear
    weights must become larger than embeddings, so these are moved further.
    """
    if not has_linear_part(parameters, n_outputs):
        return np.zeros(0, source.dtype)
    scale = linear_scale(parameters.optimizer, learning_rate(parameters, plan))
    return np.full(n_outputs, scale / source.pooled_size, source.dtype)


def has_linear_part(parameters: Parameters, n_outputs: int) -> bool:
    """Whether a network of so many outputs adds pooled linear weights to them."""
    if is_auto(parameters.linear):
        return n_outputs <= _MAX_LINEAR_OUTPUTS
    return bool(parameters.linear)


def chiefs_network(cluster: Cluster | None, network: Network) -> Network:
    """The chief's weights, on all workers, to the last bit."""
    if cluster is None:
        return network

    def of_chief(array: np.ndarray) -> np.ndarray:
        return cluster.total(array if cluster.is_chief else np.zeros_like(array))

    return replace(
        network,
        table=of_chief(network.table),
        kernels=list(map(of_chief, network.kernels)),
        biases=list(map(of_chief, network.biases)),
    )
