"""Embedding dimensions that are trained larger than they are, so that programs are shared."""

import numpy as np

from skembed.network._network import Network
from skembed.training._batches import aligned
from skembed.training._optimizer_traits import is_elementwise
from skembed.training._run import Settings

# Embedding dimensions below 16 are trained as the next multiple of this.
_DIM_STEP = 4


def padded_dim(network: Network, settings: Settings) -> int:
    """Columns of the table as it is trained: small dimensions share programs.

    Columns and kernel rows of zeros have gradients of zero, so an optimizer that goes by
    elements leaves them zero, and the others as they would be. Whoever may look at the
    network (callbacks) or at more than an element (an optimizer) gets the true size, and
    so do fields, whose kernel rows lie side by side.
    """
    embedding_dim, one_field = network.embedding_dim, network.pooling.n_fields == 1
    if settings.callbacks or not is_elementwise(settings.optimizer) or not one_field:
        return embedding_dim
    return -(-embedding_dim // _DIM_STEP) * _DIM_STEP if embedding_dim < 16 else embedding_dim


def padded_rows(
    rows: np.ndarray, n_rows: int, dim: int, missing: int, fill: np.floating
) -> np.ndarray:
    """Rows with `missing` columns of `fill` behind the first `dim`, and rows of it below."""
    out = aligned((n_rows, rows.shape[1] + missing), rows.dtype)
    out[: len(rows), :dim] = rows[:, :dim]
    out[: len(rows), dim : dim + missing] = fill
    out[: len(rows), dim + missing :] = rows[:, dim:]
    out[len(rows) :] = fill
    return out


def without_padding(rows: np.ndarray, network: Network, trained_dim: int) -> np.ndarray:
    """Rows and columns of the network's table in `rows`, which have been trained padded."""
    rows = rows[: len(network.table)]
    if rows.shape[1] == network.table.shape[1]:
        return rows
    return rows[:, np.r_[: network.embedding_dim, trained_dim : rows.shape[1]]]


def enlarged(value: np.ndarray, initial: np.ndarray) -> np.ndarray:
    """Copy of `initial` with `value`, which may be smaller, at its top left."""
    if np.shape(value) == np.shape(initial):
        return value
    out = initial.copy()
    out[tuple(slice(size) for size in value.shape)] = value
    return out
