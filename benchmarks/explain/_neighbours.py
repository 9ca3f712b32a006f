"""Whether the neighbours of terms are those of a large text, and point the same way."""

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.preprocessing import normalize

from skembed import TermEmbeddings

# Terms among which neighbours are looked for, the most frequent, and words that are asked for:
# of these the most frequent behind the first hundred terms.
_MOST_TERMS, N_WORDS, _SKIPPED = 10_000, 200, 100
N_VERDICTS, _NEAREST, N_NEIGHBOURS = 100, 100, 10
Floats = npt.NDArray[np.floating[Any]]


class Truth:
    """Neighbours of frequent words by PPMI, and the signs of verdict words, of labelled rows.

    The positive pointwise mutual information of two terms is that of their being in one row;
    terms are near whose rows of it have a large cosine. Verdict words are those whose odds in
    the two classes differ most, in standard errors.
    """

    def __init__(self, X: sp.csr_matrix, y: np.ndarray, names: list[str]) -> None:
        there = (X != 0).astype(np.float32)
        counts = np.asarray(there.sum(axis=0)).ravel()
        self.terms = np.argsort(-counts, kind="stable")[:_MOST_TERMS]
        there, counts = there[:, self.terms], counts[self.terms]
        together = (there.T @ there).toarray()
        expected = np.outer(counts, counts) / there.shape[0]
        ppmi = np.log(np.maximum(together, 1e-9) / expected).clip(0)
        np.fill_diagonal(ppmi, 0)
        words = [k for k in range(_SKIPPED, len(self.terms)) if names[self.terms[k]].isalpha()]
        self.words = np.array(words[:N_WORDS])
        rows = normalize(ppmi)
        self.nearest = _nearest(rows, self.words, _NEAREST)
        first = np.unique(y)[0]
        shares = [np.asarray(there[of].sum(axis=0)).ravel() + 1 for of in (y != first, y == first)]
        odds = np.log(shares[0] / shares[1])
        self.verdicts = np.argsort(-np.abs(odds) * np.sqrt(counts), kind="stable")[:N_VERDICTS]
        self.signs = np.sign(odds)

    def scores(self, embeddings: TermEmbeddings) -> tuple[float, float]:
        """Share of neighbours that are among the nearest by PPMI, and of those of one sign."""
        vectors = normalize(embeddings.vectors[self.terms])
        found = _nearest(vectors, self.words, N_NEIGHBOURS)
        pairs = zip(found, self.nearest, strict=True)
        near = [np.isin(of_one, of_other).mean() for of_one, of_other in pairs]
        verdicts = _nearest(vectors, self.verdicts, N_NEIGHBOURS)
        same = self.signs[verdicts] == self.signs[self.verdicts][:, None]
        return float(np.mean(near)), float(same.mean())


def _nearest(rows: Floats, wanted: np.ndarray, n: int) -> np.ndarray:
    """Numbers (n_wanted, n) of the rows with the largest cosines to those wanted."""
    cosines = rows[wanted] @ rows.T
    cosines[np.arange(len(wanted)), wanted] = -2
    return np.argsort(-cosines, axis=1, kind="stable")[:, :n]
