"""fastText on the ids of CSR rows, in a process of its own.

With fewer than 11 threads it leaves a part of its table unset (`DenseMatrix::uniform`) and
learns from what the memory held before, or finds NaN: it gets the 12 of its command line.
"""

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator

from benchmarks.shared._processes import answer_of

_LABEL = "__label__"


class FastText(BaseEstimator):
    """Parameters of fastText's supervised training; the rest is at its defaults."""

    def __init__(self, loss: str = "softmax", *, thread: int = 12, seed: int = 0) -> None:
        self.loss = loss
        self.thread = thread
        self.seed = seed


def predicted(
    model: FastText, X: sp.csr_matrix, y: np.ndarray, X_test: sp.csr_matrix
) -> tuple[np.ndarray, float]:
    """Train and predict; returns probabilities (n_rows, n_classes) and seconds of training."""
    indicators = y if y.ndim == 2 else np.eye(y.max() + 1, dtype=int)[y]
    with TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "train.txt", X, indicators)
        _write(folder / "test.txt", X_test, None)
        question = {"folder": name, "n_classes": indicators.shape[1], **model.get_params()}
        answer = answer_of("benchmarks.quality._fasttext", question)
        return np.load(folder / "probabilities.npy"), answer["seconds"]


def _write(path: Path, X: sp.csr_matrix, indicators: np.ndarray | None) -> None:
    """Write a row a line: its labels, and each id as often as its value says."""
    times = np.rint(X.data).astype(int)
    with path.open("w") as file:
        for row in range(X.shape[0]):
            entries = slice(X.indptr[row], X.indptr[row + 1])
            ids = np.repeat(X.indices[entries], times[entries])
            labels = [] if indicators is None else np.flatnonzero(indicators[row])
            words = [*(f"{_LABEL}{label}" for label in labels), *map(str, ids.tolist())]
            file.write(" ".join(words) + "\n")


def _probabilities(model: Any, path: Path, n_classes: int) -> np.ndarray:
    lines = path.read_text().split("\n")[:-1]
    labels, values = model.predict(lines, k=-1)
    found = np.zeros((len(lines), n_classes))
    for row, (names, shares) in enumerate(zip(labels, values, strict=True)):
        found[row, [int(name.removeprefix(_LABEL)) for name in names]] = shares
    return found


def answer(folder: str, n_classes: int, **parameters: Any) -> dict[str, float]:
    """Train and predict in this process, and leave the probabilities in the folder."""
    import fasttext

    start = time.perf_counter()
    model = fasttext.train_supervised(str(Path(folder, "train.txt")), verbose=0, **parameters)
    seconds = time.perf_counter() - start
    found = _probabilities(model, Path(folder, "test.txt"), n_classes)
    np.save(Path(folder, "probabilities.npy"), found)
    return {"seconds": seconds}


if __name__ == "__main__":
    print(json.dumps(answer(**json.loads(sys.argv[1]))))
