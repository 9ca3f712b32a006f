"""Peak memory of n-grams of words, ours and the rival's, in fresh processes.

python -m benchmarks.vocabulary._peak_memory '{"task": "pairs", "side": "ours", "quick": true}'
"""

import gc
import json
import sys
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

import pyarrow as pa
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

from benchmarks.shared._memory import peak_above_start
from benchmarks.shared._processes import Answer, answers_in_turns
from benchmarks.shared._tables import table_line
from benchmarks.shared.data._folder import data_folder
from benchmarks.vocabulary._tasks import PAIRS, PATTERN, reviews, text_transformers
from skembed import VocabularyTransformer

SIDES = ("ours", "theirs")
_TRACKED = 200_000
_HASHED = 2**20


class MemoryTask(NamedTuple):
    """One row of the table: the same job done by us and by a rival."""

    name: str
    rival: str
    target: float  # share of the rival's peak
    method: tuple[str, str]  # ours, theirs
    make: Callable[[], tuple[Any, Any]]  # ours, theirs


def _streamed() -> tuple[Any, Any]:
    ours = VocabularyTransformer(
        tokenizer="word", ngram_range=(1, 3), max_tracked_terms=_TRACKED, weighting="count"
    )
    return ours, CountVectorizer(token_pattern=PATTERN, ngram_range=(1, 3))


def _hashed() -> tuple[Any, Any]:
    ours = VocabularyTransformer(
        tokenizer="word", ngram_range=(1, 3), num_hash_buckets=_HASHED, weighting="count"
    )
    return ours, HashingVectorizer(
        token_pattern=PATTERN, ngram_range=(1, 3), n_features=_HASHED, norm=None
    )


TASKS = {
    "pairs": MemoryTask(
        "uni+bigrams: fit_transform",
        "CountVectorizer",
        0.5,
        ("fit_transform", "fit_transform"),
        lambda: text_transformers(*PAIRS),
    ),
    "streamed": MemoryTask(
        f"1 to 3 words, {_TRACKED:,} counts kept: partial_fit",
        "CountVectorizer, all counts: fit",
        0.5,
        ("partial_fit", "fit"),
        _streamed,
    ),
    "hashed": MemoryTask(
        f"1 to 3 words, hashed to {_HASHED:,}: transform",
        "HashingVectorizer",
        1.0,
        ("transform", "transform"),
        _hashed,
    ),
}


def peak(task: str, side: str, quick: bool) -> Answer:
    """Peak in MB of a task, above what this process held with the input."""
    root = data_folder()
    assert root is not None
    texts = reviews(root, quick)
    chosen, number = TASKS[task], SIDES.index(side)
    run = getattr(chosen.make()[number], chosen.method[number])
    run(texts[:50])
    gc.collect()
    pa.default_memory_pool().release_unused()  # what reading the data has left free
    run = getattr(chosen.make()[number], chosen.method[number])
    found = peak_above_start(lambda: run(texts))
    return {"peak": float("nan") if found is None else found}


def memory_lines(quick: bool, repeats: int, only: str) -> Iterator[str]:
    """Yield the lines that compare peak memory, of tasks whose name contains `only`."""
    for key, task in TASKS.items():
        name = f"peak memory above the input, {task.name}"
        if only not in name:
            continue
        questions = [{"task": key, "side": side, "quick": quick} for side in SIDES]
        answers = answers_in_turns("benchmarks.vocabulary._peak_memory", questions, repeats)
        ours, theirs = (median(answer["peak"] for answer in side) for side in answers)
        share = ours / theirs
        yield table_line(
            [
                name,
                task.rival,
                f"{ours:.0f} MB",
                f"{theirs:.0f} MB",
                f"{share:.2f} of it",
                f"<= {task.target:.2f} of it",
                "yes" if share <= task.target else "no",
            ]
        )


if __name__ == "__main__":
    print(json.dumps(peak(**json.loads(sys.argv[1]))))
