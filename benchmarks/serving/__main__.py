"""Fitted models in production: agreement, size, start, latency and memory of each way to serve.

``python -m benchmarks.serving`` needs $SKEMBED_DATA and onnxruntime, and takes about three
minutes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.serving._models import FILES, served, write_files
from benchmarks.serving._small_files import HEADERS, small_file_lines
from benchmarks.shared import _results
from benchmarks.shared._tables import table
from benchmarks.shared._warnings import silenced
from benchmarks.shared.data._folder import data_path

RESULTS = _results.RESULTS / "serving.md"
_PACKAGES = ("numpy", "scipy", "scikit-learn", "tensorflow", "onnx", "onnxruntime")
_WORKER = Path(__file__).with_name("_worker.py")
_TITLES = {"texts": "IMDB, words", "lists": "What's Cooking", "table": "Adult"}
_WAYS = ("scikit-learn", "skembed", "skembed, int8", "ONNX", "SavedModel")
_AGREEMENT = """\
Largest difference of probabilities to `predict_proba`, of 10,000 test rows in blocks of 1,000, in
processes that cannot import skembed. Among the texts are empty ones, and others without ASCII."""
_LATENCY = """\
IMDB, 30,000 words. Each way in a process of its own. "Ready": from the imports to the first
prediction. "One row": a median of 300 reviews, cut to 200 words, one at a time, texts split by the
way itself; "two threads": reviews a second, by one at a time each. "Memory": the most that the
process held.
scikit-learn: `TfidfVectorizer(max_features=30_000)` and `LogisticRegression()`."""
_SMALL = """\
`save(..., quantize="int8")`, with rows pruned or not, on 10,000 test rows. "Table": what its rows
take in memory."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the tables")
    options = parser.parse_args(arguments)
    missing = [file for file in FILES.values() if data_path(file) is None]
    if missing:
        parser.error(f"wants {', '.join(missing)} below $SKEMBED_DATA.")
    agreement, latency, small = [], [], []
    with silenced(), tempfile.TemporaryDirectory() as made:
        for name, title in _TITLES.items():
            folder = Path(made) / name
            folder.mkdir()
            data = served(name)
            model = write_files(name, data, folder)
            errors = [_run(way, folder, "agree")["error"] for way in _WAYS[3:]]
            agreement.append([title, *(f"{error:.0e}" for error in errors)])
            small += small_file_lines(title, model, data, folder)
            if name == "texts":
                latency = [_latency_line(way, folder) for way in _WAYS]
                pairs = data.model(name, pairs=True).fit(data.X, data.y)
                small += small_file_lines("IMDB, words and pairs", pairs, data, folder)
    tables = [
        table(agreement, ["data", *_WAYS[3:]]),
        table(latency, ["way", "file", "ready", "one row", "1,000 rows", "two threads", "memory"]),
        table(small, HEADERS),
    ]
    print("\n\n".join(tables))
    if options.write:
        head = _results.heading("Serving", "serving --write", _PACKAGES)
        parts = [head, _AGREEMENT, tables[0], _LATENCY, tables[1], _SMALL, tables[2]]
        _results.write(RESULTS, "\n\n".join(parts) + "\n")


def _run(way: str, folder: Path, task: str) -> dict[str, float]:
    arguments = [sys.executable, str(_WORKER), way, str(folder), task]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _latency_line(way: str, folder: Path) -> list[str]:
    files = {
        "scikit-learn": "linear.joblib",
        "skembed": "model.skembed",
        "skembed, int8": "small.skembed",
        "ONNX": "model.onnx",
        "SavedModel": "1",
    }
    path = folder / files[way]
    parts = [path] if path.is_file() else [part for part in path.rglob("*") if part.is_file()]
    found = _run(way, folder, "time")
    return [
        way,
        f"{sum(part.stat().st_size for part in parts) / 1e6:.1f} MB",
        f"{found['ready']:.2f} s",
        f"{1e3 * found['one']:.2f} ms",
        f"{1e3 * found['many']:.0f} ms",
        f"{found['threads']:,.0f}",
        f"{found['memory']:.0f} MB",
    ]


if __name__ == "__main__":
    main()
