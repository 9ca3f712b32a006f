"""Prediction with a fitted network: checked features, then numpy alone."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from skembed.estimators._checked_data import check_features
from skembed.estimators._fitted import linear_model_of, network_of
from skembed.network._mixed_rows import Features, MixedRows


def predicted_logits(estimator: Any, X: Any) -> np.ndarray:
    """Outputs (n_samples, n_outputs): the network's, and those of the linear model beside it."""
    return outputs_of_rows(estimator, checked_rows(estimator, X))


def outputs_of_rows(estimator: Any, rows: sp.csr_matrix) -> np.ndarray:
    """Outputs for canonical rows."""
    outputs = network_of(estimator, quantized=True).logits(network_rows(estimator, rows))
    linear = linear_model_of(estimator)
    return outputs if linear is None else outputs + linear.outputs(rows)


def effects_alone(estimator: Any) -> np.ndarray:
    """What each feature, alone in a row with the value 1, adds to each output of an empty row.

    Of shape (n_features, n_outputs). A number has the value 1, too.
    """
    n_features = estimator.n_features_in_
    alone = sp.identity(n_features, dtype=estimator.coefs_[0].dtype, format="csr")
    empty = sp.csr_matrix((1, n_features), dtype=alone.dtype)
    return outputs_of_rows(estimator, alone) - outputs_of_rows(estimator, empty)


def pooled_embeddings(estimator: Any, X: Any) -> np.ndarray:
    """Pooled embeddings (n_samples, n_fields * embedding_dim) of the rows."""
    rows = network_rows(estimator, checked_rows(estimator, X))
    rows = rows.joined() if isinstance(rows, MixedRows) else rows
    return np.ascontiguousarray(network_of(estimator, quantized=True).embeddings(rows))


def checked_rows(estimator: Any, X: Any) -> sp.csr_matrix:
    """Canonical rows of X."""
    check_is_fitted(estimator, "coefs_")
    return check_features(estimator, X, reset=False, dtype=estimator.coefs_[0].dtype)


def network_rows(estimator: Any, rows: sp.csr_matrix) -> Features:
    """Canonical rows with the features behind that the fit has derived."""
    derived = getattr(estimator, "_derived_features", None)
    if derived is None:
        return rows
    return derived.extend(rows, estimator._field_layout_)
