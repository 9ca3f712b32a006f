"""Size and loss of quantized files."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import log_loss

from benchmarks.serving._models import Served
from skembed import load, save

HEADERS = ["data", "file", "size", "share", "table", "log loss", "difference", "loaded in"]
_WAYS = ((None, 0.0), ("int8", 0.0), ("int8", 0.5), ("int8", 0.75))


def small_file_lines(title: str, model: Any, data: Served, folder: Path) -> list[list[str]]:
    """Save a fitted model in each way, and compare what is loaded."""
    lines: list[list[str]] = []
    whole = 0
    first = 0.0
    for quantize, prune in _WAYS:
        path = folder / "file.skembed"
        save(model, path, quantize=quantize, prune=prune)
        start = time.perf_counter()
        loaded = load(path)
        seconds = time.perf_counter() - start
        size = path.stat().st_size
        loss = log_loss(data.targets, loaded.predict_proba(data.rows), labels=model.classes_)
        if quantize is None:
            whole, first = size, loss
        name = "plain" if quantize is None else f"{quantize}, prune={prune}" if prune else quantize
        table = _table_bytes(loaded[-1]._table.rows)
        lines.append(
            [
                title,
                name,
                f"{size / 1e6:.2f} MB",
                "" if quantize is None else f"1/{whole / size:.1f}",
                f"{table / 1e6:.2f} MB",
                f"{loss:.4f}",
                "" if quantize is None else f"{loss - first:+.4f}",
                f"{seconds:.3f} s",
            ]
        )
    return lines


def _table_bytes(rows: Any) -> int:
    """Memory that the rows of a table take."""
    return rows.nbytes if isinstance(rows, np.ndarray) else rows.codes.nbytes
