"""Shapley values of the entries of short rows, by sampled orders in which they come in."""

import numpy as np

from skembed.network._activations import ACTIVATIONS
from skembed.network._network import Network

# Orders that are drawn for a row; each counts forwards and backwards.
_N_ORDERS = 16


def sampled_shapley_values(
    network: Network,
    vectors: np.ndarray,
    values: np.ndarray,
    fields: np.ndarray,
    kernels: list[np.ndarray],
    biases: list[np.ndarray],
) -> np.ndarray:
    """Mean of what each entry of a row adds to the outputs as it comes in, in random orders.

    The sums over the entries are exact for each order; the means come near to the Shapley
    values as orders are added (Castro, Gomez and Tejada, 2009). Each order is also taken
    backwards, which makes errors smaller (Mitchell, Cooper, Frank and Holmes, 2022).

    Parameters
    ----------
    network : Network
        Tells the pooling, and whether the dense layers get the sizes.
    vectors : ndarray of shape (n_entries, dim + n_linear)
        Rows of the table for the entries, float64.
    values : ndarray of shape (n_entries,)
        Values of the entries.
    fields : ndarray of shape (n_entries,)
        Field of each.
    kernels, biases : list of ndarray
        The dense layers, float64.

    Returns
    -------
    ndarray of shape (n_entries, n_outputs)
        The values.
    """
    n, n_fields = len(values), network.pooling.n_fields
    rng = np.random.default_rng(n)  # the same orders for all rows of a length
    if n == 1:
        orders = np.zeros((1, 1), np.int64)
    else:
        drawn = np.array([rng.permutation(n) for _ in range(_N_ORDERS)])
        orders = np.concatenate([drawn, drawn[:, ::-1]])
    one_hot = (fields[:, None] == np.arange(n_fields)).astype(np.float64)  # (n, n_fields)
    weighted = one_hot[:, :, None] * (values[:, None] * vectors)[:, None, :]
    sums = np.cumsum(weighted[orders], axis=1)  # (n_orders, n, n_fields, dim)
    scales = _scales(network, one_hot, values, orders)
    pooled, dim = sums * scales[..., None], network.embedding_dim
    inputs = pooled[..., :dim].reshape(*orders.shape, -1)
    if network.sized:
        sizes = np.log1p(np.divide(1, scales, out=np.zeros_like(scales), where=scales > 0))
        if network.pooling.layout is not None:
            sizes[..., network.pooling.layout.summed] = 0
        inputs = np.concatenate([sizes, inputs], axis=2)
    empty = np.zeros((len(orders), 1, inputs.shape[2]))
    outputs = _outputs(np.concatenate([empty, inputs], axis=1), kernels, biases, network.activation)
    if len(network.linear_scale):
        outputs[:, 1:] += pooled[..., dim:].sum(axis=2) * network.linear_scale
    gains = np.diff(outputs, axis=1)
    totals = np.zeros((n, outputs.shape[2]))
    np.add.at(totals, orders.ravel(), gains.reshape(-1, outputs.shape[2]))
    return totals / len(orders)


def _scales(
    network: Network, one_hot: np.ndarray, values: np.ndarray, orders: np.ndarray
) -> np.ndarray:
    """Factor (n_orders, n, n_fields) of the sums of what has come in so far."""
    combiner = network.pooling.combiner
    if combiner == "sum":
        return np.ones((*orders.shape, one_hot.shape[1]))
    squares = combiner == "sqrtn"
    amounts = one_hot * (np.square(values) if squares else np.abs(values))[:, None]
    totals = np.cumsum(amounts[orders], axis=1)
    totals = np.sqrt(totals) if squares else totals
    scales = np.divide(1, totals, out=np.zeros_like(totals), where=totals > 1e-12)
    if network.pooling.layout is not None:
        scales[..., network.pooling.layout.summed] = 1
    return scales


def _outputs(
    inputs: np.ndarray, kernels: list[np.ndarray], biases: list[np.ndarray], activation: str
) -> np.ndarray:
    """Outputs of the dense layers, for inputs on the last axis."""
    activate, values = ACTIVATIONS[activation], inputs
    for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
        values = activate(values @ kernel + bias)
    return values @ kernels[-1] + biases[-1]
