"""What rows without a label bring: few labels among the training rows of texts.

``python -m benchmarks.unlabeled [--sets NAME ...]`` needs $SKEMBED_DATA and takes about ten
minutes. All models get the same rows and labels, drawn anew for each seed, and are judged on the
test rows.
"""

import argparse
from collections.abc import Sequence

from benchmarks.shared import _results
from benchmarks.shared._tables import table
from benchmarks.shared._warnings import silenced
from benchmarks.shared.data._sets import SETS
from benchmarks.unlabeled._trials import COLUMNS, N_SEEDS, compared

CHOSEN = ("imdb-words", "imdb-short", "newsgroups")
RESULTS = _results.RESULTS / "unlabeled.md"
_METHOD = f"""\
Of the training rows, 250, 500 or 2,000 have a label, three of each class among them; the others \
have -1. skembed runs at its defaults, with unlabeled=True. TruncatedSVD has 100 components of \
tf-idf. Self-training, for two classes, has tf-idf and the default threshold. C of both by \
LogisticRegressionCV with the log loss. C tuned: of 13 values on a fifth of the rows with a \
label. Means over {N_SEEDS} draws, "better by" with the standard error over the draws; seconds \
are medians, one BLAS thread."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unlabeled", description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=CHOSEN, default=CHOSEN)
    options = parser.parse_args(arguments)
    missing = {SETS[name].file for name in options.sets if SETS[name].path is None}
    if missing:
        parser.error(f"wants {', '.join(sorted(missing))} below $SKEMBED_DATA.")
    lines = []
    with silenced():
        for name in options.sets:
            data = SETS[name]
            assert data.path is not None
            lines += compared(data.title, data.make(data.path))
    head = _results.heading("Few labels among many rows", "unlabeled")
    text = "\n\n".join([head, _METHOD, table(lines, COLUMNS)])
    _results.write(RESULTS, text + "\n")


if __name__ == "__main__":
    main()
