"""Histories of made users: each keeps to one of a few kinds of items."""

import numpy as np
import scipy.sparse as sp


def histories(n_users=80, n_kinds=4, n_of_kind=6, seed=0):
    """Lists of names, of four items of a kind each."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n_users):
        kind = rng.integers(n_kinds)
        rows.append([f"k{kind}_{place}" for place in rng.permutation(n_of_kind)[:4]])
    return rows


def matrix(rows, items):
    """The same as users x items, whose columns are `items`."""
    places = {item: place for place, item in enumerate(items)}
    X = sp.lil_matrix((len(rows), len(items)), dtype=np.float32)
    for user, row in enumerate(rows):
        X[user, [places[item] for item in row]] = 1
    return X.tocsr()
