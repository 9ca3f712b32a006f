"""How often items come together, of the most frequent items."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

# Items between which there are weights at most: their matrix takes 8 bytes an entry while it
# is inverted, and time by the third power.
MOST_ITEMS = 6000


@dataclass(frozen=True)
class GramMatrix:
    """Products of the columns of histories with each other and with those of what follows."""

    items: np.ndarray | None  # (n_kept,) sorted numbers of the items; None: all
    products: np.ndarray  # (n_kept, n_kept) X'X
    with_targets: np.ndarray | None  # (n_kept, n_kept) X'Y; None: what follows is X itself

    @classmethod
    def of(
        cls, parts: Iterable[tuple[sp.csr_matrix, sp.csr_matrix]], counts: np.ndarray
    ) -> "GramMatrix":
        """Sum up rows and targets, part by part; `counts` (n_items,) tell what is frequent."""
        items = most_frequent(counts)
        n_kept = len(counts) if items is None else len(items)
        products, crossed = np.zeros((n_kept, n_kept)), None
        for X, Y in parts:
            kept = _columns(X, items)
            products += (kept.T @ kept).toarray()
            if Y is not X:
                crossed = np.zeros((n_kept, n_kept)) if crossed is None else crossed
                crossed += (kept.T @ _columns(Y, items)).toarray()
        return cls(items, products, crossed)


def most_frequent(counts: np.ndarray) -> np.ndarray | None:
    """Sorted numbers of the most frequent items; None where all are few enough."""
    if len(counts) <= MOST_ITEMS:
        return None
    return np.sort(np.argsort(-counts, kind="stable")[:MOST_ITEMS])


def _columns(X: sp.csr_matrix, items: np.ndarray | None) -> sp.csr_matrix:
    X = X.astype(np.float64)
    return X if items is None else X[:, items]
