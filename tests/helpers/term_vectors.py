"""Terms with vectors drawn at random."""

import numpy as np

TERMS = [f"t{i}" for i in range(200)]


def vectors_of(n_terms: int, dim: int = 8, dtype: type = np.float32) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n_terms, dim)).astype(dtype)
