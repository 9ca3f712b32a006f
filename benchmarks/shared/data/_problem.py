"""Training and test rows of a data set: each one CSR matrix, the same for all models."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.model_selection import train_test_split

Split = tuple[np.ndarray, np.ndarray]  # numbers of the training and of the test rows


@dataclass(frozen=True)
class Problem:
    """Rows to learn from and rows to be judged on.

    `task` is "classes" (y: 0, 1, ...), "labels" (an indicator matrix) or "values".
    """

    task: str
    X_train: sp.csr_matrix
    y_train: np.ndarray
    X_test: sp.csr_matrix
    y_test: np.ndarray

    def head(self, n_rows: int) -> "Problem":
        """Keep the first rows of either part."""
        parts = ("X_train", "y_train", "X_test", "y_test")
        return replace(self, **{name: getattr(self, name)[:n_rows] for name in parts})

    def learnable(self) -> "Problem":
        """Drop labels that all or none of the training rows have."""
        if self.task != "labels":
            return self
        share = self.y_train.mean(axis=0)
        kept = (share > 0) & (share < 1)
        return replace(self, y_train=self.y_train[:, kept], y_test=self.y_test[:, kept])

    @property
    def description(self) -> str:
        """What is to be told of it in a table."""
        kinds = {"labels": f"{self.y_train.shape[-1]} labels", "values": "a number"}
        kind = kinds.get(self.task) or f"{int(self.y_train.max()) + 1} classes"
        n_train, n_columns = self.X_train.shape
        return f"{n_train:,} + {self.X_test.shape[0]:,} rows, {n_columns:,} columns, {kind}"

    @cached_property
    def digest(self) -> str:
        """Hash of all that models get to see."""
        arrays = [np.asarray([self.X_train.shape[1]]), self.y_train, self.y_test]
        for X in (self.X_train, self.X_test):
            arrays += [X.data, X.indices, X.indptr]
        found = hashlib.sha256(self.task.encode())
        for array in arrays:
            found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()[:16]


def given_split(parts: pd.Series) -> Split:
    """Rows of the split that the data brings, each part in random order."""
    rng = np.random.default_rng(0)
    train, test = (rng.permutation(np.flatnonzero(parts == name)) for name in ("train", "test"))
    return train, test


def random_split(n_rows: int, test_size: float, classes: np.ndarray | None = None) -> Split:
    """Rows of a random split, stratified where classes are given."""
    train, test = train_test_split(
        np.arange(n_rows), test_size=test_size, random_state=0, stratify=classes
    )
    return train, test


def encoded(transformer: Any, cells: Any, split: Split) -> list[sp.csr_matrix]:
    """Features of the training and of the test rows."""
    train, test = (cells.iloc[rows] for rows in split)
    return [transformer.fit_transform(train), transformer.transform(test)]


def numbered(labels: Any) -> np.ndarray:
    """Class labels as 0, 1, ..."""
    return np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)


def assembled(task: str, parts: list[list[sp.csr_matrix]], y: np.ndarray, split: Split) -> Problem:
    """Put blocks of columns side by side."""
    blocks = zip(*parts, strict=True)
    X_train, X_test = (sp.csr_matrix(sp.hstack(block, format="csr")) for block in blocks)
    return Problem(task, X_train, y[split[0]], X_test, y[split[1]])
