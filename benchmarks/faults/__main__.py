"""Faults in processes of their own, and a table of what comes of each.

``python -m benchmarks.faults`` takes about half an hour; ``--quick`` two minutes.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence

from benchmarks.faults._damage import KINDS
from benchmarks.faults._faults import FAULTS
from benchmarks.faults._kills import killed
from benchmarks.faults._processes import run
from benchmarks.faults._threads import predicted
from benchmarks.shared import _results
from benchmarks.shared._tables import table

RESULTS = _results.RESULTS / "faults.md"
_PACKAGES = ("numpy", "scipy", "scikit-learn", "tensorflow")
_ONE = "import sys\nfrom benchmarks.faults._faults import outcome\nprint(outcome(sys.argv[1]))"
_MANY = "import runpy\nrunpy.run_module('benchmarks.faults._damage', run_name='__main__')"
_SECONDS, _SECONDS_A_FILE = 90.0, 0.5
_GOOD = ("told", "no harm")
_METHOD = """\
Each fault runs in a process of its own, with at most 90 seconds and 24 GB. "told": the error that
is expected, which names the row, column, parameter or file. "no harm": no error, and what was there
before is as it was."""
_DAMAGE = """\
Files with random changes. "refused": ModelFormatError, or for TFRecord files ValueError; "read":
the change did not matter, or made another valid file, whose predictions are finite. "other": an
exception of another kind, over 2 seconds, or more memory than ten times the file and 100 MB."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all; the number of those that are not as they must be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the tables")
    parser.add_argument("--quick", action="store_true", help="fewer files, kills and seconds")
    options = parser.parse_args(arguments)
    n_files, n_kills, seconds = (200, 2, 5.0) if options.quick else (10_000, 20, 60.0)
    faults, bad = _faults()
    damage, more = _damage(n_files)
    same, fits = killed(n_kills)
    n_predictions, n_wrong, n_fits = predicted(8, seconds)
    rest = (
        f"Killed: fits of a stream with dropout and term dropout were killed {n_kills} times or "
        f"more at random moments, up to three times each; {same} of {fits} went on to the same "
        f"bytes.\n\nThreads: 8 threads predicted {n_predictions:,} times in {seconds:.0f} s beside "
        f"{n_fits} fits of other estimators; {n_wrong} predictions had other bytes."
    )
    print(rest)
    bad += more + (fits - same) + n_wrong
    if options.write and not options.quick:
        head = _results.heading("Faults", "faults --write", _PACKAGES)
        parts = [head, _METHOD, faults, _DAMAGE, damage, rest]
        _results.write(RESULTS, "\n\n".join(parts) + "\n")
    return bad


def _faults() -> tuple[str, int]:
    lines, bad = [], 0
    for fault in FAULTS:
        ended = run(_ONE, [fault.name], _SECONDS)
        bad += ended.outcome not in _GOOD
        lines.append([fault.name, ended.outcome])
    text = table(lines, ["fault", "outcome"])
    print(text, flush=True)
    return text, bad


def _damage(n_files: int) -> tuple[str, int]:
    lines, bad = [], 0
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            limit = _SECONDS + _SECONDS_A_FILE * n_files
            ended = run(_MANY, [kind, str(n_files), folder], limit)
        try:
            counts = json.loads(ended.outcome)
        except json.JSONDecodeError:
            counts = {ended.outcome: 1}
        others = {name: count for name, count in counts.items() if name not in ("read", "refused")}
        bad += sum(others.values())
        told = "; ".join(f"{name} ({count})" for name, count in others.items()) or "none"
        found = [f"{counts.get(name, 0):,}" for name in ("refused", "read")]
        lines.append([kind, f"{n_files:,}", *found, told])
    text = table(lines, ["kind", "files", "refused", "read", "other"])
    print(text, flush=True)
    return text, bad


if __name__ == "__main__":
    sys.exit(min(main(), 1))
