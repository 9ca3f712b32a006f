"""The tasks: each the same job done by us and by a tool of scikit-learn, its rival."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import MultiLabelBinarizer, OneHotEncoder

from benchmarks.shared.data._reviews import IMDB, read_imdb
from benchmarks.shared.data._sets import SETS
from skembed import VocabularyTransformer

PATTERN = r"\w+|[^\w\s]"
# parameters of our transformer, and those of the rival that do the same
WORDS: tuple[dict, dict] = {}, {}
PAIRS: tuple[dict, dict] = (
    {"ngram_range": (1, 2), "min_frequency": 2},
    {"ngram_range": (1, 2), "min_df": 2},
)


class Task(NamedTuple):
    """One row of the table: the same job done by us and by a rival."""

    name: str
    rival: str
    target: float  # how many times faster we ought to be
    ours: Callable[[], tuple[Any, Any]]  # () -> matrix, feature names
    theirs: Callable[[], tuple[Any, Any]]


def _identity(tokens: list[str]) -> list[str]:
    return tokens


def reviews(root: Path, quick: bool) -> list[str]:
    """Return the training reviews."""
    frame = read_imdb(root / IMDB)
    texts = frame.text[frame.split == "train"].tolist()
    return texts[::10] if quick else texts


def fit_pair(ours: Any, theirs: Any, X: Any, X_theirs: Any = None) -> tuple[Callable, Callable]:
    """Return the two sides of a fit_transform."""

    def run(transformer: Any, X: Any) -> tuple[Any, Any]:
        matrix = transformer.fit_transform(X)
        return matrix, lambda: feature_names(transformer)

    return lambda: run(ours, X), lambda: run(theirs, X if X_theirs is None else X_theirs)


def transform_pair(ours: Any, theirs: Any, X: Any) -> tuple[Callable, Callable]:
    """Return the two sides of a transform by transformers that the first call of either fits."""

    @cache
    def fit() -> None:
        ours.fit(X)
        theirs.fit(X)

    def run(transformer: Any) -> tuple[Any, Any]:
        fit()
        return transformer.transform(X), lambda: feature_names(transformer)

    return lambda: run(ours), lambda: run(theirs)


def feature_names(transformer: Any) -> np.ndarray:
    """Return the names of the columns."""
    if isinstance(transformer, MultiLabelBinarizer):
        return transformer.classes_
    return transformer.get_feature_names_out()


def text_transformers(mine: dict, theirs: dict) -> tuple[VocabularyTransformer, CountVectorizer]:
    """Return our transformer of review text, and its rival."""
    ours = VocabularyTransformer(weighting="count", tokenizer="word", **mine)
    return ours, CountVectorizer(token_pattern=PATTERN, dtype=np.float32, **theirs)


def text_tasks(root: Path, quick: bool) -> Iterator[Task]:
    """Yield the tasks on reviews, as text and as ready tokens."""
    texts = reviews(root, quick)
    for name, parameters, target in (
        ("unigrams", WORDS, 4.0),
        ("uni+bigrams, in 2 rows", PAIRS, 5.0),
    ):
        ours, rival = text_transformers(*parameters)
        pair = fit_pair(ours, rival, texts)
        yield Task(f"review text, {name}: fit_transform", "CountVectorizer", target, *pair)
        pair = transform_pair(ours, rival, texts)
        yield Task(f"review text, {name}: transform", "CountVectorizer", target, *pair)
    tokens = list(map(CountVectorizer(token_pattern=PATTERN).build_analyzer(), texts))
    yield character_task(list(map(" ".join, tokens)))
    ours = VocabularyTransformer(weighting="count")
    rival = CountVectorizer(analyzer=_identity, dtype=np.float32)
    for method, pair in (
        ("fit_transform", fit_pair(ours, rival, tokens)),
        ("transform", transform_pair(ours, rival, tokens)),
    ):
        name = f"review tokens, lists of str: {method}"
        yield Task(name, "CountVectorizer(analyzer=identity)", 3.0, *pair)
    arrow = pa.array(tokens)
    yield Task(
        "review tokens, Arrow lists: fit_transform",
        "CountVectorizer(analyzer=identity) on lists",
        6.0,
        *fit_pair(ours, rival, arrow, tokens),
    )


def character_task(texts: list[str]) -> Task:
    """The task on n-grams of characters, of texts in which spaces set punctuation off.

    In such texts the tokens of both sides are the same.
    """
    lengths = (3, 5)
    ours = VocabularyTransformer(
        weighting="count", tokenizer="word", ngram_range=None, char_ngram_range=lengths
    )
    rival = CountVectorizer(analyzer="char_wb", ngram_range=lengths, dtype=np.float32)
    name = "review text, n-grams of 3 to 5 characters: fit_transform"
    return Task(name, 'CountVectorizer(analyzer="char_wb")', 5.0, *fit_pair(ours, rival, texts))


def list_tasks(root: Path, quick: bool) -> Iterator[Task]:
    """Yield the task on short lists of long terms."""
    frame = pd.read_parquet(root / SETS["cooking"].file)
    lists = [ingredients.tolist() for ingredients in frame.ingredients]
    pair = fit_pair(VocabularyTransformer(), MultiLabelBinarizer(sparse_output=True), lists)
    yield Task("ingredient lists: fit_transform", "MultiLabelBinarizer", 1.5, *pair)


def id_tasks(root: Path, quick: bool) -> Iterator[Task]:
    """Yield the task on columns of categories."""
    frame = pd.read_parquet(root / SETS["amazon"].file).drop(columns="ACTION")
    n_rows = 100_000 if quick else 1_000_000
    frame = frame.iloc[np.arange(n_rows) % len(frame)].reset_index(drop=True)
    ours, rival = VocabularyTransformer(), OneHotEncoder(dtype=np.float32)
    name = f"{frame.shape[1]} id columns, {n_rows:,} rows: fit_transform"
    yield Task(name, "OneHotEncoder", 1.0, *fit_pair(ours, rival, frame))


def assert_same(task: Task) -> None:
    """Raise unless both sides give the same matrix, their columns put in one order."""
    (ours, our_names), (theirs, their_names) = task.ours(), task.theirs()
    order = dict(zip(map(str, their_names()), range(theirs.shape[1]), strict=True))
    columns = [order[name] for name in our_names()]
    assert len(columns) == len(set(columns)) == theirs.shape[1], task.name
    difference = ours - sp.csr_matrix(theirs)[:, columns].astype(ours.dtype)
    assert difference.count_nonzero() == 0, task.name
    assert ours.indices.dtype == np.int32 and ours.has_canonical_format, task.name
