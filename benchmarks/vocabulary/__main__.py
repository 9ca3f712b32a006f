r"""Terms to CSR: VocabularyTransformer against the scikit-learn tools that it replaces.

``python -m benchmarks.vocabulary [--quick]`` prints one row per task, after asserting
that both sides give the same matrix, and writes ``benchmarks/results/vocabulary.md``.
``--only characters`` runs the tasks whose name contains this word, and writes nothing.
Both sides of a row take turns in one process; a ratio is that of the medians. Peak
memory is the high-water mark of a fresh process above what it held with the input.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.shared import _results
from benchmarks.shared._tables import table_line
from benchmarks.shared._timing import Contender, Ratio, race
from benchmarks.shared.data._folder import data_folder, data_path
from benchmarks.vocabulary._peak_memory import memory_lines
from benchmarks.vocabulary._tasks import Task, assert_same, id_tasks, list_tasks, text_tasks

RESULTS = _results.RESULTS / "vocabulary.md"
COLUMNS = ("task", "rival", "ours", "rival's", "times faster", "target", "reached")
_PACKAGES = ("scikit-learn", "pyarrow", "numpy", "pandas", "scipy")
_METHOD = (
    "Medians of turns taken in one process, matrices asserted equal first; in brackets "
    "the lowest and highest ratio of a turn."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all tasks whose data is there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vocabulary", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the data, fewer turns")
    parser.add_argument("--only", default="", metavar="WORD", help="tasks with it in their name")
    options = parser.parse_args(arguments)
    lines = report(options.quick, options.only)
    if not options.quick and not options.only:
        _results.write(RESULTS, "\n".join(lines) + "\n")


def report(quick: bool, only: str = "") -> list[str]:
    """Print and return the lines of the report, those of the table as they come."""
    command = "vocabulary" + " --quick" * quick + f" --only {only!r}" * bool(only)
    lines = [
        _results.heading("VocabularyTransformer against scikit-learn", command, _PACKAGES),
        _METHOD,
        "",
        table_line(COLUMNS),
        "|" + "---|" * len(COLUMNS),
    ]
    print("\n".join(lines), flush=True)
    for line in task_lines(quick, only):
        print(line, flush=True)
        lines.append(line)
    return lines


def task_lines(quick: bool, only: str = "") -> Iterator[str]:
    """Yield a line per task whose name contains `only`, or per missing data set."""
    root = data_folder()
    for folder, make in [
        ("imdb", text_tasks),
        ("whats_cooking", list_tasks),
        ("amazon_access", id_tasks),
    ]:
        if root is None or data_path(folder) is None:
            missing = f"wants {folder} in the folder that SKEMBED_DATA names"
            yield table_line([missing, *[""] * (len(COLUMNS) - 1)])
            continue
        for task in make(root, quick):
            if only in task.name:
                assert_same(task)
                yield timed_line(task, 3 if quick else 5)
    if data_path("imdb") is not None and Path("/proc/self/clear_refs").exists():
        yield from memory_lines(quick, 1 if quick else 3, only)


def timed_line(task: Task, repeats: int) -> str:
    """Let both sides of a task take turns; returns the line of the table."""
    sides = [
        Contender(name, run, warms_up=False, shows_peak=False)
        for name, run in (("ours", lambda _: task.ours()), (task.rival, lambda _: task.theirs()))
    ]
    ours, theirs = (timing.seconds for timing in race(sides, repeats, task.name))
    ratio = Ratio.of(theirs, ours)
    return table_line(
        [
            task.name,
            task.rival,
            f"{median(ours):.3f} s",
            f"{median(theirs):.3f} s",
            f"{ratio.value:.1f} ({ratio.low:.1f}-{ratio.high:.1f})",
            f"{task.target:g}",
            "yes" if ratio.value >= task.target else "no",
        ]
    )


if __name__ == "__main__":
    main()
