"""The network that training starts from: a new one, or the one that is fitted."""

from abc import abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np

from skembed.estimators._checked_data import IntakeMixin
from skembed.estimators._parameters import ResolvingMixin, layer_units
from skembed.network._network import Network, Table
from skembed.training._initial_weights import (
    given_table,
    initial_dense_layers,
    random_table,
    score_table,
    svd_table,
    vectors_of_features,
)
from skembed.training._optimizers import linear_scale
from skembed.training._plan import Plan, is_auto
from skembed.training._sources import Source

# With linear="auto", outputs beyond which there is no linear part: its weights, one for each
# feature and output, would fill the memory and take most of the time.
_MAX_LINEAR_OUTPUTS = 256


class StartingMixin(IntakeMixin, ResolvingMixin):
    """Initial weights, and whether the fitted ones can be gone on with."""

    activation: str
    embedding_init: Any
    feature_names: Any
    linear: bool | str
    n_features_in_: int
    _table: Table

    @property
    @abstractmethod
    def _network(self) -> Network:
        """The fitted network."""

    def _initial_network(
        self, source: Source, targets: Any, plan: Plan, rng: np.random.Generator
    ) -> Network:
        """Network whose table has rows for the used columns only."""
        embeddings = self._initial_embeddings(source, targets, plan, rng)
        sized = plan.row_size and self.combiner != "sum"
        n_inputs = (embeddings.shape[1] + sized) * source.pooling.n_fields
        sizes = [n_inputs, *layer_units(plan.hidden_units), targets.n_outputs]
        kernels, biases = initial_dense_layers(sizes, rng, source.dtype)
        linear_scale = self._initial_linear_scale(source, targets.n_outputs, plan)
        if len(linear_scale):
            embeddings = np.pad(embeddings, [(0, 0), (0, len(linear_scale))])
        network = Network(
            embeddings, kernels, biases, self.activation, source.pooling, linear_scale
        )
        if sized:
            network.mean_sizes = source.mean_sizes
        return targets.started(network)

    def _initial_embeddings(
        self,
        source: Source,
        targets: Any,
        plan: Plan,
        rng: np.random.Generator,
    ) -> np.ndarray:
        init, used = plan.embedding_init, source.columns.used
        dim = self._resolved_dim(targets.n_classes)
        if not isinstance(init, str):
            names = self.feature_names
            names = getattr(self, "feature_names_in_", None) if names is None else names
            vectors, known = vectors_of_features(init, self.n_features_in_, names)
            return given_table(vectors, known, used, rng, source.dtype)
        if init == "log_odds":
            return score_table(source, targets, dim, rng)
        if init == "svd":
            return svd_table(source, dim, rng)
        return random_table(len(used), dim, rng, source.dtype)

    def _initial_linear_scale(self, source: Source, n_outputs: int, plan: Plan) -> np.ndarray:
        """Factor (n_outputs,) of the linear part's pooled weights; none without that part.

        Optimizers such as Adam move each weight by about the learning rate a step. Linear
        weights must become larger than embeddings, so these are moved further.
        """
        if self.linear is False or (self.linear == "auto" and n_outputs > _MAX_LINEAR_OUTPUTS):
            return np.zeros(0, source.dtype)
        scale = linear_scale(self.optimizer, self._resolved_learning_rate(plan))
        return np.full(n_outputs, scale / source.pooled_size, source.dtype)

    def _resumed_network(self, used: np.ndarray, rng: np.random.Generator, targets: Any) -> Network:
        """The present network on the used columns; new ones get initial embeddings."""
        network = self._network
        self._check_resumable(network)
        table, dim = self._table.whole()[used], network.embedding_dim
        new = np.flatnonzero(~table.any(axis=1))
        table[new, :dim] = random_table(len(new), dim, rng, table.dtype)
        return targets.unfolded(replace(network, table=table, places=None))

    def _check_resumable(self, network: Network) -> None:
        """Refuse to go on with another architecture than the fitted one."""
        fitted: dict[str, Any] = {"hidden_units": [len(bias) for bias in network.biases[:-1]]}
        fitted["embedding_dim"] = network.embedding_dim
        present: dict[str, Any] = {}
        if not is_auto(self.hidden_units):
            present["hidden_units"] = layer_units(self.hidden_units)
        if isinstance(self.embedding_init, str) and not is_auto(self.embedding_dim):
            present["embedding_dim"] = self.embedding_dim
        for name, value in present.items():
            if value != fitted[name]:
                raise ValueError(
                    f"{name} is {value} but the fitted network has {fitted[name]}: it cannot go "
                    f"on. Set {name} back, or fit anew with warm_start=False or a clone."
                )
        self._check_same_fields()

    def _check_same_fields(self) -> None:
        given, fitted = self._layout(None, self.n_features_in_), self._pooling.layout
        if given is not None and (fitted is None or (given.numbers != fitted.numbers).any()):
            raise ValueError(
                "fields differ from those of the fitted network: it cannot go on. Set them back, "
                "or fit anew with warm_start=False or a clone."
            )
