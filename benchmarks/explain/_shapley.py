"""Shapley values of the terms of a row: exact, and sampled by shap."""

from importlib.util import find_spec
from math import comb
from typing import Any

import numpy as np
import scipy.sparse as sp


def exact(model: Any, row: sp.csr_matrix, output: int) -> np.ndarray:
    """Return the exact Shapley values (nnz,) of a row's entries; an absent one is no entry."""
    n = row.nnz
    present = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    data = present * row.data
    rows = sp.csr_matrix(
        (data.ravel(), np.tile(row.indices, 2**n), np.arange(2**n + 1) * n),
        shape=(2**n, row.shape[1]),
    )
    rows.eliminate_zeros()
    worth = outputs_of(model, rows.astype(np.float32))[:, output].astype(np.float64)
    sizes = present.sum(axis=1)
    values = np.empty(n)
    weights = np.array([1 / (n * comb(n - 1, size)) for size in range(n)])
    for player in range(n):
        without = np.flatnonzero(present[:, player] == 0)
        gains = worth[without | (1 << player)] - worth[without]
        values[player] = weights[sizes[without]] @ gains
    return values


def sampled(model: Any, row: sp.csr_matrix, n_samples: int) -> np.ndarray:
    """Return the values (nnz, n_outputs) that shap's KernelExplainer finds by so many samples."""
    import shap

    places = row.indices

    def predict(values: np.ndarray) -> np.ndarray:
        n_rows, n_places = values.shape
        starts = np.arange(n_rows + 1) * n_places
        rows = sp.csr_matrix(
            (values.astype(np.float32).ravel(), np.tile(places, n_rows), starts),
            shape=(n_rows, row.shape[1]),
        )
        rows.eliminate_zeros()
        return outputs_of(model, rows)

    explainer = shap.KernelExplainer(predict, np.zeros((1, row.nnz)), silent=True)
    found = explainer.shap_values(row.data[None], nsamples=n_samples, silent=True)
    return np.asarray(found).reshape(row.nnz, -1)


def has_shap() -> bool:
    """Whether the package shap is installed."""
    return find_spec("shap") is not None


def outputs_of(model: Any, X: sp.csr_matrix) -> np.ndarray:
    """Return the outputs (n_samples, n_outputs) of a classifier."""
    scores = model.decision_function(X)
    return scores[:, None] if scores.ndim == 1 else scores
