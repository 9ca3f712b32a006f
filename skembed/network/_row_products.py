"""Products of rows and a matrix, in which a row's values do not depend on its place."""

import numpy as np

# Rows of a product of their own. OpenBLAS' kernel for Haswell and Zen adds up in another order
# for every other six of twelve rows; of eight it treats all alike.
_LIKE_ROWS = 8


def product(rows: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Product of a multiple of eight rows and a kernel: that of a row is the same at each place."""
    parts = rows.reshape(len(rows) // _LIKE_ROWS, _LIKE_ROWS, rows.shape[1]) @ kernel
    return parts.reshape(len(rows), kernel.shape[1])


def padded_product(rows: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The same of any number of rows."""
    padded = np.zeros((-(-len(rows) // _LIKE_ROWS) * _LIKE_ROWS, rows.shape[1]), kernel.dtype)
    padded[: len(rows)] = rows
    return product(padded, kernel)[: len(rows)]
