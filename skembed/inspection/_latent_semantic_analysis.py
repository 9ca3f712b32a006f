"""Vectors of terms that need no labels: latent semantic analysis."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import TruncatedSVD


def term_vectors(
    X: Any, embedding_dim: int, random_state: int | np.random.RandomState | None
) -> tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.number[Any]]]:
    """Return the vectors (n_terms, embedding_dim), and the number of rows that hold each term."""
    svd = TruncatedSVD(embedding_dim, random_state=random_state).fit(X)
    vectors = svd.components_.T * svd.singular_values_
    return vectors, np.asarray((X != 0).sum(axis=0)).ravel()
