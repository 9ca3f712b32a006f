"""Hash buckets of terms, the same in every process and version."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.utils import murmurhash3_32


def hash_terms(terms: pa.LargeStringArray, n_buckets: int) -> NDArray[np.int32]:
    """Return the bucket of each term: MurmurHash3 (x86, 32 bits, seed 0) of its UTF-8 bytes."""
    hashes = (murmurhash3_32(term, seed=0, positive=True) % n_buckets for term in terms.to_pylist())
    return np.fromiter(hashes, np.int32, len(terms))


def terms_by_bucket(terms: pa.LargeStringArray, n_buckets: int) -> list[NDArray[np.object_]]:
    """Return the terms of each bucket, in their given order."""
    buckets = hash_terms(terms, n_buckets)
    order = np.argsort(buckets, kind="stable")
    names = np.array(terms.to_pylist(), dtype=object)[order]
    return np.split(names, np.searchsorted(buckets[order], np.arange(1, n_buckets)))


def report_collisions(buckets: list[NDArray[np.object_]], names: NDArray) -> pd.DataFrame:
    """Return one row per bucket that several terms share, the fullest first."""
    shared = [i for i, terms in enumerate(buckets) if len(terms) > 1]
    shared.sort(key=lambda i: (-len(buckets[i]), i))
    return pd.DataFrame(
        {
            "feature": [names[i] for i in shared],
            "n_terms": np.array([len(buckets[i]) for i in shared], dtype=np.int64),
            "terms": [buckets[i].tolist() for i in shared],
        }
    )
