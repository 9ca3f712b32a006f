"""Made rows: terms by rank to the power of -1.1, and labels that depend on pairs of them."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class Problem:
    """Rows of a kind, and how they are trained on."""

    n_rows: int
    n_features: int
    n_entries: int  # of a row
    batch_size: int
    what: str

    def touched(self, n_rows: float) -> float:
        """Features that so many rows are expected to have, of all of them."""
        shares = np.arange(1, self.n_features + 1) ** -1.1
        shares /= shares.sum()
        return float(-np.expm1(n_rows * self.n_entries * np.log1p(-shares)).sum())

    def rows(self, share: float = 1.0) -> tuple[sp.csr_matrix, np.ndarray]:
        """Make the rows, or a share of them, and their labels."""
        n_rows, rng = int(self.n_rows * share), np.random.default_rng(0)
        ranks = np.arange(1, self.n_features + 1) ** -1.1
        draws = np.searchsorted(
            np.cumsum(ranks), rng.random((n_rows, self.n_entries)) * ranks.sum()
        )
        draws = np.minimum(draws, self.n_features - 1)
        starts = np.arange(n_rows + 1) * self.n_entries
        ones = np.ones(draws.size, np.float32)
        X = sp.csr_matrix((ones, draws.ravel(), starts), shape=(n_rows, self.n_features))
        X.sum_duplicates()
        X.data[:] = 1
        weights = rng.normal(size=(self.n_features, 2)).astype(np.float32)
        scores = X @ weights
        score = scores[:, 0] + scores[:, 0] * scores[:, 1] / self.n_entries**0.5
        noise = rng.normal(size=n_rows) * score.std() / 2
        return X, (score + noise > np.median(score)).astype(np.int64)


PROBLEMS = {
    "words": Problem(
        60_000, 30_000, 100, 512, "100 of 30,000 terms a row; all of the table updated"
    ),
    "ids": Problem(120_000, 500_000, 20, 1024, "20 of 500,000 ids a row; touched rows updated"),
}
