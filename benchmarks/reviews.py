"""The reviews that benchmarks run on: IMDB where it is there, made ones otherwise."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from sklearn.feature_selection import chi2

from skembed import VocabularyTransformer, datasets

_N_TERMS = 50


@dataclass(frozen=True)
class Reviews:
    """Training and test reviews as lists of terms, in random order."""

    source: str  # where they come from, for people
    train: tuple[pa.ListArray, np.ndarray]
    test: tuple[pa.ListArray, np.ndarray]
    terms: list[str] | None = None  # the lesson's vocabulary, where it came with the data


def load(root: str | None, *, download: bool = False) -> Reviews:
    """Read IMDB below `root` (or $SKEMBED_DATA), download it, or make reviews."""
    if download:
        frame = datasets.fetch_imdb(progress=True)
        return _from_frame(frame, "IMDB (Maas et al., ACL 2011), downloaded", None)
    root = root or os.environ.get("SKEMBED_DATA")
    folder = Path(root or "", "imdb")
    if root and (folder / "imdb.parquet").exists():
        frame = pd.read_parquet(folder / "imdb.parquet", columns=["text", "label", "split"])
        terms = (folder / "mlcc_terms50.txt").read_text().split()
        return _from_frame(frame, "IMDB (Maas et al., ACL 2011)", terms)
    if root:
        raise SystemExit(f"{folder / 'imdb.parquet'} is not there: look at --data or SKEMBED_DATA.")
    return _made()


def _from_frame(frame: pd.DataFrame, source: str, terms: list[str] | None) -> Reviews:
    frame = frame.sample(frac=1, random_state=0)
    text = frame["text"].str.replace("<br />", " ", regex=False).str.lower()
    tokens = text.str.findall(r"\w+|[^\w\s]")
    parts = []
    for split in ("train", "test"):
        chosen = (frame["split"] == split).to_numpy()
        labels = frame["label"].to_numpy(np.float32)[chosen]
        parts.append((pa.array(tokens[chosen], pa.list_(pa.string())), labels))
    return Reviews(source, *parts, terms)


def _made() -> Reviews:
    reviews, labels = datasets.make_reviews(50_000, random_state=0)
    terms, labels = pa.array(reviews, pa.list_(pa.string())), labels.astype(np.float32)
    source = (
        "reviews made by skembed.datasets.make_reviews; for real ones set SKEMBED_DATA or "
        "pass --data DIR or --download"
    )
    return Reviews(source, (terms[:25_000], labels[:25_000]), (terms[25_000:], labels[25_000:]))


def choose_terms(terms: pa.ListArray, labels: np.ndarray) -> list[str]:
    """Return 50 terms of the training reviews: half the most telling, half the most frequent.

    Telling by the chi-squared statistic; frequent among those that are no stop words.
    """
    vocabulary = VocabularyTransformer(weighting="binary")
    scores, _ = chi2(vocabulary.fit_transform(terms), labels)
    by_frequency = vocabulary.get_feature_names_out()
    telling = by_frequency[np.argsort(-scores, kind="stable")[: _N_TERMS // 2]]
    others = [t for t in by_frequency if t not in ENGLISH_STOP_WORDS and t not in set(telling)]
    return [*telling, *others[: _N_TERMS - len(telling)]]
