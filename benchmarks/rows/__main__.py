"""How many rows it takes: ours at its defaults against logistic regression on few rows.

``python -m benchmarks.rows`` needs $SKEMBED_DATA and takes a few minutes. Both models get the
same rows, drawn anew from the training rows for each seed, and are judged on the same test rows.
"""

import argparse
from collections.abc import Sequence

from threadpoolctl import threadpool_limits

from benchmarks.rows._trials import COLUMNS, N_SEEDS, compared
from benchmarks.shared import _results
from benchmarks.shared._tables import table
from benchmarks.shared._warnings import silenced
from benchmarks.shared.data._sets import SETS

CHOSEN = ("imdb50", "imdb-words", "adult")
RESULTS = _results.RESULTS / "rows.md"
_METHOD = """\
Log loss on the test rows of `quality.md`; skembed at its defaults, logistic regression with C
tuned as there. Means of {} draws of the training rows, the same for both;
"better by" with the standard error over the draws. Seconds are medians of the fits, tuning
included. With fewer than 1,000 rows skembed holds none out by default, and chooses nothing;
"stopped" is with early_stopping=True."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rows", description=__doc__)
    parser.parse_args(arguments)
    missing = {SETS[name].file for name in CHOSEN if SETS[name].path is None}
    if missing:
        parser.error(f"wants {', '.join(sorted(missing))} below $SKEMBED_DATA.")
    lines: list[list[str]] = []
    with threadpool_limits(limits=1), silenced():
        for name in CHOSEN:
            data = SETS[name]
            assert data.path is not None
            lines += compared(data.title, data.make(data.path))
    head = _results.heading("How many rows it takes", "rows")
    text = "\n\n".join([head, _METHOD.format(N_SEEDS), table(lines, COLUMNS)])
    _results.write(RESULTS, text + "\n")


if __name__ == "__main__":
    main()
