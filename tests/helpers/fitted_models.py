"""Fitted estimators of every kind that can be saved."""

import numpy as np
import pandas as pd
import pyarrow as pa
from made_rows import random_counts
from sklearn.pipeline import make_pipeline

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor, VocabularyTransformer

REVIEWS = [["a", "great", "film"], ["dull", "and", "long"], ["great", "é"], ["so", "dull"]]


def classifier(**params):
    values = dict(embedding_dim=3, hidden_units=(4,), max_epochs=3, random_state=0)
    return EmbeddingDNNClassifier(**{**values, **params})


def regressor(**params):
    values = dict(embedding_dim=3, hidden_units=(4,), max_epochs=3, random_state=0)
    return EmbeddingDNNRegressor(**{**values, **params})


def counts(dtype=np.float32):
    return random_counts(60, 8, density=0.9).astype(dtype)


def frame():
    return pd.DataFrame(counts().toarray(), columns=list("abcdefgh"))


MODELS = {
    "str classes": lambda: classifier().fit(counts(), ["no", "yes", "no"] * 20),
    "float64": lambda: classifier(hidden_units=()).fit(counts(np.float64), [3, 1, 2] * 20),
    "object": lambda: classifier().fit(counts(), np.array(["ä", "b", "c"] * 20, dtype=object)),
    "bool classes": lambda: classifier(hidden_units=[4, 2]).fit(counts(), [True, False] * 30),
    "float classes": lambda: classifier(learning_rate=np.float64(0.1)).fit(
        counts(), [0.0, 1.0] * 30
    ),
    "label sets": lambda: classifier().fit(counts(), np.eye(3, dtype=int)[[0, 1, 2] * 20]),
    "names": lambda: classifier(early_stopping=True).fit(frame(), [0, 1] * 30),
    "going on": lambda: classifier(warm_start=True).fit(counts(), [0, 1] * 30),
    "announced": lambda: classifier().partial_fit(counts(), [0, 1] * 30, classes=[0, 1, 2]),
    "long history": lambda: classifier(max_epochs=100).fit(counts(), [0, 1] * 30),
    "weights": lambda: classifier(class_weight={0: 1.0, 1: 2.5}).fit(counts(), [0, 1] * 30),
    "regressor": lambda: regressor(warm_start=True).fit(counts(), np.arange(60.0)),
    "outputs": lambda: regressor(loss="absolute_error").fit(counts(), np.ones((60, 2))),
    "poisson": lambda: regressor(loss="poisson").fit(frame(), np.arange(60)),
}


TERMS = [f"term {i}" for i in range(100)]
VOCABULARIES = {
    "learned": (VocabularyTransformer(), REVIEWS),
    "tfidf": (VocabularyTransformer(weighting="tfidf", num_oov_buckets=2), REVIEWS),
    "weighted": (VocabularyTransformer(weighting="count"), [{"a": 0.5}, {"b": 2.0, "a": 1.0}]),
    "given": (VocabularyTransformer(["great", "dull"]), REVIEWS),
    "given long": (VocabularyTransformer(TERMS), REVIEWS),
    "given mapping": (VocabularyTransformer({t: i for i, t in enumerate(TERMS)}), REVIEWS),
    "given set": (VocabularyTransformer({"dull", "great"}), REVIEWS),
    "given Arrow": (VocabularyTransformer(pa.array(["great", "dull"])[1:]), REVIEWS),
    "texts": (
        VocabularyTransformer(tokenizer="word", ngram_range=(1, 2), stop_terms=["a"]),
        [" ".join(review) for review in REVIEWS],
    ),
    "columns": (
        VocabularyTransformer(handle_missing="indicator"),
        pd.DataFrame({"year": [1942, None, 1994], "genre": ["a", "b", None]}),
    ),
    "no names": (VocabularyTransformer(), np.array([["a", "b"], ["c", "d"]], dtype=object)),
    "hashed": (VocabularyTransformer(num_hash_buckets=4), REVIEWS),
    "bounded": (VocabularyTransformer(max_tracked_terms=3, dtype=np.float64), REVIEWS),
}


def make_model_pipeline():
    vocabulary = VocabularyTransformer(weighting="tfidf", num_oov_buckets=2)
    return make_pipeline(vocabulary, classifier(warm_start=True)).fit(REVIEWS * 5, list("npnp") * 5)
