"""Prediction with a fitted network: checked features, then numpy alone."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skembed.estimators._checked_data import check_features
from skembed.estimators._fitted import network_of


def predicted_logits(estimator: Any, X: Any) -> np.ndarray:
    """Outputs (n_samples, n_outputs) of the network's last layer."""
    check_is_fitted(estimator, "coefs_")
    rows = check_features(estimator, X, reset=False, dtype=estimator.coefs_[0].dtype)
    return network_of(estimator).logits(rows)


def pooled_embeddings(estimator: Any, X: Any) -> np.ndarray:
    """Pooled embeddings (n_samples, n_fields * embedding_dim) of the rows."""
    check_is_fitted(estimator, "coefs_")
    rows = check_features(estimator, X, reset=False, dtype=estimator.coefs_[0].dtype)
    network = network_of(estimator)
    pooled = network.pooled(network.pooling.segments(rows))
    return np.ascontiguousarray(network.embedded(pooled))
