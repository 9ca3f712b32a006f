"""IMDB reviews as text and as terms, or made reviews where there are none."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.shared.data._folder import data_folder
from skembed import datasets

IMDB = "imdb/imdb.parquet"  # below $SKEMBED_DATA


def read_imdb(path: Path) -> pd.DataFrame:
    """Read text, label and split of each review."""
    return pd.read_parquet(path, columns=["text", "label", "split"])


def without_breaks(text: pd.Series) -> pd.Series:
    """Reviews with spaces for their HTML line breaks."""
    return text.str.replace("<br />", " ", regex=False)


def lesson_terms(path: Path) -> list[str]:
    """Read the lesson's 50 terms, whose file is beside that of the reviews."""
    return path.with_name("mlcc_terms50.txt").read_text().split()


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
    folder = Path(root) if root else data_folder()
    if folder is None:
        return _made()
    path = folder / IMDB
    if not path.exists():
        raise SystemExit(f"{path} is not there: look at --data or SKEMBED_DATA.")
    return _from_frame(read_imdb(path), "IMDB (Maas et al., ACL 2011)", lesson_terms(path))


def _from_frame(frame: pd.DataFrame, source: str, terms: list[str] | None) -> Reviews:
    frame = frame.sample(frac=1, random_state=0)
    tokens = without_breaks(frame["text"]).str.lower().str.findall(r"\w+|[^\w\s]")
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
