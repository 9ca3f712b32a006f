"""Results of a benchmark on disk: what was fitted once is not fitted again."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import sklearn

from benchmarks.shared._source_digest import source_digest

_FORMAT = 1  # of what is kept: another number makes all results be computed anew


@dataclass(frozen=True)
class Result:
    """Scores of one fit; none if it was ended at the time limit."""

    key: str
    set: str
    model: str
    seed: int
    seconds: float
    scores: dict[str, float]
    note: str = ""
    predict_seconds: float | None = None


class Store:
    """A folder with a JSON line for each result, and the rows of its scores beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "rows").mkdir(parents=True, exist_ok=True)

    @property
    def _lines(self) -> Path:
        return self._folder / "results.jsonl"

    @cached_property
    def _results(self) -> dict[str, Result]:
        lines = self._lines.read_text().splitlines() if self._lines.exists() else []
        return {result.key: result for result in (Result(**json.loads(line)) for line in lines)}

    def get(self, key: str) -> Result | None:
        """Return the result of this key, if it is kept with its rows."""
        result = self._results.get(key)
        return result if result is None or self._rows_path(key).exists() else None

    def put(self, result: Result, rows: dict[str, np.ndarray]) -> None:
        """Keep a result."""
        small = {name: values.astype(np.float32) for name, values in rows.items()}
        np.savez_compressed(self._rows_path(result.key), **small)
        with self._lines.open("a") as file:
            file.write(json.dumps(asdict(result)) + "\n")
        self._results[result.key] = result

    def rows(self, result: Result, score: str) -> np.ndarray:
        """Return what each test row adds to a score."""
        with np.load(self._rows_path(result.key)) as arrays:
            return arrays[score].astype(np.float64)

    def _rows_path(self, key: str) -> Path:
        return self._folder / "rows" / f"{key}.npz"


def key_of(digest: str, estimator: Any, *, ours: bool, code: str | None = None) -> str:
    """Hash of all that a result depends on: data, parameters and versions.

    `code` stands for the versions; None means our estimators, or scikit-learn.
    """
    parameters = sorted((name, repr(value)) for name, value in estimator.get_params().items())
    if code is None:
        code = source_digest() if ours else f"scikit-learn {sklearn.__version__}"
    told = [_FORMAT, digest, type(estimator).__name__, parameters, code]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
