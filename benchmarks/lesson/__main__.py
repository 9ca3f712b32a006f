"""The lesson, end to end: TFRecord files, 50 terms, three models, one table, one picture.

python -m benchmarks.lesson [--data DIR | --download] [--seeds 5] [--picture FILE]
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.lesson._comparison import REPEATS, compare, table
from benchmarks.lesson._models import MODELS, default_model, lesson_model
from benchmarks.lesson._terms import features
from benchmarks.shared.data._reviews import Reviews, load
from skembed import EmbeddingDisplay, EmbeddingDNNClassifier, read_tfrecord, write_tfrecord


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
        f"logistic regression (medians of {REPEATS}, interleaved)."
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
