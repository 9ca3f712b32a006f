"""Rows and their targets: a pair, files that hand them to another process, and a few of many."""

from pathlib import Path

import numpy as np
import scipy.sparse as sp

Data = tuple[sp.csr_matrix, np.ndarray]

# Rows of each class that are drawn at least.
_OF_EACH_CLASS = 3


def save_rows(folder: Path, name: str, X: sp.csr_matrix, y: np.ndarray) -> None:
    """Write rows for another process."""
    for part in ("data", "indices", "indptr"):
        np.save(folder / f"{name}.{part}.npy", getattr(X, part))
    np.save(folder / f"{name}.shape.npy", X.shape)
    np.save(folder / f"{name}.labels.npy", y)


def load_rows(folder: str | Path, name: str) -> Data:
    """Read what `save_rows` wrote."""
    read = {
        part: np.load(Path(folder, f"{name}.{part}.npy"))
        for part in ("data", "indices", "indptr", "shape", "labels")
    }
    arrays = read["data"], read["indices"], read["indptr"]
    return sp.csr_matrix(arrays, tuple(read["shape"])), read["labels"]


def draw_rows(n_rows: int, n_drawn: int, seed: int, y: np.ndarray | None = None) -> np.ndarray:
    """Numbers of some rows, a few of each class in y, where there are classes, among them."""
    order = np.random.default_rng(seed).permutation(n_rows)
    if y is not None:
        labels = y[order]
        first = np.concatenate(
            [np.flatnonzero(labels == label)[:_OF_EACH_CLASS] for label in np.unique(labels)]
        )
        order = np.concatenate([order[first], np.delete(order, first)])
    return order[:n_drawn]
