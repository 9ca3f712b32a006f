"""The lesson, end to end: TFRecord files, 50 terms, three models, one table, one picture.

python -m benchmarks.lesson [--data DIR | --download] [--seeds 5] [--picture FILE]
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from tabulate import tabulate
from tqdm.auto import tqdm

from benchmarks.reviews import Reviews, choose_terms, load
from skembed import (
    EmbeddingDisplay,
    EmbeddingDNNClassifier,
    VocabularyTransformer,
    read_tfrecord,
    write_tfrecord,
)
from skembed.metrics import evaluate

Data = tuple[sp.csr_matrix, np.ndarray]

_REPEATS = 5
_METRICS = ("accuracy", "auc", "average_loss")


def lesson_model(seed: int) -> EmbeddingDNNClassifier:
    """Return the lesson's network and training; its embeddings start from the terms' log-odds."""
    return EmbeddingDNNClassifier(
        embedding_dim=2,
        hidden_units=(20, 20),
        combiner="mean",
        linear=False,
        optimizer="adagrad",
        learning_rate=0.1,
        clip_norm=5.0,
        batch_size=25,
        max_steps=1000,
        random_state=seed,
    )


def default_model(seed: int) -> EmbeddingDNNClassifier:
    """Return the classifier with default parameters."""
    return EmbeddingDNNClassifier(random_state=seed)


def linear_model(_: int) -> LogisticRegression:
    """Return scikit-learn's logistic regression."""
    return LogisticRegression(max_iter=1000)


MODELS: dict[str, Callable[[int], Any]] = {
    "lesson: embedding(2) + [20, 20], 1,000 steps": lesson_model,
    "EmbeddingDNNClassifier()": default_model,
    "LogisticRegression(max_iter=1000)": linear_model,
}


def through_tfrecord(reviews: Reviews, folder: Path) -> Reviews:
    """Write the reviews to TFRecord files and read them back."""
    parts = []
    for name in ("train", "test"):
        path = folder / f"{name}.tfrecord.gz"
        start = time.perf_counter()
        write_tfrecord(path, *getattr(reviews, name), compression="gzip")
        written = time.perf_counter()
        parts.append(read_tfrecord(path))
        print(
            f"{path.name}: {len(parts[-1][1]):,} records, written in {written - start:.1f} s, "
            f"read in {time.perf_counter() - written:.1f} s"
        )
    return Reviews(reviews.source, *parts, reviews.terms)


def features(reviews: Reviews) -> tuple[list[str], Data, Data]:
    """Counts of the 50 terms, as CSR, with the labels."""
    terms = reviews.terms or choose_terms(*reviews.train)
    vocabulary = VocabularyTransformer(terms, weighting="count").fit(reviews.train[0])
    train, test = (
        (vocabulary.transform(rows), labels) for rows, labels in (reviews.train, reviews.test)
    )
    return terms, train, test


def compare(train: Data, test: Data, n_seeds: int) -> dict[str, dict[str, float]]:
    """Mean metrics over the seeds, and seconds of a fit after the first, by model."""
    results: dict[str, list[dict[str, float]]] = {name: [] for name in MODELS}
    bar = tqdm(total=n_seeds * len(MODELS), desc="fits", unit="fit")
    for seed in range(n_seeds):
        for name, make in MODELS.items():
            model = make(seed)
            model.fit(*train)
            results[name].append(evaluate(model, *test))
            bar.update()
    bar.close()
    means = {
        name: {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
        for name, rows in results.items()
    }
    for name, seconds in fit_seconds(train).items():
        means[name]["fit seconds"] = seconds
    return means


def fit_seconds(train: Data) -> dict[str, float]:
    """Median seconds of a fit in a process where each model was fitted before, interleaved."""
    seconds: dict[str, list[float]] = {name: [] for name in MODELS}
    for repeat in range(_REPEATS):
        for name, make in MODELS.items():
            start = time.perf_counter()
            make(repeat).fit(*train)
            seconds[name].append(time.perf_counter() - start)
    return {name: float(np.median(values)) for name, values in seconds.items()}


def table(results: dict[str, dict[str, float]], n_seeds: int) -> str:
    """Our figures, and those that the lesson prints, as text."""
    rows = [
        [name, *(f"{row[key]:.4f}" for key in _METRICS), f"{row['fit seconds']:.3f}"]
        for name, row in results.items()
    ]
    rows.append(["the lesson's printed figures (IMDB)", "0.7773", "0.8657", "0.4629", "-"])
    headers = [f"test set, mean of {n_seeds} seeds", "accuracy", "AUC", "log loss", "fit s"]
    return tabulate(rows, headers, disable_numparse=True, stralign="right", colalign=("left",))


def main(arguments: list[str] | None = None) -> None:
    """Run the lesson from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lesson", description=__doc__)
    parser.add_argument("--data", help="folder that holds imdb/imdb.parquet")
    parser.add_argument("--download", action="store_true", help="fetch the original archive")
    parser.add_argument("--seeds", type=int, default=5, help="fits a model (default: 5)")
    parser.add_argument("--picture", type=Path, default=Path("benchmarks/results/lesson.png"))
    options = parser.parse_args(arguments)
    reviews = load(options.data, download=options.download)
    print(f"Data: {reviews.source}")
    with TemporaryDirectory() as folder:
        reviews = through_tfrecord(reviews, Path(folder))
    terms, train, test = features(reviews)
    print(f"{train[0].shape[0]:,} training and {test[0].shape[0]:,} test reviews, 50 terms\n")
    results = compare(train, test, options.seeds)
    print("\n" + table(results, options.seeds))
    lesson, linear = (
        results[name]["fit seconds"] for name, make in MODELS.items() if make is not default_model
    )
    print(
        f"\nA second fit of the lesson's network takes {lesson / linear:.2f} x the time of "
        f"logistic regression (medians of {_REPEATS}, interleaved)."
    )
    draw(lesson_model(1).fit(*train), terms, options.picture)


def draw(model: EmbeddingDNNClassifier, terms: list[str], path: Path) -> None:
    """Save the picture of the embeddings."""
    import matplotlib

    matplotlib.use("Agg")
    path.parent.mkdir(parents=True, exist_ok=True)
    display = EmbeddingDisplay.from_estimator(model, terms)
    display.figure_.savefig(path, dpi=150, bbox_inches="tight")
    print(f"The picture of its embedding is in {path}.")


if __name__ == "__main__":
    main()
