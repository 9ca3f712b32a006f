"""Recommenders that ours is compared with, each with the grid that it is tuned on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy import linalg
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

# A model: histories and a setting to a function from given histories to scores of all items.
Fit = Callable[[sp.csr_matrix, Any], Callable[[sp.csr_matrix], np.ndarray]]


@dataclass(frozen=True)
class Rival:
    """A recommender and the settings to choose from."""

    title: str
    fit: Fit
    grid: Sequence[Any]


def _popularity(X: sp.csr_matrix, setting: Any) -> Callable[[sp.csr_matrix], np.ndarray]:
    counts = np.asarray(X.sum(axis=0))
    return lambda given: np.repeat(counts, given.shape[0], axis=0)


def _item_knn(X: sp.csr_matrix, setting: tuple[int, float]) -> Callable:
    """Neighbours of the items by cosine, shrunken where few users have both."""
    n_neighbours, shrinkage = setting
    together = np.asarray((X.T @ X).todense(), np.float64)
    lengths = np.sqrt(np.diag(together))
    cosines = together / (np.outer(lengths, lengths) + shrinkage + 1e-12)
    np.fill_diagonal(cosines, 0)
    n_neighbours = min(n_neighbours, cosines.shape[0])
    least = np.partition(cosines, -n_neighbours, axis=0)[-n_neighbours]
    cosines[cosines < least] = 0
    return lambda given: np.asarray(given @ cosines)


def _truncated_svd(X: sp.csr_matrix, dim: int) -> Callable[[sp.csr_matrix], np.ndarray]:
    _, _, vectors = randomized_svd(X, dim, random_state=0)
    return lambda given: (given @ vectors.T) @ vectors


def _ease(X: sp.csr_matrix, penalty: float) -> Callable[[sp.csr_matrix], np.ndarray]:
    """Item-item weights without a diagonal (Steck, 2019)."""
    gram = np.asarray((X.T @ X).todense(), np.float64)
    gram[np.diag_indices_from(gram)] += penalty
    inverse = linalg.inv(gram)
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return lambda given: np.asarray(given @ weights)


def _ials(X: sp.csr_matrix, setting: tuple[int, float, float]) -> Callable:
    """Implicit alternating least squares (Hu, Koren and Volinsky, 2008), by implicit."""
    from implicit.als import AlternatingLeastSquares

    factors, regularization, alpha = setting
    with threadpool_limits(1, "blas"):  # its own threads do the work
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=regularization,
            alpha=alpha,
            iterations=15,
            random_state=0,
        )
        model.fit(X.tocsr(), show_progress=False)

    def scores(given: sp.csr_matrix) -> np.ndarray:
        users = model.recalculate_user(np.arange(given.shape[0]), given.tocsr())
        return np.asarray(users) @ np.asarray(model.item_factors).T

    return scores


def rivals() -> list[Rival]:
    """Return the rivals; iALS where the package implicit is installed."""
    found = [
        Rival("popularity", _popularity, [None]),
        Rival("item-kNN", _item_knn, list(product((20, 50, 100, 300), (0.0, 5.0, 30.0)))),
        Rival("truncated SVD", _truncated_svd, [8, 16, 24, 32, 48, 64, 96, 128]),
        Rival("EASE", _ease, [10.0, 30.0, 60.0, 100.0, 200.0, 400.0, 800.0]),
    ]
    if find_spec("implicit") is not None:
        grid = product((32, 64, 128), (1.0, 10.0, 30.0), (1.0, 3.0, 8.0))
        found.append(Rival("iALS", _ials, list(grid)))
    return found
