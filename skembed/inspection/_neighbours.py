"""The terms most similar to a vector, by the cosine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_array

from skembed.inspection._cosine import closest

Floats = npt.NDArray[np.floating[Any]]
Neighbours = list[tuple[str, float]]


def neighbours(
    terms: npt.NDArray[np.object_],
    units: Floats,
    direction: Floats,
    topn: int,
    excluded: Sequence[int] = (),
) -> Neighbours:
    """Return the terms with the largest cosines to a vector (embedding_dim,).

    `units` are the vectors of the terms, scaled to length 1; `excluded` are rows to leave out.
    """
    rows, cosines = closest(units, direction, topn, excluded)
    return list(zip(terms[rows].tolist(), cosines.tolist(), strict=True))


def analogy(units: Floats, plus: list[int], minus: list[int]) -> Floats:
    """Return the direction (embedding_dim,) of the rows `plus` and away from the rows `minus`."""
    weights = np.repeat([1.0, -1.0], [len(plus), len(minus)])
    return weights @ units[[*plus, *minus]]


def check_directions(vectors: npt.ArrayLike, dim: int) -> Floats:
    """Return the vectors as float64 (n_vectors, dim), or raise."""
    rows = check_array(np.atleast_2d(vectors), dtype=np.float64, input_name="vectors")
    if rows.shape[1] != dim:
        raise ValueError(
            f"vectors has {rows.shape[1]} columns but the terms have {dim} dimensions; pass the "
            "pooled vectors of documents, which the estimator's transform returns."
        )
    return rows
