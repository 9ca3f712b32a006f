"""From embeddings of many dimensions to points in the plane."""

from __future__ import annotations

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
            "give 2 or more terms."
        )
    return _project_by(PCA(n_components=2, svd_solver="full"), embeddings)


def _project_by(projection: Any, embeddings: Floats) -> Projected:
    # Equal embeddings have no variance to divide by; none of it is along any axis.
    with np.errstate(invalid="ignore"):
        coordinates = np.asarray(projection.fit_transform(embeddings))
    name = type(projection).__name__
    if coordinates.shape != (len(embeddings), 2):
        raise ValueError(
            f"projection gives an array of shape {coordinates.shape} for {len(embeddings)} terms, "
            f"but a picture has two axes; set {name}(n_components=2)."
        )
    if not isinstance(projection, PCA):
        return Projected(coordinates, None, [f"{name} {axis}" for axis in (1, 2)])
    ratio = np.nan_to_num(projection.explained_variance_ratio_)
    coordinates[:, ratio < np.finfo(ratio.dtype).eps] = 0.0
    return Projected(coordinates, ratio)
