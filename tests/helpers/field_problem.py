"""Features of several fields, in no order, with numbers among them."""

import numpy as np
from made_rows import random_counts

from skembed import EmbeddingDNNClassifier

FIELDS = np.array([1, 0, -1, 1, 2, 0, -1, -1, 2, 1])  # in no order, with numbers


def problem(n_rows=120, seed=0, dtype=np.float32):
    X = random_counts(n_rows, len(FIELDS), seed=seed).astype(dtype)
    return X, np.random.default_rng(seed).integers(0, 2, n_rows)


def classifier(**changes):
    settings = dict(hidden_units=(6,), max_epochs=3, batch_size=16, random_state=0)
    return EmbeddingDNNClassifier(2, **{**settings, **changes})
