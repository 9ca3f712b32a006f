"""From embeddings of many dimensions to points in the plane, and what the axes show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.decomposition import PCA

Floats = npt.NDArray[np.floating[Any]]


@dataclass
class Projected:
    """Points and what their axes show."""

    coordinates: Floats  # (n_terms, 1) or (n_terms, 2)
    explained_variance_ratio: Floats | None = None  # (2,), of principal components
    axis_labels: list[str] | None = None  # one a coordinate; None: dimensions or components


def project(embeddings: Floats, projection: Any = None) -> Projected:
    """Project more than two dimensions onto two, by default their principal components."""
    if projection is not None:
        return _project_by(clone(projection), embeddings)
    n_terms, n_dimensions = embeddings.shape
    if n_dimensions <= 2:
        return Projected(embeddings)
    if n_terms < 2:
        raise ValueError(
            f"{n_dimensions} dimensions of 1 term cannot be projected onto two; "
            "pass at least 2 terms."
        )
    return _project_by(PCA(n_components=2, svd_solver="full"), embeddings)


def positions(coordinates: Floats) -> Floats:
    """Return points in the plane, shape (n_terms, 2); one dimension is put against its rank."""
    if coordinates.shape[1] == 2:
        return coordinates
    rank = np.argsort(np.argsort(coordinates[:, 0], kind="stable"))
    return np.column_stack([coordinates[:, 0], rank])


def axis_names(
    coordinates: Floats, axis_labels: Sequence[str] | None, explained_variance_ratio: Floats | None
) -> list[str]:
    """Name both axes after the dimensions or principal components that they show.

    The second is "" where there is one coordinate only.
    """
    n_axes = coordinates.shape[1]
    if axis_labels is not None:
        names = list(axis_labels)
    elif explained_variance_ratio is None:
        names = [f"dimension {axis + 1}" for axis in range(n_axes)]
    else:
        percent = [100 * ratio for ratio in explained_variance_ratio]
        names = [f"PC {axis + 1} ({percent[axis]:.0f} % of variance)" for axis in range(n_axes)]
    return [names[axis] if axis < n_axes else "" for axis in (0, 1)]


def _project_by(projection: Any, embeddings: Floats) -> Projected:
    # Equal embeddings have no variance to divide by; none of it is along any axis.
    with np.errstate(invalid="ignore"):
        coordinates = np.asarray(projection.fit_transform(embeddings))
    name = type(projection).__name__
    if coordinates.shape != (len(embeddings), 2):
        raise ValueError(
            f"projection returns an array of shape {coordinates.shape} for {len(embeddings)} "
            f"terms, but a plot has two axes; set {name}(n_components=2)."
        )
    if not isinstance(projection, PCA):
        return Projected(coordinates, None, [f"{name} {axis}" for axis in (1, 2)])
    ratio = np.nan_to_num(projection.explained_variance_ratio_)
    coordinates[:, ratio < np.finfo(ratio.dtype).eps] = 0.0
    return Projected(coordinates, ratio)
