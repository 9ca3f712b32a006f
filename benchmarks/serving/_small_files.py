"""Size and loss of quantized files."""

import time
from pathlib import Path
from typing import Any

from sklearn.metrics import log_loss

from benchmarks.serving._models import Served
from skembed import load, save

HEADERS = ["data", "file", "size", "share", "log loss", "difference", "loaded in"]


def small_file_lines(title: str, model: Any, data: Served, folder: Path) -> list[list[str]]:
    """Save a fitted model in each way, and compare what is loaded."""
    lines: list[list[str]] = []
    whole = 0
    first = 0.0
    for quantize in (None, "int8"):
        path = folder / "file.skembed"
        save(model, path, quantize=quantize)
        start = time.perf_counter()
        loaded = load(path)
        seconds = time.perf_counter() - start
        size = path.stat().st_size
        loss = log_loss(data.targets, loaded.predict_proba(data.rows), labels=model.classes_)
        if quantize is None:
            whole, first = size, loss
        lines.append(
            [
                title,
                "plain" if quantize is None else quantize,
                f"{size / 1e6:.2f} MB",
                "" if quantize is None else f"1/{whole / size:.1f}",
                f"{loss:.4f}",
                "" if quantize is None else f"{loss - first:+.4f}",
                f"{seconds:.3f} s",
            ]
        )
    return lines
