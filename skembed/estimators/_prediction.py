"""Prediction with a fitted network: checked features, then numpy alone."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skembed.estimators._checked_data import check_features
from skembed.estimators._fitted import network_of
from skembed.network._mixed_rows import Features, MixedRows


def predicted_logits(estimator: Any, X: Any) -> np.ndarray:
    """Outputs (n_samples, n_outputs) of the network's last layer."""
    rows = _network_rows(estimator, X)
    return network_of(estimator).logits(rows)


def pooled_embeddings(estimator: Any, X: Any) -> np.ndarray:
    """Pooled embeddings (n_samples, n_fields * embedding_dim) of the rows."""
    rows = _network_rows(estimator, X)
    rows = rows.joined() if isinstance(rows, MixedRows) else rows
    return np.ascontiguousarray(network_of(estimator).embeddings(rows))


def _network_rows(estimator: Any, X: Any) -> Features:
    """Canonical rows of X, with the features behind that the fit has derived."""
    check_is_fitted(estimator, "coefs_")
    rows = check_features(estimator, X, reset=False, dtype=estimator.coefs_[0].dtype)
    derived = getattr(estimator, "_derived_features", None)
    if derived is None:
        return rows
    return derived.extend(rows, network_of(estimator).pooling.layout)
