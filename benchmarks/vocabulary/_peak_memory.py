"""Peak memory of words and pairs of words to CSR, ours and the rival's, in fresh processes.

python -m benchmarks.vocabulary._peak_memory '{"side": "ours", "quick": true}'
"""

import gc
import json
import sys
from statistics import median

import pyarrow as pa

from benchmarks.shared._memory import peak_above_start
from benchmarks.shared._processes import Answer, answers_in_turns
from benchmarks.shared._tables import table_line
from benchmarks.shared.data._folder import data_folder
from benchmarks.vocabulary._tasks import PAIRS, reviews, text_transformers

SIDES = ("ours", "theirs")
_TARGET = 0.5


def peak(side: str, quick: bool) -> Answer:
    """Peak in MB of the task on words and pairs, above what this process held with the input."""
    root = data_folder()
    assert root is not None
    texts = reviews(root, quick)
    transformer = dict(zip(SIDES, text_transformers(*PAIRS), strict=True))[side]
    transformer.fit_transform(texts[:50])
    gc.collect()
    pa.default_memory_pool().release_unused()  # what reading the data has left free
    found = peak_above_start(lambda: transformer.fit_transform(texts))
    return {"peak": float("nan") if found is None else found}


def memory_line(quick: bool, repeats: int) -> str:
    """Return the line that compares peak memory."""
    questions = [{"side": side, "quick": quick} for side in SIDES]
    answers = answers_in_turns("benchmarks.vocabulary._peak_memory", questions, repeats)
    ours, theirs = (median(answer["peak"] for answer in side) for side in answers)
    share = ours / theirs
    return table_line(
        [
            "peak memory above the input, uni+bigrams: fit_transform",
            "CountVectorizer",
            f"{ours:.0f} MB",
            f"{theirs:.0f} MB",
            f"{share:.2f} of it",
            f"<= {_TARGET:.2f} of it",
            "yes" if share <= _TARGET else "no",
        ]
    )


if __name__ == "__main__":
    print(json.dumps(peak(**json.loads(sys.argv[1]))))
