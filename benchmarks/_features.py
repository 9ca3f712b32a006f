"""Features to time on: IMDB's, held in memory, and made ones of any size."""

import os
from functools import cached_property
from pathlib import Path

import numpy as np
import scipy.sparse as sp

Data = tuple[sp.csr_matrix, np.ndarray]


class Imdb:
    """Features of the IMDB reviews, all float32 CSR, made when they are first wanted."""

    def __init__(self, folder: Path, n_rows: int | None = None) -> None:
        self._folder = folder
        self._n_rows = n_rows

    @classmethod
    def find(cls, n_rows: int | None) -> "Imdb | None":
        """IMDB below $SKEMBED_DATA, the first rows of each split; None where it is not."""
        folder = Path(os.environ.get("SKEMBED_DATA", ""), "imdb")
        return cls(folder, n_rows) if (folder / "imdb.parquet").exists() else None

    @cached_property
    def _splits(self) -> dict[str, tuple[list[str], np.ndarray]]:
        """Text and labels of each split, in random order."""
        import pandas as pd

        frame = pd.read_parquet(self._folder / "imdb.parquet", columns=["text", "label", "split"])
        frame = frame.sample(frac=1, random_state=0)
        frame["text"] = frame["text"].str.replace("<br />", " ", regex=False)
        parts = {}
        for name, part in frame.groupby("split"):
            part = part.iloc[: self._n_rows]
            parts[str(name)] = part["text"].tolist(), part["label"].to_numpy(np.int64)
        return parts

    def _transformed(self, split: str, **parameters: object) -> Data:
        from skembed import VocabularyTransformer

        vocabulary = VocabularyTransformer(tokenizer="word", **parameters)  # type: ignore[arg-type]
        vocabulary.fit(self._splits["train"][0])
        text, labels = self._splits[split]
        return sp.csr_matrix(vocabulary.transform(text)), labels

    @cached_property
    def terms(self) -> Data:
        """Counts of the lesson's 50 terms."""
        terms = (self._folder / "mlcc_terms50.txt").read_text().split()
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


def normalised(X: sp.csr_matrix) -> np.ndarray:
    """Dense rows over their sums: what a Dense layer needs to be a mean of embeddings."""
    dense = X.toarray()
    return dense / np.maximum(dense.sum(axis=1, keepdims=True), 1)


def widened(X: sp.csr_matrix, n_columns: int) -> sp.csr_matrix:
    """The same entries with the columns sent to random ones of `n_columns`."""
    places = np.random.default_rng(0).permutation(n_columns)[: X.shape[1]].astype(np.int32)
    wide = sp.csr_matrix((X.data, places[X.indices], X.indptr), (X.shape[0], n_columns))
    wide.sort_indices()
    return wide


def zipf_rows(n_rows: int, n_entries: int, n_columns: int, seed: int = 0) -> Data:
    """Rows of ids whose frequency falls as 1 / rank, and labels that depend on them.

    Ids are drawn at random, equal ones of a row are one entry, and ranks are spread
    over the columns at random.
    """
    rng = np.random.default_rng(seed)
    ranks = np.exp(rng.random(n_rows * n_entries, np.float32) * np.log(n_columns)).astype(np.int32)
    ids = rng.permutation(n_columns).astype(np.int32)[np.minimum(ranks, n_columns - 1)]
    indptr = np.arange(0, len(ids) + 1, n_entries)
    X = sp.csr_matrix((np.ones(len(ids), np.float32), ids, indptr), (n_rows, n_columns))
    X.sum_duplicates()
    X.data[:] = 1
    return X, (ids.reshape(n_rows, n_entries)[:, 0] % 2).astype(np.int64)


def save_rows(folder: Path, name: str, X: sp.csr_matrix, y: np.ndarray) -> None:
    """Write rows for another process."""
    for part in ("data", "indices", "indptr"):
        np.save(folder / f"{name}.{part}.npy", getattr(X, part))
    np.save(folder / f"{name}.shape.npy", X.shape)
    np.save(folder / f"{name}.labels.npy", y)


def load_rows(folder: str | Path, name: str) -> Data:
    """Read what `save_rows` wrote."""
    read = {
        part: np.load(Path(folder, f"{name}.{part}.npy"))
        for part in ("data", "indices", "indptr", "shape", "labels")
    }
    arrays = read["data"], read["indices"], read["indptr"]
    return sp.csr_matrix(arrays, tuple(read["shape"])), read["labels"]
