"""Weights from item to item, in closed form."""

import numpy as np
from scipy import linalg

from skembed.network._item_item import ItemItem
from skembed.recommending._gram_matrix import GramMatrix

# Rows of a matrix that are mirrored at a time.
_BLOCK = 512


def item_weights(gram: GramMatrix, penalty: float, dtype: np.dtype) -> ItemItem:
    """Fit each item as a weighted sum of the others, by least squares with penalties.

    Of what is in a history itself this is EASE (Steck, 2019), with the diagonal of X'X added
    to the penalty: what dropping half of the entries comes to (Steck, 2020). With targets of
    their own it is ridge regression with the same penalties.

    Parameters
    ----------
    gram : GramMatrix
        How often items come together.
    penalty : float
        Factor l of the penalty l ||B||^2 on the sum of squared errors.
    dtype : dtype
        Of the weights.

    Returns
    -------
    ItemItem
        The weights; those of an item to itself are 0 where there are no targets.

    References
    ----------
    Steck (2019). Embarrassingly shallow autoencoders for sparse data. WWW.
    Steck (2020). Autoencoders that don't overfit towards the identity. NeurIPS.
    """
    system = gram.products.copy()
    diagonal = np.diag(gram.products) + penalty
    system[np.diag_indices_from(system)] += diagonal
    if gram.with_targets is not None:
        factor = linalg.cho_factor(system, overwrite_a=True, check_finite=False)
        return ItemItem(linalg.cho_solve(factor, gram.with_targets).astype(dtype), gram.items)
    inverse = _symmetric_inverse(system)
    inverse /= -np.diag(inverse)
    weights = np.ascontiguousarray(inverse, dtype)
    np.fill_diagonal(weights, 0)
    return ItemItem(weights, gram.items)


def _symmetric_inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a positive definite matrix, in its memory: half of the usual work."""
    # LAPACK reads by columns: what is lower there is upper here
    factor, info = linalg.lapack.dpotrf(matrix.T, lower=True, overwrite_a=True)
    if info:
        raise linalg.LinAlgError(f"The matrix of items is not positive definite ({info}).")
    inverse, _ = linalg.lapack.dpotri(factor, lower=True, overwrite_c=True)
    for start in range(0, len(inverse), _BLOCK):
        end = start + _BLOCK
        lower = np.tril(inverse[start:end, start:end])
        inverse[start:end, start:end] = lower + np.tril(lower, -1).T
        inverse[start:end, end:] = inverse[end:, start:end].T
    return inverse
