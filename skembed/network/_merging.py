"""Several networks as one, whose outputs are the means of theirs."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.linalg import block_diag

from skembed.network._network import Network


def merged(networks: Sequence[Network]) -> Network:
    """Merge networks into one with their mean outputs.

    Embeddings stand side by side within each field, and units within each layer, without
    weights between those of different networks.

    Parameters
    ----------
    networks : sequence of Network
        Networks with the same pooling, table rows, sizes of layers and of the linear part.

    Returns
    -------
    Network
        With `len(networks)` times as many embedding dimensions and hidden units; the network
        itself where there is one.
    """
    first = networks[0]
    if len(networks) == 1:
        return first
    dim, dtype = first.embedding_dim, first.table.dtype
    embeddings = [network.table[:, :dim] for network in networks]
    linear = np.mean([network.table[:, dim:] for network in networks], axis=0, dtype=dtype)
    *layers, last = zip(*(network.kernels for network in networks), strict=True)
    *biases, last_biases = zip(*(network.biases for network in networks), strict=True)
    share = dtype.type(1 / len(networks))
    kernels = [block_diag(*layer) for layer in layers]
    if layers:
        kernels[0] = _by_field(
            layers[0], first, lambda parts: np.hstack(parts), lambda parts: block_diag(*parts)
        )
        kernels.append(np.vstack(last) * share)
    else:
        kernels.append(
            _by_field(
                last, first, lambda parts: np.sum(parts, axis=0), lambda parts: np.vstack(parts)
            )
            * share
        )
    return replace(
        first,
        table=np.hstack([*embeddings, linear]),
        kernels=kernels,
        biases=[*map(np.concatenate, biases), np.mean(last_biases, axis=0, dtype=dtype)],
    )


def _by_field(
    kernels: Sequence[np.ndarray],
    network: Network,
    join_sizes: Callable[[Sequence[np.ndarray]], np.ndarray],
    join_embeddings: Callable[[Sequence[np.ndarray]], np.ndarray],
) -> np.ndarray:
    """Join first kernels, whose rows are those of sizes, then of each field's embeddings."""
    n_fields, dim = network.pooling.n_fields, network.embedding_dim
    n_sizes = len(kernels[0]) - n_fields * dim
    sizes = [join_sizes([kernel[:n_sizes] for kernel in kernels])] if n_sizes else []
    starts = range(n_sizes, len(kernels[0]), dim)
    fields = [join_embeddings([kernel[i : i + dim] for kernel in kernels]) for i in starts]
    return np.vstack([*sizes, *fields])
