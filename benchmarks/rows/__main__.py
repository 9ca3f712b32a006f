"""How many rows it takes: ours at its defaults against linear models on few rows.

``python -m benchmarks.rows`` needs $SKEMBED_DATA and takes about an hour; ``--sets adult`` shows
one data set and writes nothing. The models get the same rows, drawn anew from the training rows
for each seed, and are judged on the same test rows.
"""

import argparse
from collections.abc import Sequence

from benchmarks.rows._trials import COLUMNS, N_SEEDS, compared
from benchmarks.shared import _results
from benchmarks.shared._tables import table
from benchmarks.shared._warnings import silenced
from benchmarks.shared.data._sets import SETS

CHOSEN = (
    "imdb50",
    "imdb-words",
    "imdb-short",
    "first-lines",
    "cooking",
    "adult",
    "amazon",
    "slashdot",
    "airbnb",
    "airbnb-ids",
)
RESULTS = _results.RESULTS / "rows.md"
_METHOD = """\
Loss on the test rows: log loss, for labels its mean over the labels, for numbers 1 - R2. skembed
runs at its defaults. "linear" is LogisticRegression or Ridge at its defaults with max_iter=1000;
"tuned" has its penalty chosen on a fifth of the rows, as in `quality.md`. Means of {} draws of
the training rows, the same for all, with three rows of each class at least; "better by" with the
standard error over the draws. Seconds are medians of the fits, tuning included."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rows", description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=CHOSEN, default=CHOSEN)
    names = parser.parse_args(arguments).sets
    missing = {SETS[name].file for name in names if SETS[name].path is None}
    if missing:
        parser.error(f"wants {', '.join(sorted(missing))} below $SKEMBED_DATA.")
    lines: list[list[str]] = []
    with silenced():
        for name in names:
            data = SETS[name]
            assert data.path is not None
            lines += compared(data.title, data.make(data.path))
    if len(names) < len(CHOSEN):
        return
    head = _results.heading("How many rows it takes", "rows")
    text = "\n\n".join([head, _METHOD.format(N_SEEDS), table(lines, COLUMNS)])
    _results.write(RESULTS, text + "\n")


if __name__ == "__main__":
    main()
