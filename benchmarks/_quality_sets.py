"""The data sets of the quality benchmark: each one CSR matrix, the same for all models.

Vocabularies and bins are learned on training rows only. Rows are in random order.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.model_selection import train_test_split

from skembed import VocabularyTransformer

Split = tuple[np.ndarray, np.ndarray]  # numbers of the training and of the test rows

_N_BINS = 16


@dataclass(frozen=True)
class Problem:
    """Rows to learn from and rows to be judged on.

    `task` is "classes" (y: 0, 1, ...), "labels" (an indicator matrix) or "values".
    """

    task: str
    X_train: sp.csr_matrix
    y_train: np.ndarray
    X_test: sp.csr_matrix
    y_test: np.ndarray

    def head(self, n_rows: int) -> "Problem":
        """Keep the first rows of either part."""
        parts = ("X_train", "y_train", "X_test", "y_test")
        return replace(self, **{name: getattr(self, name)[:n_rows] for name in parts})

    def learnable(self) -> "Problem":
        """Drop labels that all or none of the training rows have."""
        if self.task != "labels":
            return self
        share = self.y_train.mean(axis=0)
        kept = (share > 0) & (share < 1)
        return replace(self, y_train=self.y_train[:, kept], y_test=self.y_test[:, kept])

    @property
    def is_binary(self) -> bool:
        """Whether there are two classes."""
        return self.task == "classes" and int(self.y_train.max()) == 1

    @property
    def description(self) -> str:
        """What is to be told of it in a table."""
        kinds = {"labels": f"{self.y_train.shape[-1]} labels", "values": "a number"}
        kind = kinds.get(self.task) or f"{int(self.y_train.max()) + 1} classes"
        n_train, n_columns = self.X_train.shape
        return f"{n_train:,} + {self.X_test.shape[0]:,} rows, {n_columns:,} columns, {kind}"

    @cached_property
    def digest(self) -> str:
        """Hash of all that models get to see."""
        arrays = [np.asarray([self.X_train.shape[1]]), self.y_train, self.y_test]
        for X in (self.X_train, self.X_test):
            arrays += [X.data, X.indices, X.indptr]
        found = hashlib.sha256(self.task.encode())
        for array in arrays:
            found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()[:16]


@dataclass(frozen=True)
class DataSet:
    """Where a data set is, how its features are made, and what it is scored by."""

    title: str
    file: str  # below $SKEMBED_DATA
    make: Callable[[Path], Problem]
    score: str = "log loss"
    text_like: bool = False


def given_split(parts: pd.Series) -> Split:
    """Rows of the split that the data brings, each part in random order."""
    rng = np.random.default_rng(0)
    train, test = (rng.permutation(np.flatnonzero(parts == name)) for name in ("train", "test"))
    return train, test


def random_split(n_rows: int, test_size: float, classes: np.ndarray | None = None) -> Split:
    """Rows of a random split, stratified where classes are given."""
    train, test = train_test_split(
        np.arange(n_rows), test_size=test_size, random_state=0, stratify=classes
    )
    return train, test


def encoded(transformer: VocabularyTransformer, cells: Any, split: Split) -> list[sp.csr_matrix]:
    """Features of the training and of the test rows."""
    train, test = (cells.iloc[rows] for rows in split)
    return [transformer.fit_transform(train), transformer.transform(test)]


def binned(frame: pd.DataFrame, split: Split) -> pd.DataFrame:
    """Numbers to the numbers of bins between quantiles of the training rows.

    A bin holds values up to and with its upper edge; missing ones have their own.
    """
    codes = {}
    for name, column in frame.items():
        values = column.to_numpy(float)
        edges = bin_edges(values[split[0]])
        missing = len(edges) + 1
        bins = np.searchsorted(edges, values, side="left")
        codes[name] = np.where(np.isnan(values), missing, bins)
    return pd.DataFrame(codes, index=frame.index)


def bin_edges(values: np.ndarray) -> np.ndarray:
    """Inner edges at quantiles, also at those of the values that are no more than a bin's worth.

    Where most rows have the same value, the others would share a bin otherwise.
    """
    values = values[~np.isnan(values)]
    distinct, counts = np.unique(values, return_counts=True)
    common = distinct[counts > len(values) / _N_BINS]
    rare = values[~np.isin(values, common)]
    inner = np.linspace(0, 1, _N_BINS + 1)[1:-1]
    return np.unique([np.quantile(part, inner) for part in (values, rare) if len(part)])


def numbered(labels: Any) -> np.ndarray:
    """Class labels as 0, 1, ..."""
    return np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)


def assembled(task: str, parts: list[list[sp.csr_matrix]], y: np.ndarray, split: Split) -> Problem:
    """Put blocks of columns side by side."""
    blocks = zip(*parts, strict=True)
    X_train, X_test = (sp.csr_matrix(sp.hstack(block, format="csr")) for block in blocks)
    return Problem(task, X_train, y[split[0]], X_test, y[split[1]])


def _words(**parameters: Any) -> VocabularyTransformer:
    return VocabularyTransformer(tokenizer="word", **parameters)


def _imdb(path: Path, **parameters: Any) -> Problem:
    frame = pd.read_parquet(path, columns=["text", "label", "split"])
    text = frame["text"].str.replace("<br />", " ", regex=False)
    split = given_split(frame["split"])
    parts = [encoded(_words(**parameters), text, split)]
    return assembled("classes", parts, numbered(frame["label"]), split)


def _imdb_terms(path: Path) -> Problem:
    terms = (path.parent / "mlcc_terms50.txt").read_text().split()
    return _imdb(path, vocabulary=terms, weighting="count")


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
    cells = pd.concat([features.drop(columns=numbers.columns), binned(numbers, split)], axis=1)
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


def _airbnb(path: Path) -> Problem:
    frame = pd.read_parquet(path)
    frame = frame[frame["price"] > 0].reset_index(drop=True)
    split = random_split(len(frame), 0.25)
    numbers = frame.drop(columns=["id", "host_id", "price"]).select_dtypes("number")
    categories = frame[["neighbourhood", "neighbourhood_group", "room_type"]]
    parts = [
        encoded(_words(), frame["name"].fillna(""), split),
        encoded(VocabularyTransformer(min_frequency=2), frame[["host_id"]], split),
        encoded(VocabularyTransformer(), categories.join(binned(numbers, split)), split),
    ]
    return assembled("values", parts, np.log(frame["price"].to_numpy(float)), split)


_REVIEWS = "imdb/imdb.parquet"
_unigrams = partial(_imdb, max_terms=30_000)
_bigrams = partial(_imdb, ngram_range=(1, 2), min_frequency=2)

SETS: dict[str, DataSet] = {
    "imdb50": DataSet("IMDB, 50 terms", _REVIEWS, _imdb_terms, text_like=True),
    "imdb-words": DataSet("IMDB, words", _REVIEWS, _unigrams, text_like=True),
    "imdb-pairs": DataSet("IMDB, words and pairs", _REVIEWS, _bigrams, text_like=True),
    "cooking": DataSet(
        "What's Cooking", "whats_cooking/whats_cooking_train.parquet", _cooking, text_like=True
    ),
    "adult": DataSet("Adult", "adult/adult.parquet", _adult),
    "amazon": DataSet("Amazon access", "amazon_access/amazon_access.parquet", _amazon, score="AUC"),
    "newsgroups": DataSet(
        "20 newsgroups", "newsgroups20/newsgroups20_bydate.parquet", _newsgroups, text_like=True
    ),
    "slashdot": DataSet("Slashdot", "multilabel/slashdot.npz", _multilabel, text_like=True),
    "ng20": DataSet("20 newsgroups, labels", "multilabel/ng20.npz", _multilabel, text_like=True),
    "airbnb": DataSet("Airbnb, log price", "airbnb_nyc/airbnb_nyc_2019.parquet", _airbnb, "R2"),
}
