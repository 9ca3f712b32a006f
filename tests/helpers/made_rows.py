"""Rows of counts, made at random."""

import numpy as np
import scipy.sparse as sp


def random_counts(n_rows: int, n_columns: int, *, seed: int = 0, density: float = 0.2):
    """CSR of small counts, float32, with some empty rows."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 4, (n_rows, n_columns)) * (
        rng.random((n_rows, n_columns)) < density * rng.random((n_rows, 1))
    )
    return sp.csr_matrix(counts.astype(np.float32))
