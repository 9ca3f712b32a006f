"""Histories of real users, and what of them is given and what is to be found."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from benchmarks.shared.data._folder import data_folder
from skembed.metrics import hide_items

N_SPLITS = 5
# Users and items with fewer likes are left out.
_LEAST_OF_USER, _LEAST_OF_ITEM = 5, 3
_LIKED = 4.0  # the lowest rating that is a like
_N_LAST = 5  # likes that are hidden of the end of a history
_LEAST_LIKES = 10  # of a user whose last ones are hidden


@dataclass(frozen=True)
class Split:
    """Histories to learn from, and users of whom items are to be found, twice.

    The first users are to tune on, with histories to learn from that have nothing of theirs
    that is hidden; the second ones are to judge by.
    """

    tuning_histories: sp.csr_matrix
    tuning_given: sp.csr_matrix
    tuning_hidden: sp.csr_matrix
    histories: sp.csr_matrix
    given: sp.csr_matrix
    hidden: sp.csr_matrix


@dataclass(frozen=True)
class Problem:
    """A data set and a protocol."""

    title: str
    splits: Callable[[], list[Split]]


def problems() -> dict[str, Problem]:
    """Return the problems by their names; empty where the data are not there."""
    folder = data_folder()
    found: dict[str, Problem] = {}
    if folder is None:
        return found
    ratings = folder / "movielens" / "mlsmall2016_ratings.parquet"
    plays = folder / "lastfm" / "user_artists.parquet"
    if ratings.exists():
        found["movielens"] = Problem(
            "MovieLens small, new users", lambda: new_users(_films(ratings))
        )
        found["movielens-last"] = Problem(
            "MovieLens small, last five likes", lambda: last_items(_films(ratings))
        )
    if plays.exists():
        found["lastfm"] = Problem("Last.fm, new users", lambda: new_users(_artists(plays)))
    return found


def _films(path: Path) -> pd.DataFrame:
    """Likes of films, in order of time."""
    ratings = pd.read_parquet(path)
    ratings = ratings[ratings["rating"] >= _LIKED]
    ratings = ratings.rename(columns={"userId": "user", "movieId": "item"})
    return ratings.sort_values(["user", "timestamp", "item"])[["user", "item"]]


def _artists(path: Path) -> pd.DataFrame:
    """Artists that a user has listened to; their order is not known."""
    plays = pd.read_parquet(path)
    plays.columns = ["user", "item", "plays"]
    return plays[["user", "item"]]


def lists(likes: pd.DataFrame) -> tuple[list[list[int]], int]:
    """Return each user's items by number, in order, and the number of items."""
    counts = likes.groupby("user")["item"].transform("size")
    likes = likes[counts >= _LEAST_OF_USER]
    counts = likes.groupby("item")["user"].transform("size")
    likes = likes[counts >= _LEAST_OF_ITEM]
    items = likes["item"].astype("category").cat.codes
    return items.groupby(likes["user"]).agg(list).tolist(), int(items.max()) + 1


def matrix(rows: list[list[int]], n_items: int) -> sp.csr_matrix:
    """Return lists of items as users x items."""
    ends = np.cumsum([0, *map(len, rows)])
    items = np.fromiter((item for row in rows for item in row), np.int32, ends[-1])
    shape = (len(rows), n_items)
    X = sp.csr_matrix((np.ones(len(items), np.float32), items, ends), shape=shape)
    X.sum_duplicates()
    X.data[:] = 1
    return X


def new_users(likes: pd.DataFrame) -> list[Split]:
    """Split users into fifths: one judges, one tunes, all others are learned from.

    Of users that judge or tune, 80 % of the items are given and 20 % are to be found (Liang
    et al., 2018); what is judged has learned from those that tune, too.
    """
    rows, n_items = lists(likes)
    X = matrix(rows, n_items)
    order = np.random.default_rng(0).permutation(len(rows))
    parts = np.array_split(order, N_SPLITS)
    splits = []
    for number, judging in enumerate(parts):
        tuning = parts[(number + 1) % N_SPLITS]
        others = np.setdiff1d(order, np.concatenate([judging, tuning]))
        pairs = [hide_items(X[users], random_state=number) for users in (tuning, judging)]
        learned = X[np.concatenate([others, tuning])]
        splits.append(Split(X[others], *pairs[0], learned, *pairs[1]))
    return splits


def last_items(likes: pd.DataFrame) -> list[Split]:
    """Hide the last five likes of a fifth of the users; all others are known in full.

    What came before is part of the histories that are learned from. The last five of another
    fifth tune.
    """
    rows, n_items = lists(likes)
    able = [user for user, row in enumerate(rows) if len(row) >= _LEAST_LIKES]
    parts = np.array_split(np.random.default_rng(0).permutation(able), N_SPLITS)
    splits = []
    for number, judging in enumerate(parts):
        tuning = parts[(number + 1) % N_SPLITS]
        without = _cut(rows, judging)
        halves = [
            (matrix(_cut(without, users), n_items), *_of_users(rows, users, n_items))
            for users in (tuning, judging)
        ]
        splits.append(Split(*halves[0], *halves[1]))
    return splits


def _cut(rows: list[list[int]], users: np.ndarray) -> list[list[int]]:
    """Leave the last items of some users out."""
    chosen = set(users.tolist())
    return [row[:-_N_LAST] if user in chosen else row for user, row in enumerate(rows)]


def _of_users(
    rows: list[list[int]], users: np.ndarray, n_items: int
) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    given, hidden = hide_items([rows[user] for user in users], last=_N_LAST)
    return matrix(given, n_items), matrix(hidden, n_items)
