"""Cosine similarity: unit vectors, and those nearest to a direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Rows = npt.NDArray[np.intp]


def unit_rows(vectors: Floats) -> Floats:
    """Return the vectors (n, dim) scaled to length 1, zeros left as they are."""
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    lengths = np.sqrt(squares)[:, None].astype(vectors.dtype)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def closest(
    units: Floats, direction: Floats, n: int, excluded: Sequence[int] = ()
) -> tuple[Rows, Floats]:
    """Return the n rows of units (n_terms, dim) nearest to a vector (dim,), and the cosines.

    There are none for a vector of zeros, which has no direction.
    """
    length = np.linalg.norm(direction)
    if length == 0:
        return np.array([], np.intp), np.array([])
    cosines = units @ (direction / length).astype(units.dtype)
    best = _largest(cosines, n + len(excluded))
    kept = best[~np.isin(best, excluded)][:n]
    return kept, cosines[kept].clip(-1, 1)


def _largest(numbers: Floats, n: int) -> Rows:
    """Return where the n largest numbers are, the largest first, of equal ones the first."""
    if n == 0:
        return np.array([], np.intp)
    n = min(n, len(numbers))
    candidates = np.sort(np.argpartition(-numbers, n - 1)[:n])
    return candidates[np.argsort(-numbers[candidates], kind="stable")]
