r"""Terms to CSR: VocabularyTransformer against the scikit-learn tools that it replaces.

``python -m benchmarks.vocabulary [--quick]`` prints one row per task, after asserting
that both sides give the same matrix, and writes ``benchmarks/results/vocabulary.md``.
Both sides of a row take turns in one process; a ratio is that of the medians. Peak
memory is the high-water mark of a fresh process above what it held with the input.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import MultiLabelBinarizer, OneHotEncoder

from skembed import VocabularyTransformer

PATTERN = r"\w+|[^\w\s]"
RESULTS = Path(__file__).parent / "results" / "vocabulary.md"


class Task(NamedTuple):
    """One row of the table: the same job done by us and by a rival."""

    name: str
    rival: str
    target: float  # how many times faster we ought to be
    ours: Callable[[], tuple[Any, Any]]  # () -> matrix, feature names
    theirs: Callable[[], tuple[Any, Any]]


def _identity(tokens: list[str]) -> list[str]:
    return tokens


def data_root() -> Path | None:
    """Return the folder with the data sets."""
    root = os.environ.get("SKEMBED_DATA")
    return Path(root) if root else None


def reviews(root: Path, quick: bool) -> list[str]:
    """Return the training reviews."""
    frame = pd.read_parquet(root / "imdb" / "imdb.parquet")
    texts = frame.text[frame.split == "train"].tolist()
    return texts[::10] if quick else texts


def fit_pair(ours: Any, theirs: Any, X: Any, X_theirs: Any = None) -> tuple[Callable, Callable]:
    """Return the two sides of a fit_transform."""

    def run(transformer: Any, X: Any) -> tuple[Any, Any]:
        matrix = transformer.fit_transform(X)
        return matrix, lambda: feature_names(transformer)

    return lambda: run(ours, X), lambda: run(theirs, X if X_theirs is None else X_theirs)


def transform_pair(ours: Any, theirs: Any, X: Any) -> tuple[Callable, Callable]:
    """Return the two sides of a transform by transformers that are fitted already."""
    ours.fit(X)
    theirs.fit(X)
    return (
        lambda: (ours.transform(X), lambda: feature_names(ours)),
        lambda: (theirs.transform(X), lambda: feature_names(theirs)),
    )


def feature_names(transformer: Any) -> np.ndarray:
    """Return the names of the columns."""
    if isinstance(transformer, MultiLabelBinarizer):
        return transformer.classes_
    return transformer.get_feature_names_out()


def text_tasks(root: Path, quick: bool) -> Iterator[Task]:
    """Yield the tasks on reviews, as text and as ready tokens."""
    texts = reviews(root, quick)
    settings: list[tuple[str, dict, dict, float]] = [
        ("unigrams", {}, {}, 4.0),
        (
            "uni+bigrams, in 2 rows",
            {"ngram_range": (1, 2), "min_frequency": 2},
            {"ngram_range": (1, 2), "min_df": 2},
            5.0,
        ),
    ]
    for name, mine, theirs, target in settings:
        ours = VocabularyTransformer(weighting="count", tokenizer="word", **mine)
        rival = CountVectorizer(token_pattern=PATTERN, dtype=np.float32, **theirs)
        pair = fit_pair(ours, rival, texts)
        yield Task(f"review text, {name}: fit_transform", "CountVectorizer", target, *pair)
        pair = transform_pair(ours, rival, texts)
        yield Task(f"review text, {name}: transform", "CountVectorizer", target, *pair)
    tokens = list(map(CountVectorizer(token_pattern=PATTERN).build_analyzer(), texts))
    ours = VocabularyTransformer(weighting="count")
    rival = CountVectorizer(analyzer=_identity, dtype=np.float32)
    for method, pair in (
        ("fit_transform", fit_pair(ours, rival, tokens)),
        ("transform", transform_pair(ours, rival, tokens)),
    ):
        name = f"review tokens, lists of str: {method}"
        yield Task(name, "CountVectorizer(analyzer=identity)", 3.0, *pair)
    arrow = pa.array(tokens)
    yield Task(
        "review tokens, Arrow lists: fit_transform",
        "CountVectorizer(analyzer=identity) on lists",
        6.0,
        *fit_pair(ours, rival, arrow, tokens),
    )


def list_tasks(root: Path, quick: bool) -> Iterator[Task]:
    """Yield the task on short lists of long terms."""
    frame = pd.read_parquet(root / "whats_cooking" / "whats_cooking_train.parquet")
    lists = [ingredients.tolist() for ingredients in frame.ingredients]
    pair = fit_pair(VocabularyTransformer(), MultiLabelBinarizer(sparse_output=True), lists)
    yield Task("ingredient lists: fit_transform", "MultiLabelBinarizer", 1.5, *pair)


def id_tasks(root: Path, quick: bool) -> Iterator[Task]:
    """Yield the task on columns of categories."""
    frame = pd.read_parquet(root / "amazon_access" / "amazon_access.parquet")
    frame = frame.drop(columns="ACTION")
    n_rows = 100_000 if quick else 1_000_000
    frame = frame.iloc[np.arange(n_rows) % len(frame)].reset_index(drop=True)
    ours, rival = VocabularyTransformer(), OneHotEncoder(dtype=np.float32)
    name = f"{frame.shape[1]} id columns, {n_rows:,} rows: fit_transform"
    yield Task(name, "OneHotEncoder", 1.0, *fit_pair(ours, rival, frame))


def assert_same(task: Task) -> None:
    """Raise unless both sides give the same matrix, their columns put in one order."""
    (ours, our_names), (theirs, their_names) = task.ours(), task.theirs()
    order = dict(zip(map(str, their_names()), range(theirs.shape[1]), strict=True))
    columns = [order[name] for name in our_names()]
    assert len(columns) == len(set(columns)) == theirs.shape[1], task.name
    difference = ours - sp.csr_matrix(theirs)[:, columns].astype(ours.dtype)
    assert difference.count_nonzero() == 0, task.name
    assert ours.indices.dtype == np.int32 and ours.has_canonical_format, task.name


def timed(function: Callable[[], Any]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def race(task: Task, repeats: int) -> tuple[float, float, list[float]]:
    """Return our and their median seconds, and the ratio of each turn."""
    turns = [(timed(task.ours), timed(task.theirs)) for _ in range(repeats)]
    ours, theirs = zip(*turns, strict=True)
    return median(ours), median(theirs), sorted(b / a for a, b in turns)


def measure_memory(side: str, quick: bool) -> None:
    """Print the peak memory in MB of the uni+bigrams task, above the input (a fresh process)."""
    root = data_root()
    assert root is not None
    texts = reviews(root, quick)
    if side == "ours":
        transformer: Any = VocabularyTransformer(
            weighting="count", tokenizer="word", ngram_range=(1, 2), min_frequency=2
        )
    else:
        transformer = CountVectorizer(
            token_pattern=PATTERN, dtype=np.float32, ngram_range=(1, 2), min_df=2
        )
    transformer.fit_transform(texts[:50])
    gc.collect()
    pa.default_memory_pool().release_unused()
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # what reading the data has left free
    Path("/proc/self/clear_refs").write_text("5")  # resets the high-water mark
    before = _status("VmRSS")
    X = transformer.fit_transform(texts)
    print((_status("VmHWM") - before) / 1024, X.nnz)


def _status(field: str) -> int:
    """Return a figure of /proc/self/status in kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


def memory_row(quick: bool, repeats: int) -> str:
    """Return the row that compares peak memory."""
    command = [sys.executable, "-m", "benchmarks.vocabulary", *["--quick"] * quick, "--memory"]
    peaks = {
        side: median(
            float(subprocess.check_output([*command, side], text=True).split()[0])
            for _ in range(repeats)
        )
        for side in ("ours", "theirs")
    }
    share = peaks["ours"] / peaks["theirs"]
    mark = "yes" if share <= 0.5 else "no"
    return (
        "| peak memory above the input, uni+bigrams: fit_transform | CountVectorizer "
        f"| {peaks['ours']:.0f} MB | {peaks['theirs']:.0f} MB | {share:.2f} of it "
        f"| <= 0.50 of it | {mark} |"
    )


def machine() -> str:
    """Describe what this ran on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    packages = ["scikit-learn", "pyarrow", "numpy", "pandas", "scipy"]
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{model}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}"


def main() -> None:
    """Run all tasks whose data is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the data, fewer turns")
    parser.add_argument("--memory", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        measure_memory(options.memory, options.quick)
        return
    lines = table(options.quick)
    if not options.quick:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text("\n".join(lines) + "\n")
        print(f"Written to {RESULTS.relative_to(Path.cwd())}")


def table(quick: bool) -> list[str]:
    """Print and return the lines of the report."""
    lines = [
        "# VocabularyTransformer against scikit-learn",
        "",
        f"`python -m benchmarks.vocabulary{' --quick' * quick}` on {machine()}.",
        "Medians of turns taken in one process, matrices asserted equal first; in brackets "
        "the lowest and highest ratio of a turn.",
        "",
        "| task | rival | ours | rival's | times faster | target | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for line in rows(quick):
        print(line, flush=True)
        lines.append(line)
    return lines


def rows(quick: bool) -> Iterator[str]:
    """Yield a line per task, or per missing data set."""
    root = data_root()
    for folder, make in [
        ("imdb", text_tasks),
        ("whats_cooking", list_tasks),
        ("amazon_access", id_tasks),
    ]:
        if root is None or not (root / folder).is_dir():
            yield f"| wants {folder} in the folder that SKEMBED_DATA names | | | | | | |"
            continue
        for task in make(root, quick):
            assert_same(task)
            ours, theirs, ratios = race(task, 3 if quick else 5)
            mark = "yes" if theirs / ours >= task.target else "no"
            yield (
                f"| {task.name} | {task.rival} | {ours:.3f} s | {theirs:.3f} s "
                f"| {theirs / ours:.1f} ({ratios[0]:.1f}-{ratios[-1]:.1f}) "
                f"| {task.target:g} | {mark} |"
            )
    if root is not None and (root / "imdb").is_dir() and Path("/proc/self/clear_refs").exists():
        yield memory_row(quick, 1 if quick else 3)


if __name__ == "__main__":
    main()
