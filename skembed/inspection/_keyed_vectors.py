"""gensim's KeyedVectors."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.number[Any]]


def read_keyed_vectors(vectors: Any) -> tuple[Collection[str], Any, Numbers | None]:
    """Return terms, their vectors, and their counts if they are known."""
    return vectors.index_to_key, vectors.vectors, _counts(vectors)


def _counts(vectors: Any) -> Numbers | None:
    counts = getattr(vectors, "expandos", {}).get("count")
    # Where a file has no counts gensim makes them up: n_terms, n_terms - 1, ..., 1.
    if counts is None or np.array_equal(counts, np.arange(len(counts), 0, -1)):
        return None
    return np.asarray(counts)
