"""Features of the IMDB reviews to time on, held in memory."""

from functools import cached_property
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from benchmarks.shared.data._folder import data_path
from benchmarks.shared.data._reviews import IMDB, lesson_terms, read_imdb, without_breaks
from benchmarks.shared.data._rows import Data
from skembed import VocabularyTransformer


class Imdb:
    """Features of the reviews, all float32 CSR, made when they are first wanted."""

    def __init__(self, path: Path, n_rows: int | None = None) -> None:
        self._path = path
        self._n_rows = n_rows

    @classmethod
    def find(cls, n_rows: int | None) -> "Imdb | None":
        """IMDB below $SKEMBED_DATA, the first rows of each split; None where it is not."""
        path = data_path(IMDB)
        return None if path is None else cls(path, n_rows)

    @cached_property
    def _splits(self) -> dict[str, tuple[list[str], np.ndarray]]:
        """Text and labels of each split, in random order."""
        frame = read_imdb(self._path).sample(frac=1, random_state=0)
        frame["text"] = without_breaks(frame["text"])
        parts = {}
        for name, part in frame.groupby("split"):
            part = part.iloc[: self._n_rows]
            parts[str(name)] = part["text"].tolist(), part["label"].to_numpy(np.int64)
        return parts

    def _transformed(self, split: str, **parameters: object) -> Data:
        vocabulary = VocabularyTransformer(tokenizer="word", **parameters)  # type: ignore[arg-type]
        vocabulary.fit(self._splits["train"][0])
        text, labels = self._splits[split]
        return sp.csr_matrix(vocabulary.transform(text)), labels

    @cached_property
    def terms(self) -> Data:
        """Counts of the lesson's 50 terms."""
        terms = lesson_terms(self._path)
        return self._transformed("train", vocabulary=terms, weighting="count")

    @cached_property
    def unigrams(self) -> Data:
        """Presence of the 30,000 most frequent words."""
        return self._transformed("train", max_terms=30_000)

    @cached_property
    def test_unigrams(self) -> Data:
        """Presence of the same words in the test reviews."""
        return self._transformed("test", max_terms=30_000)

    @cached_property
    def bigrams(self) -> Data:
        """Presence of words and pairs of words that two reviews have."""
        return self._transformed("train", ngram_range=(1, 2), min_frequency=2)


def size_of(X: sp.csr_matrix) -> str:
    """Tell the size of review features."""
    return f"{X.shape[0]:,} reviews, {X.shape[1]:,} columns, {X.nnz:,} entries"
