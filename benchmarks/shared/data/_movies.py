"""MovieLens: what a user liked before, and the film liked next."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from benchmarks.shared.data._folder import data_path
from skembed import VocabularyTransformer

_LIKED = 4.0  # the lowest rating that is a like
_HELD_OUT = 5  # last likes of a user that are left out


def next_likes() -> tuple[sp.csr_matrix, list[int]] | None:
    """Rows of all films that a user liked before a like, and that like; None without the data."""
    path = data_path("movielens/mlsmall2016_ratings.parquet")
    if path is None:
        return None
    ratings = pd.read_parquet(path).sort_values(["userId", "timestamp", "movieId"])
    likes = ratings[ratings["rating"] >= _LIKED].groupby("userId")["movieId"].agg(list)
    before, after = [], []
    for films in likes:
        films = films[:-_HELD_OUT] if len(films) >= 2 * _HELD_OUT else films
        before += [films[:place] for place in range(1, len(films))]
        after += films[1:]
    X = VocabularyTransformer().fit_transform(before)
    return X.astype(np.float32), after
