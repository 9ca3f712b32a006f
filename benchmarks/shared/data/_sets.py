"""The named data sets: where each is, and how its features are made.

Vocabularies and bins are learned on training rows only. Rows are in random order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from benchmarks.shared.data._bins import binned
from benchmarks.shared.data._folder import data_path
from benchmarks.shared.data._problem import (
    Problem,
    assembled,
    encoded,
    given_split,
    numbered,
    random_split,
)
from benchmarks.shared.data._reviews import IMDB, lesson_terms, read_imdb, without_breaks
from skembed import VocabularyTransformer


@dataclass(frozen=True)
class DataSet:
    """Where a data set is, how its features are made, and what it is scored by."""

    title: str
    file: str  # below $SKEMBED_DATA
    make: Callable[[Path], Problem]
    score: str = "log loss"
    text_like: bool = False

    @property
    def path(self) -> Path | None:
        """Where it is; None where it is not there."""
        return data_path(self.file)


def _words(**parameters: Any) -> VocabularyTransformer:
    return VocabularyTransformer(tokenizer="word", **parameters)


def _imdb(path: Path, **parameters: Any) -> Problem:
    frame = read_imdb(path)
    split = given_split(frame["split"])
    parts = [encoded(_words(**parameters), without_breaks(frame["text"]), split)]
    return assembled("classes", parts, numbered(frame["label"]), split)


def _short_imdb(path: Path) -> Problem:
    """The first 20 words of each review."""
    frame = read_imdb(path)
    split = given_split(frame["split"])
    texts = without_breaks(frame["text"]).map(lambda text: " ".join(text.split()[:20]))
    parts = [encoded(_words(max_terms=30_000), texts, split)]
    return assembled("classes", parts, numbered(frame["label"]), split)


def _imdb_terms(path: Path) -> Problem:
    return _imdb(path, vocabulary=lesson_terms(path), weighting="count")


def _cooking(path: Path) -> Problem:
    frame = pd.read_parquet(path)
    y = numbered(frame["cuisine"])
    split = random_split(len(frame), 0.25, y)
    parts = [encoded(VocabularyTransformer(), frame["ingredients"], split)]
    return assembled("classes", parts, y, split)


def _adult(path: Path) -> Problem:
    frame = pd.read_parquet(path)
    split = given_split(frame["split"])
    y = numbered(frame["income"])
    features = frame.drop(columns=["income", "split"])
    numbers = features.select_dtypes("number")
    cells = pd.concat([features.drop(columns=numbers.columns), binned(numbers, split[0])], axis=1)
    return assembled("classes", [encoded(VocabularyTransformer(), cells, split)], y, split)


def _amazon(path: Path) -> Problem:
    frame = pd.read_parquet(path)
    y = numbered(frame["ACTION"])
    split = random_split(len(frame), 0.25, y)
    cells = frame.drop(columns=["ACTION", "ROLE_CODE"])
    return assembled("classes", [encoded(VocabularyTransformer(), cells, split)], y, split)


def _newsgroups(path: Path) -> Problem:
    frame = pd.read_parquet(path)
    split = given_split(frame["split"])
    parts = [encoded(_words(max_terms=30_000), frame["text"], split)]
    return assembled("classes", parts, numbered(frame["group"]), split)


def _first_lines(path: Path) -> Problem:
    """The first line of each post behind its headers."""
    frame = pd.read_parquet(path)
    split = given_split(frame["split"])
    bodies = frame["text"].map(lambda text: text.partition("\n\n")[2].strip())
    texts = bodies.map(lambda body: body.partition("\n")[0])
    parts = [encoded(_words(max_terms=30_000), texts, split)]
    return assembled("classes", parts, numbered(frame["group"]), split)


def _multilabel(path: Path) -> Problem:
    with np.load(path) as arrays:
        X, Y = (
            sp.csr_matrix(
                tuple(arrays[f"{name}_{part}"] for part in ("data", "indices", "indptr")),
                tuple(arrays[f"{name}_shape"]),
            )
            for name in "XY"
        )
    split = random_split(X.shape[0], 0.33)
    parts = [[X[rows].astype(np.float32) for rows in split]]
    return assembled("labels", parts, Y.toarray().astype(np.int64), split)


def _airbnb(path: Path, *, words: bool = True) -> Problem:
    frame = pd.read_parquet(path)
    frame = frame[frame["price"] > 0].reset_index(drop=True)
    split = random_split(len(frame), 0.25)
    numbers = frame.drop(columns=["id", "host_id", "price"]).select_dtypes("number")
    categories = frame[["neighbourhood", "neighbourhood_group", "room_type"]]
    hosts = VocabularyTransformer(min_frequency=2 if words else 1)
    parts = [
        *([encoded(_words(), frame["name"].fillna(""), split)] if words else []),
        encoded(hosts, frame[["host_id"]], split),
        encoded(VocabularyTransformer(), categories.join(binned(numbers, split[0])), split),
    ]
    return assembled("values", parts, np.log(frame["price"].to_numpy(float)), split)


_unigrams = partial(_imdb, max_terms=30_000)
_bigrams = partial(_imdb, ngram_range=(1, 2), min_frequency=2)

SETS: dict[str, DataSet] = {
    "imdb50": DataSet("IMDB, 50 terms", IMDB, _imdb_terms, text_like=True),
    "imdb-words": DataSet("IMDB, words", IMDB, _unigrams, text_like=True),
    "imdb-pairs": DataSet("IMDB, words and pairs", IMDB, _bigrams, text_like=True),
    "imdb-short": DataSet("IMDB, first 20 words", IMDB, _short_imdb, text_like=True),
    "cooking": DataSet(
        "What's Cooking", "whats_cooking/whats_cooking_train.parquet", _cooking, text_like=True
    ),
    "adult": DataSet("Adult", "adult/adult.parquet", _adult),
    "amazon": DataSet("Amazon access", "amazon_access/amazon_access.parquet", _amazon, score="AUC"),
    "newsgroups": DataSet(
        "20 newsgroups", "newsgroups20/newsgroups20_bydate.parquet", _newsgroups, text_like=True
    ),
    "first-lines": DataSet(
        "20 newsgroups, first lines",
        "newsgroups20/newsgroups20_bydate.parquet",
        _first_lines,
        text_like=True,
    ),
    "slashdot": DataSet("Slashdot", "multilabel/slashdot.npz", _multilabel, text_like=True),
    "ng20": DataSet("20 newsgroups, labels", "multilabel/ng20.npz", _multilabel, text_like=True),
    "airbnb": DataSet("Airbnb, log price", "airbnb_nyc/airbnb_nyc_2019.parquet", _airbnb, "R2"),
    "airbnb-ids": DataSet(
        "Airbnb, hosts, no words",
        "airbnb_nyc/airbnb_nyc_2019.parquet",
        partial(_airbnb, words=False),
        "R2",
    ),
}
