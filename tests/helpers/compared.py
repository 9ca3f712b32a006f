"""Estimators and folds for a comparison."""

import numpy as np
import pandas as pd

from skembed import EmbeddingDNNClassifier

SHORT_GRID = (0.01, 0.1, 1.0, 10.0)
N_ROWS, N_COLUMNS = 240, 12


def network(cls=EmbeddingDNNClassifier, **params):
    return cls(2, **{**dict(hidden_units=(), max_epochs=2, random_state=0), **params})


def frame(differences, **columns):
    """Folds of three quarters of 100 rows."""
    differences = np.asarray(differences, float)
    values = dict(scoring="accuracy", fold=np.arange(len(differences)), n_train=75, n_test=25)
    values |= dict(embedding=0.5 + differences, linear=0.5, difference=differences)
    values |= dict(embedding_fit_time=2.0, linear_fit_time=1.0, C=1.0)
    return pd.DataFrame({**values, **columns})


def rival_frame(gains, **columns):
    """Folds of three quarters of 100 rows, from differences by rival."""
    n_folds = len(next(iter(gains.values())))
    differences = {"embedding": [np.nan] * n_folds, **gains}
    values = dict(scoring="accuracy", n_train=75, n_test=25)
    values |= dict(fit_time=2.0, predict_time=0.1, chosen="")
    parts = [
        pd.DataFrame(
            {
                **values,
                "fold": np.arange(n_folds),
                "model": name,
                "score": 0.5 - np.nan_to_num(each),
                "difference": each,
                **columns,
            }
        )
        for name, each in differences.items()
    ]
    return pd.concat(parts, ignore_index=True)
