"""The loss of held-out rows that all workers agree on."""

import numpy as np

from skembed.distribution._cluster import Cluster
from skembed.network._network import Network
from skembed.training._held_out import Validation


class JointValidation:
    """Rows held out on each worker: the loss is that of all of them, the same on all workers."""

    def __init__(self, validation: Validation, cluster: Cluster) -> None:
        self._validation = validation
        self._cluster = cluster

    def loss(self, network: Network) -> float:
        """Weighted mean of the losses of all workers' rows."""
        weight = self._validation.weight
        loss = self._validation.loss(network)
        total, weights = self._cluster.total(np.array([loss * weight, weight]))
        return float(total / weights)

    def outputs(self, network: Network) -> np.ndarray:
        """Outputs (n_samples, n_outputs) of the network for this worker's rows."""
        return self._validation.outputs(network)
