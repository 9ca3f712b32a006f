"""How fast it is: our fits and predictions against rivals that take turns with them.

python -m benchmarks.speed [--quick] [--rows NAME ...] [--repeats N]

IMDB is looked for below $SKEMBED_DATA. A full run writes benchmarks/results/speed.md.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shared import _results
from benchmarks.shared._tables import Section
from benchmarks.shared._warnings import silenced
from benchmarks.shared.data._reviews import IMDB
from benchmarks.speed import (
    _default_fits,
    _fits,
    _fresh_processes,
    _memory,
    _predictions,
    _scaling,
    _starting_up,
)
from benchmarks.speed._features import Imdb
from benchmarks.speed._setting import Setting

RESULTS = _results.RESULTS / "speed.md"
_QUICK_REVIEWS = 2_000
_METHOD = """\
Contenders take turns in one process, or in fresh processes where that is said. Medians of \
{} turns (of up to 5 or 3 where a turn takes long), after one that does not count; a ratio is \
one of medians, with the lowest and highest of a turn in brackets. All get the same float32 \
CSR; n_jobs and threads are left at their defaults unless a line says otherwise. Peak memory \
is that of a further call above what the process held before it."""
_SMALL = " Targets are for the full data, not for this."


@dataclass(frozen=True)
class Row:
    """A section of the report, and whether it needs IMDB."""

    run: Callable[[Setting], Section]
    wants_imdb: bool = True


ROWS: dict[str, Row] = {
    "lesson": Row(_fits.lesson),
    "unigrams": Row(_fits.unigrams),
    "bigrams": Row(_fits.bigrams),
    "vocabulary": Row(_scaling.vocabulary, wants_imdb=False),
    "rows": Row(_scaling.rows, wants_imdb=False),
    "grid": Row(_fresh_processes.grid),
    "predict": Row(_predictions.predict),
    "cold": Row(_fresh_processes.cold),
    "start": Row(_starting_up.start),
    "defaults": Row(_default_fits.defaults),
    "memory": Row(_memory.memory),
}


def sections(names: Sequence[str], setting: Setting) -> Iterator[str]:
    """Run rows and yield their sections as Markdown."""
    for number, name in enumerate(names, start=1):
        row = ROWS[name]
        if row.wants_imdb and setting.imdb is None:
            yield f"## {name}\n\nSkipped: wants {IMDB} below $SKEMBED_DATA.\n"
            continue
        print(f"[{number}/{len(names)}] {name} ...", file=sys.stderr, flush=True)
        start = time.perf_counter()
        section = row.run(setting)
        print(f"    {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        yield section.markdown(judged=not setting.quick)


def heading(options: argparse.Namespace) -> str:
    """Return what stands above the sections: command, machine and method."""
    return "\n".join(
        [
            _results.heading("Speed and memory", "speed" + " --quick" * options.quick),
            "",
            f"{_METHOD.format(options.repeats)}{_SMALL * options.quick}",
            "",
        ]
    )


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less data, fewer turns, no file")
    parser.add_argument("--rows", nargs="+", choices=ROWS, metavar="NAME", help=", ".join(ROWS))
    parser.add_argument("--repeats", type=int, help="turns (default: 7, or 2 with --quick)")
    options = parser.parse_args(arguments)
    options.repeats = options.repeats or (2 if options.quick else 7)
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark from the command line."""
    options = parsed(arguments)
    names = options.rows or list(ROWS)
    parts = [heading(options)]
    print(parts[0], flush=True)
    imdb = Imdb.find(_QUICK_REVIEWS if options.quick else None)
    with TemporaryDirectory() as folder:
        setting = Setting(options.quick, options.repeats, Path(folder), imdb)
        with silenced():
            for section in sections(names, setting):
                print(section, flush=True)
                parts.append(section)
    if options.quick or options.rows or imdb is None:
        print("Not written to a file: that takes all rows, IMDB, and no --quick.")
        return
    _results.write(RESULTS, "\n".join(parts))


if __name__ == "__main__":
    main()
