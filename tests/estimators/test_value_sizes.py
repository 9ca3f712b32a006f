"""Codes that are taken for weights, and numbers that were not scaled, are told."""

import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from field_problem import classifier
from numpy.testing import assert_array_equal
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, OrdinalEncoder, StandardScaler

from skembed import (
    ChunkStream,
    EmbeddingDNNRegressor,
    FieldTransformer,
    TableTransformer,
    VocabularyTransformer,
)
from skembed.estimators._csr_checks import canonical_rows
from skembed.estimators._value_sizes import large_columns

DATA = os.environ.get("SKEMBED_DATA")
CODES = r"whole numbers of many values.*VocabularyTransformer\(\).*make_embedding_pipeline"
SIZE = r"numbers as large as .*StandardScaler.*make_embedding_pipeline"
N = 300


@pytest.fixture(scope="module")
def y():
    return np.random.default_rng(1).integers(0, 2, N)


def ids(n_values, n_columns=2, first=0):
    return np.random.default_rng(0).integers(first, n_values, (N, n_columns))


def skewed_codes():
    """Codes in order of frequency, as Keras' tokenizer numbers words."""
    ranks = np.arange(1, 2001)
    chosen = np.random.default_rng(0).choice(ranks, (N, 3), p=1 / ranks / (1 / ranks).sum())
    return chosen.astype(float)


def mixed():
    """One-hot categories and a column of ids beside them."""
    one_hot = VocabularyTransformer().fit_transform(ids(5))
    return sp.hstack([one_hot, sp.csr_matrix(ids(4000, 1).astype("f"))]).tocsr()


CODED = {
    "ids": lambda: ids(1000),
    "ids of a frame": lambda: pd.DataFrame(ids(1000), columns=["user", "film"]),
    "ids from 1": lambda: ids(30, first=1).astype(np.float32),
    "sparse ids": lambda: sp.csr_matrix(ids(500)),
    "large ids": lambda: ids(10**6, 9),
    "OrdinalEncoder": lambda: OrdinalEncoder().fit_transform(ids(40).astype(str)),
    "codes by frequency": skewed_codes,
    "beside one-hot columns": mixed,
    "codes beside small ones": lambda: np.hstack([ids(40, 1), ids(4, 6)]),
}


@pytest.mark.parametrize("kind", CODED)
def test_codes_are_told(kind, y):
    X = CODED[kind]()
    with pytest.warns(UserWarning, match=CODES):
        classifier(max_epochs=1).fit(X, y)


def test_the_column_of_codes_is_named(y):
    X = np.hstack([ids(3), ids(500, 1)])
    with pytest.warns(UserWarning, match=r"Column 2 of X holds whole numbers .*such as \d+, \d+"):
        classifier(max_epochs=1).fit(X, y)
    frame = pd.DataFrame(ids(500, 3), columns=["user", "film", "day"])
    with pytest.warns(UserWarning, match="Column 'user' of X and 2 more hold whole numbers"):
        classifier(max_epochs=1).fit(frame, y)


def test_codes_are_told_wherever_they_come_in(y):
    X = ids(500)
    with pytest.warns(UserWarning, match=CODES):
        classifier(max_epochs=1).partial_fit(X, y, classes=[0, 1])
    with pytest.warns(UserWarning, match=CODES):
        classifier(max_epochs=1).fit(ChunkStream(lambda: [(X[:200], y[:200]), (X[200:], y[200:])]))
    with pytest.warns(UserWarning, match=CODES):
        EmbeddingDNNRegressor(2, max_epochs=1, random_state=0).fit(X, y)
    make_pipeline(VocabularyTransformer(), classifier(max_epochs=1)).fit(X, y)


def table(numbers):
    return pd.DataFrame({"c": np.array(list("abcde"))[ids(5, 1).ravel()], "n": numbers})


def with_numbers(numbers, transformer="passthrough"):
    columns = [("c", VocabularyTransformer(), ["c"]), ("n", transformer, ["n"])]
    return FieldTransformer(columns).fit_transform(table(numbers))


NORMAL = np.random.default_rng(2).normal(size=N)
SIZES = {
    "income": lambda: with_numbers(60_000 + 25_000 * NORMAL),
    "year": lambda: with_numbers(2000 + np.arange(N) % 25),
    "negative": lambda: with_numbers(-500 - NORMAL),
    "few but huge": lambda: with_numbers(np.where(np.arange(N) % 10, 0, 1e6)),
    "ids": lambda: with_numbers(ids(5000, 1).ravel()),
    "dense": lambda: np.column_stack([60_000 + 25_000 * NORMAL, NORMAL]),
    "breast cancer": lambda: load_breast_cancer().data[:N],
}


@pytest.mark.parametrize("kind", SIZES)
def test_numbers_that_were_not_scaled_are_told(kind, y):
    X = SIZES[kind]()
    with pytest.warns(UserWarning, match=SIZE):
        classifier(max_epochs=1).fit(X, y)


def texts(n_words, n_texts=N):
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(200)])
    shares = 1 / np.arange(1, 201)
    lengths = rng.lognormal(5, 0.6, n_texts).astype(int) + 1
    drawn = [" ".join(rng.choice(words, n, p=shares / shares.sum())) for n in lengths]
    return CountVectorizer(max_features=n_words).fit_transform(drawn)


QUIET = {
    "counts of words": lambda: texts(None),
    "counts of few words": lambda: texts(5),
    "counts of words, dense": lambda: texts(50).toarray(),
    "tf-idf": lambda: TfidfVectorizer().fit_transform(["a few words", "few of them"] * 150),
    "0 and 1": lambda: VocabularyTransformer().fit_transform(ids(1000)),
    "scaled": lambda: StandardScaler().fit_transform(ids(1000)),
    "between 0 and 1": lambda: MinMaxScaler().fit_transform(ids(1000)),
    "bins": lambda: KBinsDiscretizer(5, encode="ordinal", quantile_method="averaged_inverted_cdf")
    .fit_transform(NORMAL[:, None]),
    "ratings": lambda: ids(6, 8, first=1),
    "pixels of digits": lambda: load_digits().data[:N],
    "iris": lambda: np.tile(load_iris().data, (2, 1)),
    "scaled numbers": lambda: with_numbers(60_000 + 25_000 * NORMAL, StandardScaler()),
    "heavy tails, scaled": lambda: with_numbers(np.exp(3 * NORMAL), StandardScaler()),
    "a table": lambda: TableTransformer().fit_transform(table(60_000 + 25_000 * NORMAL)),
    "weights": lambda: sp.random(N, 500, 0.02, "csr", dtype="f", random_state=0) * 1000,
    "zeros": lambda: sp.csr_matrix((N, 5), dtype="f"),
}  # fmt: skip


@pytest.mark.parametrize("kind", QUIET)
def test_weights_and_scaled_numbers_are_not_told(kind, y):
    fields = getattr(QUIET[kind](), "fields", None)
    X = canonical_rows(QUIET[kind]())
    large = large_columns(X, None if fields is None else fields == -1)
    assert not len(large.codes) and not len(large.numbers)


def test_pixels_are_not_told():
    rng = np.random.default_rng(0)
    place = ((np.indices((28, 28)) - 13.5) ** 2).sum(axis=0) / 60
    pixels = np.clip(400 * (1.1 * np.exp(-place) - rng.random((N, 28, 28)) ** 0.7), 0, 255)
    large = large_columns(canonical_rows(np.floor(pixels).reshape(N, -1)), None)
    assert not len(large.codes) and not len(large.numbers)


def test_few_rows_of_many_are_looked_at():
    X = np.zeros((30_000, 2), np.float32)
    X[:, 0], X[:, 1] = np.arange(30_000) % 700, np.arange(30_000) % 2
    assert_array_equal(large_columns(canonical_rows(X), None).codes, [0])


@pytest.mark.slow
@pytest.mark.skipif(DATA is None, reason="SKEMBED_DATA names no folder with data sets")
def test_real_tables_and_texts():
    adult = pd.read_parquet(Path(DATA) / "adult" / "adult.parquet").drop(columns="split")
    imdb = pd.read_parquet(Path(DATA) / "imdb" / "imdb.parquet").text[:3000]
    words = adult.drop(columns="income").select_dtypes(exclude="number").astype(str)
    coded = OrdinalEncoder().fit_transform(words)
    assert len(large_columns(canonical_rows(coded), None).codes) >= 3
    for n_words in (5, 50, None):
        counts = canonical_rows(CountVectorizer(max_features=n_words).fit_transform(imdb))
        assert not any(map(len, large_columns(counts, None)))
    made = TableTransformer().fit_transform(adult)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not any(map(len, large_columns(canonical_rows(made), made.fields == -1)))
