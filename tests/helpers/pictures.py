"""Terms with embeddings to draw, and what is seen in their pictures."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from skembed import EmbeddingDisplay, TermEmbeddings

LETTERS = list("abcdefgh")


class ColumnMoments(BaseEstimator):
    """Embed each feature as its mean, standard deviation and higher moments."""

    def __init__(self, embedding_dim: int = 2) -> None:
        self.embedding_dim = embedding_dim

    def fit(self, X, y=None) -> "ColumnMoments":
        X = validate_data(self, X, accept_sparse=True)
        dense = X.toarray() if hasattr(X, "toarray") else X
        powers = range(1, self.embedding_dim + 1)
        self.embeddings_ = np.column_stack([(dense**power).mean(axis=0) for power in powers])
        return self


def words(n_terms: int) -> list[str]:
    """Make words of 3 to 10 letters."""
    rng = np.random.default_rng(5)
    return ["".join(rng.choice(list("aeiourstlnm"), rng.integers(3, 11))) for _ in range(n_terms)]


def normal(n_terms: int, embedding_dim: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_terms, embedding_dim))


def clustered(n_terms: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return 3 * rng.normal(size=(3, 2))[rng.integers(3, size=n_terms)] + normal(n_terms, 2) / 8


def boxes(display: EmbeddingDisplay) -> list:
    """Return the labels' bounding boxes in pixels, as they are drawn."""
    display.figure_.canvas.draw()
    return [text.get_window_extent() for text in display.text_]


def n_overlaps(display: EmbeddingDisplay) -> int:
    drawn = boxes(display)
    return sum(drawn[i].overlaps(drawn[j]) for i in range(len(drawn)) for j in range(i))


def label_texts(display: EmbeddingDisplay) -> list[str]:
    return [text.get_text() for text in display.text_]


def valued(n_terms: int = 8) -> TermEmbeddings:
    rng = np.random.default_rng(3)
    terms = LETTERS if n_terms == 8 else [f"t{i}" for i in range(n_terms)]
    return TermEmbeddings(
        terms,
        normal(n_terms, 4),
        counts=rng.integers(1, 10_000, n_terms),
        values=rng.normal(size=n_terms),
    )
