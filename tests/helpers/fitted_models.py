"""Fitted estimators of every kind that can be saved."""

from itertools import cycle, islice

import numpy as np
import pandas as pd
import pyarrow as pa
from made_rows import random_counts
from sklearn.pipeline import make_pipeline
from small_estimators import small

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor, VocabularyTransformer

REVIEWS = [["a", "great", "film"], ["dull", "and", "long"], ["great", "é"], ["so", "dull"]]


N_ROWS = 400


def classifier(**params):
    return small(EmbeddingDNNClassifier, **{"embedding_dim": 3, "combiner": "sqrtn", **params})


def regressor(**params):
    return small(EmbeddingDNNRegressor, **{"embedding_dim": 3, "combiner": "sqrtn", **params})


def counts(dtype=np.float32):
    return random_counts(N_ROWS, 30, density=0.5).astype(dtype)


def cycled(*labels):
    """As many labels as there are rows."""
    return list(islice(cycle(labels), N_ROWS))


def frame():
    return pd.DataFrame(counts().toarray()).add_prefix("c")


MODELS = {
    "str classes": lambda: classifier().fit(counts(), cycled("no", "yes", "no")),
    "float64": lambda: classifier(hidden_units=()).fit(counts(np.float64), cycled(3, 1, 2)),
    "object": lambda: classifier().fit(counts(), np.array(cycled("ä", "b", "c"), dtype=object)),
    "bool classes": lambda: classifier(hidden_units=[8, 2]).fit(counts(), cycled(True, False)),
    "float classes": lambda: classifier(learning_rate=np.float64(0.1)).fit(
        counts(), cycled(0.0, 1.0)
    ),
    "label sets": lambda: classifier().fit(counts(), np.tri(3, dtype=int)[cycled(0, 1, 2)]),
    "names": lambda: classifier(early_stopping=True).fit(frame(), cycled(0, 1)),
    "going on": lambda: classifier(warm_start=True).fit(counts(), cycled(0, 1)),
    "announced": lambda: classifier().partial_fit(counts(), cycled(0, 1), classes=[0, 1, 2]),
    "long history": lambda: classifier(max_epochs=100).fit(counts(), cycled(0, 1)),
    "weights": lambda: classifier(class_weight={0: 1.0, 1: 2.5}).fit(counts(), cycled(0, 1)),
    "regressor": lambda: regressor(warm_start=True).fit(counts(), np.arange(N_ROWS, dtype=float)),
    "outputs": lambda: regressor(loss="absolute_error").fit(counts(), np.ones((N_ROWS, 2))),
    "poisson": lambda: regressor(loss="poisson").fit(frame(), np.arange(N_ROWS)),
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
    "characters": (VocabularyTransformer(ngram_range=None, char_ngram_range=(3, 5)), REVIEWS),
    "terms and characters": (
        VocabularyTransformer(char_ngram_range=(2, 2), num_oov_buckets=2, weighting="tfidf"),
        REVIEWS,
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
    network = EmbeddingDNNClassifier(
        3, hidden_units=(4,), max_epochs=3, warm_start=True, random_state=0
    )
    return make_pipeline(vocabulary, network).fit(REVIEWS * 5, list("npnp") * 5)
