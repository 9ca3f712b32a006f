r"""A fit on a folder of Parquet files: memory and rows per second, beside a fit from memory.

``python -m benchmarks.columnar [--gigabytes 1] [--write]`` makes a folder of this size, trains one
epoch from it in a fresh process, and trains on rows in memory in other processes before and after.
The folder is temporary and removed. ``--write`` writes ``benchmarks/results/columnar.md``.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.columnar._made_folder import ROWS_PER_GROUP, make_folder
from benchmarks.columnar._worker import ROWS_PER_CHUNK
from benchmarks.shared import _results
from benchmarks.shared._processes import Answer, answer_of
from benchmarks.shared._tables import table_line

RESULTS = _results.RESULTS / "columnar.md"
COLUMNS = (
    "rows from",
    "rows",
    "before training",
    "training epoch",
    "rows per second of an epoch",
    "CPU seconds of an epoch per million rows",
    "memory before",
    "peak memory",
)
_PACKAGES = ("numpy", "pyarrow", "scikit-learn", "tensorflow", "keras")
_WORKER = "benchmarks.columnar._worker"
_MEMORY_ROWS = 2_097_152
_TARGET, _TARGET_MB = 0.8, 2048


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the folder, measure, print the report and write it if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.columnar", description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of the folder (1)")
    parser.add_argument("--memory-rows", type=int, default=_MEMORY_ROWS, help="rows in memory")
    parser.add_argument("--write", action="store_true", help="write the table of results")
    options = parser.parse_args(arguments)
    text = report(options.gigabytes, options.memory_rows)
    print(text)
    if options.write:
        _results.write(RESULTS, text)


def report(gigabytes: float, memory_rows: int) -> str:
    """Return the report on a folder of this size."""
    with tempfile.TemporaryDirectory(prefix="skembed-columnar-") as folder:
        n_rows = make_folder(Path(folder), gigabytes * 1e9)
        n_bytes = sum(path.stat().st_size for path in Path(folder).iterdir())
        sides = [("memory", min(memory_rows, n_rows)), ("files", n_rows)]
        answers = [
            answer_of(_WORKER, {"side": side, "folder": folder, "n_rows": rows})
            for side, rows in [*sides, sides[0]]
        ]
        load = os.getloadavg()[2]
    command = f"columnar --gigabytes {gigabytes:g}"
    lines = [
        _results.heading("A fit on a folder of Parquet files", command, _PACKAGES),
        "",
        _method(n_rows, n_bytes, answers[1], load),
        "",
        table_line(COLUMNS),
        "|" + "---|" * len(COLUMNS),
        *(
            _line(name, answer)
            for name, answer in zip(("memory", "files", "memory"), answers, strict=True)
        ),
        "",
        _verdict(answers),
    ]
    return "\n".join(lines) + "\n"


def _method(n_rows: int, n_bytes: int, answer: Answer, load: float) -> str:
    return (
        f"The folder has {n_rows:,} rows in {n_bytes / 1e9:.2f} GB: six columns of ids, a list of "
        f"eight tags and a label, in row groups of {ROWS_PER_GROUP:,}. A `VocabularyTransformer` "
        f"of {answer['n_features']:,.0f} features is fitted and the program compiled before the "
        f"measurement. From files, with chunks of {ROWS_PER_CHUNK:,} rows, a fit makes a first "
        "pass before the epoch; both read and transform all rows. From memory, rows are "
        "transformed once before the fit. Rows per second of an epoch count reading, transforming "
        "and training. Each line is a fresh process; the average load of the machine over 15 "
        f"minutes was {load:.1f} at the end."
    )


def _line(name: str, answer: Answer) -> str:
    what = {"files": "first pass", "memory": "transform"}[name]
    return table_line(
        [
            name,
            f"{answer['n_rows']:,}",
            f"{what}, {answer['first']:.1f} s",
            f"{answer['second']:.1f} s",
            f"{epoch_rate(name, answer):,.0f}",
            f"{1e6 / epoch_rate(name, answer, '_cpu'):.1f}",
            f"{answer['before']:,.0f} MB",
            f"{answer['peak']:,.0f} MB",
        ]
    )


def epoch_rate(name: str, answer: Answer, clock: str = "") -> float:
    """Rows per second of an epoch that begins with rows of a table and ends with the network.

    `clock` is "_cpu" for CPU seconds.
    """
    seconds = answer["second" + clock]
    if name == "memory":
        seconds += answer["first" + clock]
    return answer["n_rows"] / seconds


def _verdict(answers: Sequence[Answer]) -> str:
    before, files, after = answers
    shares = {
        clock: [
            epoch_rate("files", files, clock) / epoch_rate("memory", answer, clock)
            for answer in (before, after)
        ]
        for clock in ("", "_cpu")
    }
    whole = files["n_rows"] / (files["first"] + files["second"])
    fits = [whole / epoch_rate("memory", answer) for answer in (before, after)]
    reached = min(shares[""]) >= _TARGET and files["peak"] < _TARGET_MB
    return (
        f"An epoch from files has {_range(shares[''])} of the rows per second from memory (target "
        f"{_TARGET}), and {_range(shares['_cpu'])} of the rows per CPU second, at a peak of "
        f"{files['peak']:,.0f} MB (target {_TARGET_MB:,} MB): {'' if reached else 'not '}reached. "
        f"A fit of one epoch, its first pass included, has {_range(fits)}."
    )


def _range(shares: Sequence[float]) -> str:
    return f"{min(shares):.2f} to {max(shares):.2f}"


if __name__ == "__main__":
    main()
