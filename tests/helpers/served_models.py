"""Rows, tables and quick networks of which exports are tested."""

import numpy as np
import pandas as pd

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor

RNG = np.random.default_rng(0)
WORDS = [f"w{number}" for number in range(40)]
ROWS = [RNG.choice(WORDS, RNG.integers(0, 12)).tolist() for _ in range(300)]
Y = np.array(["yes" if {"w1", "w2", "w3"} & set(row) else "no" for row in ROWS])
TEXTS = [" ".join(row).capitalize() + "!" for row in ROWS]
TABLE = pd.DataFrame(
    {
        "colour": RNG.choice(["red", "green", None], 300),
        "size": RNG.normal(size=300),
        "rooms": RNG.integers(0, 4, 300),
        "advert text": TEXTS,
        "since": pd.date_range("2020-01-01", periods=300),
    }
)
TABLE.loc[::9, "size"] = np.nan


def classifier(**parameters):
    return EmbeddingDNNClassifier(random_state=0, max_epochs=3, **parameters)


def regressor(**parameters):
    return EmbeddingDNNRegressor(random_state=0, max_epochs=3, **parameters)
