"""Directions in which the terms of all rows vary together, whether rows have a label or not.

Latent semantic analysis (Deerwester, Dumais, Furnas, Landauer and Harshman, 1990): a truncated
singular value decomposition of the rows. A linear model of a row's coordinates needs few labels,
and is a linear model of its pooled features.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from skembed.network._pooling import Pooling

# Power of the inverse document frequencies, see the decisions on the recipe.
_IDF_POWER = 2
# Of the randomized decomposition: rare words have much weight, so that singular values fall slowly.
_N_ITERATIONS, _N_OVERSAMPLES = 6, 30


@dataclass(frozen=True)
class LatentSpace:
    """A linear map from pooled features to coordinates."""

    pooling: Pooling
    vectors: np.ndarray  # (n_features, n_directions)
    ordered: bool  # whether the first directions tell most

    @property
    def n_directions(self) -> int:
        """Coordinates of a row."""
        return self.vectors.shape[1]

    def coordinates(self, X: sp.csr_matrix) -> np.ndarray:
        """Coordinates (n_samples, n_directions) of canonical rows."""
        return pooled_matrix(X, self.pooling) @ self.vectors


def latent_space(X: sp.csr_matrix, pooling: Pooling, n_directions: int, seed: int) -> LatentSpace:
    """Find the directions of rows.

    Entries are weighted by `feature_scale`. Features that are numbers are left out.

    Parameters
    ----------
    X : csr_matrix of shape (n_samples, n_features)
        Canonical rows.
    pooling : Pooling
        How the features are pooled.
    n_directions : int
        Directions, at most.
    seed : int
        Of the randomized decomposition.

    Returns
    -------
    LatentSpace
        The space; with fewer directions where there are fewer rows or features.
    """
    from sklearn.utils.extmath import randomized_svd

    scale = feature_scale(X, pooling)
    used = np.flatnonzero(scale)
    rows = (pooled_matrix(X, pooling) @ sp.diags_array(scale)).tocsr()[:, used]
    n_directions = max(min(n_directions, X.shape[0], len(used) - 1), 0)
    vectors = np.zeros((X.shape[1], n_directions), X.dtype)
    if not n_directions:
        return LatentSpace(pooling, vectors, ordered=True)
    _, _, components = randomized_svd(
        rows, n_directions, n_iter=_N_ITERATIONS, n_oversamples=_N_OVERSAMPLES, random_state=seed
    )
    vectors[used] = components.T * scale[used, None]
    return LatentSpace(pooling, vectors, ordered=True)


def space_of_vectors(X: sp.csr_matrix, pooling: Pooling, vectors: np.ndarray) -> LatentSpace:
    """The space of given vectors (n_features, n_directions), for rows such as those of X."""
    scaled = vectors * feature_scale(X, pooling)[:, None]
    return LatentSpace(pooling, scaled.astype(X.dtype), ordered=False)


def feature_scale(X: sp.csr_matrix, pooling: Pooling) -> np.ndarray:
    """Factors (n_features,) of the weights of entries in the pooling; 0 for numbers.

    The square of a feature's inverse document frequency ``log((1 + n) / (1 + n_j)) + 1``, with
    n_j of the n rows having the feature, over the mean size of its values.
    """
    n_rows, n_features = X.shape
    counts = np.bincount(X.indices, minlength=n_features)
    sizes = np.bincount(X.indices, np.abs(X.data), minlength=n_features)
    used = (counts > 0) & (sizes > 0)
    if pooling.layout is not None:
        used &= ~pooling.layout.numeric
    idf = np.log((1 + n_rows) / (1 + counts)) + 1
    means = np.divide(sizes, counts, out=np.ones(n_features), where=used)
    return np.where(used, idf**_IDF_POWER / means, 0).astype(X.dtype)


def pooled_matrix(X: sp.csr_matrix, pooling: Pooling) -> sp.csr_matrix:
    """Weights (n_samples, n_features) of the entries of canonical rows in the pooling."""
    matrix = pooling.matrix(pooling.segments(X))
    # the segments of a row follow each other, and none shares a feature with another
    return sp.csr_matrix(
        (matrix.data, matrix.indices, matrix.indptr[:: pooling.n_fields]), shape=X.shape
    )
