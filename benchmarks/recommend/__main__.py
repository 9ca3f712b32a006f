"""Recommending at the defaults against tuned recommenders, on items of real users.

``python -m benchmarks.recommend`` needs $SKEMBED_DATA and takes about half an hour, most of it
for tuning the rivals; what they had is kept in .recommend_cache/, and fitted again where that is
not there. iALS runs where the package implicit is installed (``pip install --group rivals .``).
``--cost`` measures one recommendation and a stream of made histories instead, and writes nothing.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.recommend._comparison import COLUMNS, compared
from benchmarks.recommend._cost import one_user, streamed
from benchmarks.recommend._problems import N_SPLITS, problems
from benchmarks.shared import _results
from benchmarks.shared._tables import table, table_line
from benchmarks.shared._warnings import silenced

RESULTS = _results.RESULTS / "recommend.md"
CACHE = Path(".recommend_cache")
_PACKAGES = ("numpy", "scipy", "scikit-learn", "tensorflow", "implicit")
_METHOD = """\
Means of {} splits. "New users": a fifth of the users judges, of whom 80 % of the items are given
and 20 % are to be found (Liang et al., 2018). "Last five likes": the five latest likes of a fifth
of the users are to be found, everything before is known. Ours runs at its defaults. A rival's
setting has the best NDCG@100 for another fifth of the users, and is then fitted to all histories
that ours is given. Items of a history are left out of all lists. "Better by" with the standard
error over the splits; seconds are medians of the last fit, without the tuning of rivals."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the table."""
    known = problems()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recommend", description=__doc__)
    parser.add_argument("--data", nargs="+", choices=list(known) or None, default=list(known))
    parser.add_argument("--cost", action="store_true", help="measure seconds and memory instead")
    parser.add_argument("--users", type=int, default=1_000_000, help="of the made stream")
    parser.add_argument("--items", type=int, default=100_000, help="of the made stream")
    parser.add_argument("--write", action="store_true", help="write the table")
    options = parser.parse_args(arguments)
    with silenced():
        if options.cost:
            print(f"One user, 10,000 items: {1e3 * one_user(10_000):.2f} ms")
            seconds, peak = streamed(options.users, options.items)
            print(
                f"{options.users:,} users, {options.items:,} items: {seconds:.0f} s, {peak:.0f} MB"
            )
            return
        if not known:
            parser.error("wants movielens/ or lastfm/ below $SKEMBED_DATA.")
        CACHE.mkdir(exist_ok=True)
        lines = []
        for name in options.data:
            for line in compared(known[name], CACHE):
                print(table_line(line), flush=True)
                lines.append(line)
    if options.write:
        head = _results.heading("Recommending", "recommend --write", _PACKAGES)
        text = "\n\n".join([head, _METHOD.format(N_SPLITS), table(lines, COLUMNS)])
        _results.write(RESULTS, text + "\n")


if __name__ == "__main__":
    main()
