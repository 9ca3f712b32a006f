"""How many rows it takes: ours at its defaults against linear models on few rows.

``python -m benchmarks.rows`` needs $SKEMBED_DATA and takes about two hours. The models get the
same rows, drawn anew from the training rows for each seed, and are judged on the same test rows.
Lines are kept in .rows_cache/, a file for each data set, and the table has all that are there:
``--sets adult`` measures one set anew. ``--most 2000`` ends at so many rows.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.rows._trials import COLUMNS, N_ROWS, N_SEEDS, compared
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
CACHE = Path(".rows_cache")
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
    parser.add_argument("--most", type=int, default=max(N_ROWS), help="most training rows")
    options = parser.parse_args(arguments)
    names = options.sets
    missing = {SETS[name].file for name in names if SETS[name].path is None}
    if missing:
        parser.error(f"wants {', '.join(sorted(missing))} below $SKEMBED_DATA.")
    CACHE.mkdir(exist_ok=True)
    with silenced():
        for name in names:
            data = SETS[name]
            assert data.path is not None
            lines = list(compared(data.title, data.make(data.path), options.most))
            (CACHE / f"{name}.json").write_text(json.dumps(lines))
    kept = [CACHE / f"{name}.json" for name in CHOSEN]
    lines = [line for path in kept if path.exists() for line in json.loads(path.read_text())]
    head = _results.heading("How many rows it takes", "rows")
    text = "\n\n".join([head, _METHOD.format(N_SEEDS), table(lines, COLUMNS)])
    _results.write(RESULTS, text + "\n")


if __name__ == "__main__":
    main()
