"""The sample of `to_page` that the landing page links to, made when the documentation is built."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from skembed import EmbeddingDNNClassifier, VocabularyTransformer, to_page
from skembed.datasets import make_reviews

SAMPLE = (
    "A superb film, one of the best I have seen in years. The acting is perfect; only the ending "
    "is slow and predictable."
)


def write_sample(path):
    """Write a page of a model of film reviews: IMDB's where they are, else made ones."""
    imdb = Path(os.environ.get("SKEMBED_DATA", "."), "imdb", "imdb.parquet")
    if imdb.exists():
        frame = pd.read_parquet(imdb).query("split == 'train'")
        texts, liked = frame["text"].str.replace("<br />", " ").tolist(), frame["label"].to_numpy()
    else:
        tokens, liked = make_reviews(8000, random_state=0)
        texts = [" ".join(review) for review in tokens]
    model = make_pipeline(
        VocabularyTransformer(tokenizer="word", max_terms=20_000),
        EmbeddingDNNClassifier(random_state=0),
    ).fit(texts, np.where(liked == 1, "liked", "disliked"))
    to_page(model, path, title="Did they like the film?", samples={"tokens": SAMPLE})
