"""Rows of a table in a byte for each number: along its principal axes, in steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from skembed.network._row_products import padded_product

# Size of a step, in root mean squares of the numbers along all axes: of tables of many rows, whose
# size matters, and of few.
_STEP, _FINE_STEP, _MANY_ROWS = 0.25, 0.0625, 10_000
_MOST = 127
# Rows that are made at a time.
_BLOCK = 2**14


@dataclass(frozen=True)
class QuantizedRows:
    """Rows whose numbers are whole steps along axes: row i is ``codes[i] @ basis + mean``.

    Most of what rows differ by lies along few axes. With one size of the steps for all of them
    the others get few different codes, and little space in a compressed file.
    """

    codes: np.ndarray  # (n_rows, n_codes) int8
    basis: np.ndarray  # (n_codes, width): axes, each as long as a step along it
    mean: np.ndarray  # (width,)

    @classmethod
    def of(
        cls,
        table: np.ndarray,
        gains: np.ndarray | None = None,
        *,
        fine: bool = False,
        prune: float = 0.0,
        counts: np.ndarray | None = None,
    ) -> QuantizedRows:
        """Round the rows of a table.

        `gains` (width,) tell how much an error in each column counts; without them all count
        alike. With `fine` each number has two codes, and is rounded to 1/32,000 of the largest.
        A share `prune` of the rows become the mean: those with the smallest product of their
        distance from it and the root of `counts` (n_rows,), how many rows of data have each.
        """
        gains = np.ones(table.shape[1]) if gains is None else gains
        mean = table.mean(axis=0, dtype=np.float64)
        square = np.zeros((table.shape[1],) * 2)
        for start in range(0, len(table), _BLOCK):
            centred = (table[start : start + _BLOCK] - mean) * gains
            square += centred.T @ centred
        sizes, axes = np.linalg.eigh(square)
        axes = axes[:, ::-1]
        step = _STEP if len(table) >= _MANY_ROWS else _FINE_STEP
        step *= np.sqrt(max(sizes.sum(), 0) / max(table.size, 1))
        along = [
            ((table[i : i + _BLOCK] - mean) * gains) @ axes for i in range(0, len(table), _BLOCK)
        ]
        largest = np.max([np.abs(part).max(axis=0, initial=0) for part in along], axis=0)
        step = 0.0 if fine else step
        coarse = np.maximum(step, largest / _MOST)  # no code beyond a byte
        coarse[coarse == 0] = 1
        split = np.flatnonzero(coarse > step)  # what coarse steps leave is in codes of its own
        rest = np.maximum(step, coarse[split] / (2 * _MOST))
        codes = []
        for part in along:
            first = np.rint(part / coarse)
            second = np.rint((part - first * coarse)[:, split] / rest)
            codes.append(np.hstack([first, second]).astype(np.int8))
        if prune:
            sizes = np.concatenate([np.linalg.norm(part, axis=1) for part in along])
            weights = sizes if counts is None else sizes * np.sqrt(counts)
            least = np.argsort(weights, kind="stable")[: int(prune * len(weights))]
            codes = [np.concatenate(codes)]
            codes[0][least] = 0
        basis = np.vstack([coarse[:, None] * axes.T, rest[:, None] * axes.T[split]]) / gains
        return cls(np.concatenate(codes), basis.astype(table.dtype), mean.astype(table.dtype))

    @property
    def shape(self) -> tuple[int, int]:
        """Of the table."""
        return len(self.codes), len(self.mean)

    @property
    def dtype(self) -> np.dtype:
        """Of the rows, once they are made."""
        return self.mean.dtype

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return padded_product(self.codes[rows], self.basis) + self.mean

    def whole(self) -> np.ndarray:
        """The table (n_rows, width)."""
        table = np.empty(self.shape, self.dtype)
        for start in range(0, len(table), _BLOCK):
            table[start : start + _BLOCK] = self[np.arange(start, min(start + _BLOCK, len(table)))]
        return table

    def product(self, X: sp.csr_matrix) -> np.ndarray:
        """Sums (n_samples, width) of rows times the entries of X; only their rows are made."""
        if X.nnz > len(self):
            return X @ self.whole()
        used, places = np.unique(X.indices, return_inverse=True)
        arrays = X.data, places.astype(X.indices.dtype, copy=False), X.indptr
        return sp.csr_matrix(arrays, shape=(X.shape[0], len(used))) @ self[used]


Rows = np.ndarray | QuantizedRows


def column_gains(
    kernels: list[np.ndarray], linear_scale: np.ndarray, embedding_dim: int
) -> np.ndarray:
    """About how much a column of a table (width,) counts in the outputs.

    For embeddings this is the root of the sum over all ways through the dense layers, whose
    units are taken to be active half of the time.
    """
    squares = np.square(kernels[-1], dtype=np.float64).sum(axis=1)
    for kernel in kernels[-2::-1]:
        squares = np.square(kernel, dtype=np.float64) @ squares / 2
    n_fields = len(squares) // embedding_dim  # the sizes of rows come before
    of_fields = squares[len(squares) - n_fields * embedding_dim :].reshape(n_fields, -1)
    gains = np.concatenate([np.sqrt(of_fields.mean(axis=0)), np.abs(linear_scale)])
    return np.maximum(gains, gains.max() / 100) if gains.any() else np.ones(len(gains))


def whole_rows(rows: Rows) -> np.ndarray:
    """Rows as an array."""
    return rows.whole() if isinstance(rows, QuantizedRows) else rows


def product_of(X: sp.csr_matrix, rows: Rows) -> np.ndarray:
    """Product of entries and the rows of a table."""
    return rows.product(X) if isinstance(rows, QuantizedRows) else X @ rows
