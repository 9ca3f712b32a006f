"""What n-grams of characters bring on short texts, on held-out parts of the training rows.

``python -m benchmarks.vocabulary._held_out`` fits default networks on four fifths of the training
rows, for three seeds, and prints the log loss and the accuracy on the rest. Test rows are left out.
Posts of one subject are all fitted, or all held out: most of them are answers to each other.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline

from benchmarks.shared._tables import table_line
from benchmarks.shared.data._folder import data_path
from benchmarks.shared.data._reviews import IMDB, read_imdb, without_breaks
from skembed import EmbeddingDNNClassifier, VocabularyTransformer

Data = tuple[np.ndarray, np.ndarray, np.ndarray]  # texts, targets, groups that stay together

_SEEDS = range(3)
_NEWSGROUPS = "newsgroups20/newsgroups20_bydate.parquet"
_FEATURES: dict[str, dict] = {
    "words": {},
    "words + characters": {"char_ngram_range": (3, 5)},
}
_COLUMNS = (
    "data",
    "features",
    "number of them",
    "log loss of each seed",
    "mean",
    "accuracy",
    "fit",
)


def main() -> None:
    """Print a line for each data set and kind of features, as they are measured."""
    print(table_line(_COLUMNS))
    print("|" + "---|" * len(_COLUMNS))
    for name, file, read in _SETS:
        path = data_path(file)
        if path is None:
            print(table_line([f"wants {file} in the folder that SKEMBED_DATA names", *[""] * 6]))
            continue
        data = read(path)
        for features, parameters in _FEATURES.items():
            print(table_line([name, features, *_cells(data, parameters)]), flush=True)


def _cells(data: Data, parameters: dict) -> Iterator[str]:
    """Number of features, scores and time: of each seed, or the mean or the median of all."""
    scores = np.array([_scores(*data, parameters, seed) for seed in _SEEDS])
    yield f"{scores[:, 0].mean():,.0f}"
    yield ", ".join(f"{score:.4f}" for score in scores[:, 1])
    yield from (f"{scores[:, column].mean():.4f}" for column in (1, 2))
    yield f"{np.median(scores[:, 3]):.0f} s"


def _scores(
    texts: np.ndarray, y: np.ndarray, groups: np.ndarray, parameters: dict, seed: int
) -> tuple[int, float, float, float]:
    """Number of features, log loss, accuracy and seconds of one fit."""
    split = GroupShuffleSplit(1, test_size=0.2, random_state=seed)
    (fitted, held_out), *_ = split.split(texts, y, groups)
    words = VocabularyTransformer(tokenizer="word", **parameters)
    model = make_pipeline(words, EmbeddingDNNClassifier(random_state=seed))
    start = perf_counter()
    model.fit(texts[fitted], y[fitted])
    seconds = perf_counter() - start
    probabilities = model.predict_proba(texts[held_out])
    predicted = model.classes_[probabilities.argmax(axis=1)]
    return (
        len(words.vocabulary_),
        log_loss(y[held_out], probabilities, labels=model.classes_),
        accuracy_score(y[held_out], predicted),
        seconds,
    )


def _subjects(path: Path) -> Data:
    """The subject of each post."""
    frame = _training(pd.read_parquet(path))
    subjects = frame["text"].str.extract(r"^Subject:\s*(.*)", flags=re.MULTILINE)[0].fillna("")
    threads = subjects.str.lower().str.replace(r"^(re:\s*)+", "", regex=True)
    return subjects.to_numpy(object), frame["group"].to_numpy(object), threads.to_numpy(object)


def _short_reviews(path: Path) -> Data:
    """The first 20 words of each review."""
    frame = _training(read_imdb(path))
    texts = without_breaks(frame["text"]).map(lambda text: " ".join(text.split()[:20]))
    return texts.to_numpy(object), frame["label"].to_numpy(), np.arange(len(frame))


def _training(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["split"] == "train"]


_SETS: list[tuple[str, str, Callable[[Path], Data]]] = [
    ("20 newsgroups, subjects", _NEWSGROUPS, _subjects),
    ("IMDB, first 20 words", IMDB, _short_reviews),
]


if __name__ == "__main__":
    main()
