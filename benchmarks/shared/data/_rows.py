"""Rows and their targets: a pair, and the files that hand them to another process."""

from pathlib import Path

import numpy as np
import scipy.sparse as sp

Data = tuple[sp.csr_matrix, np.ndarray]


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
