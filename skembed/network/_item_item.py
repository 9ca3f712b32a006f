"""Weights from item to item, beside a network that recommends."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class ItemItem:
    """What each item of a history adds to the scores of others.

    Large catalogues have weights between their most frequent items only.
    """

    weights: np.ndarray  # (n_kept, n_kept), from the item of the row to that of the column
    items: np.ndarray | None = None  # (n_kept,) sorted numbers of the kept items; None: all

    def scores(self, X: sp.csr_matrix) -> np.ndarray:
        """Sums (n_samples, n_kept) of the weights of each row's items, times their values."""
        return (X if self.items is None else X[:, self.items]) @ self.weights

    def add(self, scores: np.ndarray, sums: np.ndarray) -> None:
        """Add sums (n_samples, n_kept) to scores (n_samples, n_items), in place."""
        if self.items is None:
            scores += sums
        else:
            scores[:, self.items] += sums

    def scaled(self, share: float) -> "ItemItem":
        """The same with all weights times a number."""
        return replace(self, weights=self.weights * self.weights.dtype.type(share))

    def column(self, item: int, n_items: int) -> np.ndarray:
        """Weights (n_items,) from every item to one."""
        if self.items is None:
            return self.weights[:, item]
        column = np.zeros(n_items, self.weights.dtype)
        place = int(np.searchsorted(self.items, item))
        if place < len(self.items) and self.items[place] == item:
            column[self.items] = self.weights[:, place]
        return column
