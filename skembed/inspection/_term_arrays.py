"""Terms, counts and values as the caller gives them, checked and copied: one a term."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.NDArray[np.number[Any]]


def check_terms(terms: Collection[str], n_embeddings: int) -> list[str]:
    """Return the terms as a list of one string per embedding."""
    if isinstance(terms, str | bytes):
        raise ValueError(f"terms is the single string {terms!r}; give a list of terms.")
    if len(terms) != n_embeddings:
        raise ValueError(
            f"There are {len(terms)} terms but {n_embeddings} embeddings; "
            "give one term for each row of the embeddings, in the same order."
        )
    return [str(term) for term in terms]


def check_counts(counts: npt.ArrayLike, n_terms: int) -> Numbers:
    """Return a copy of the counts: int64, or float64 with NaN where they are not known."""
    array = _one_a_term(counts, n_terms, "counts")
    if (array < 0).any() or np.isinf(array).any():
        raise ValueError(
            "counts holds negative or infinite numbers; give the number of documents that contain "
            "each term, or NaN where it is unknown."
        )
    return array


def check_values(values: npt.ArrayLike, n_terms: int) -> Floats:
    """Return a copy of the values, float64 with NaN where they are not known."""
    array = _one_a_term(values, n_terms, "values").astype(np.float64)
    if np.isinf(array).any():
        raise ValueError("values holds infinity; give finite numbers, or NaN where unknown.")
    return array


def _one_a_term(numbers: npt.ArrayLike, n_terms: int, name: str) -> Numbers:
    array = np.asarray(numbers)
    if array.shape != (n_terms,):
        raise ValueError(
            f"{name} has the shape {array.shape} but there are {n_terms} terms; "
            "give one number for each term, in the same order."
        )
    return array.astype(np.int64 if array.dtype.kind in "iub" else np.float64)


def frozen(array: np.ndarray) -> np.ndarray:
    """Make an array read-only."""
    array.flags.writeable = False
    return array
