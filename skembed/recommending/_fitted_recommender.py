"""A fitted recommender: scores, recommendations, neighbours and explanations."""

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skembed._doc_links import DocumentedMixin
from skembed.estimators._one_state import as_now
from skembed.metrics import hide_items, ndcg_at_k
from skembed.network._item_item import ItemItem
from skembed.network._network import Table
from skembed.network._pooling import Pooling
from skembed.parallel._one_blas_thread import one_blas_thread
from skembed.recommending._best_items import best_items, without
from skembed.recommending._following import following_rows
from skembed.recommending._histories import history_lists, is_matrix, matrix_rows
from skembed.vocabulary import VocabularyTransformer

# Scores that are held at a time, as 32-bit numbers: 64 MB.
_BLOCK_SCORES = 2**24
_POOLING = Pooling("sqrtn", None)


class FittedRecommender(DocumentedMixin, BaseEstimator):
    """What a recommender does once it is fitted; `EmbeddingRecommender` has the fit."""

    # Set by a fit.
    _table: Table
    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    items_: np.ndarray
    _vocabulary: VocabularyTransformer | None
    _item_weights: np.ndarray | None
    _weighted_items: np.ndarray | None
    binary: bool

    @property
    def embeddings_(self) -> np.ndarray:
        """Embedding (n_items, embedding_dim) of each item, as part of a history."""
        if "_table" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet: it has no table.")
        return self._table.whole()

    @property
    def item_item_coef_(self) -> np.ndarray:
        """What each item of a history (row) adds to the score of each (column)."""
        n_items = len(self.embeddings_)
        whole = np.zeros((n_items, n_items), self.embeddings_.dtype)
        weights = self._item_item()
        if weights is not None:
            kept = np.arange(n_items) if weights.items is None else weights.items
            whole[np.ix_(kept, kept)] = weights.weights
        return whole

    def _item_item(self) -> ItemItem | None:
        if self._item_weights is None:
            return None
        return ItemItem(self._item_weights, self._weighted_items)

    def item_matrix(self, X: Any) -> sp.csr_matrix:
        """Return histories as rows of the catalogue; unknown items are left out.

        Parameters
        ----------
        X : of the kind that was fitted
            Items of each user.

        Returns
        -------
        csr_matrix of shape (n_users, n_items)
            An entry for each known item.
        """
        check_is_fitted(self, "coefs_")
        dtype = self.coefs_[0].dtype
        if self._vocabulary is None:
            rows = matrix_rows(self, X, binary=self.binary, reset=False)
        elif is_matrix(X):
            raise ValueError(
                f"This {type(self).__name__} was fitted on lists of items; X is a matrix of shape "
                f"{X.shape}: pass lists."
            )
        else:
            rows = self._vocabulary.transform(history_lists(X))
        return rows.astype(dtype, copy=False)

    def coverage(self, X: Any) -> pd.DataFrame:
        """Report how much of the items of X the catalogue knows.

        Parameters
        ----------
        X : sequence of lists
            Items of each user.

        Returns
        -------
        DataFrame
            One row, with the columns of `VocabularyTransformer.coverage`: n_terms, unknown (the
            share of the items that is unknown), rows_without_known and most_frequent_unknown.

        Raises
        ------
        ValueError
            If the recommender was fitted on a matrix, whose columns are all known.
        """
        check_is_fitted(self, "coefs_")
        if self._vocabulary is None:
            raise ValueError("The items of a matrix are its columns: all are known.")
        return self._vocabulary.coverage(history_lists(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the scores of all items, those that a user has had included.

        Parameters
        ----------
        X : of the kind that was fitted
            Items of each user.

        Returns
        -------
        ndarray of shape (n_users, n_items)
            Higher is better. Without weights from item to item they are logits of a softmax.
        """
        self = as_now(self)
        return self._scores(self.item_matrix(X))

    def _scores(self, rows: sp.csr_matrix) -> np.ndarray:
        with one_blas_thread():
            scores = self._pooled(rows) @ self.coefs_[0]
            scores += self.intercepts_[0]
            weights = self._item_item()
            if weights is not None:
                weights.add(scores, weights.scores(rows))
        return scores

    def _pooled(self, rows: sp.csr_matrix) -> np.ndarray:
        return _POOLING.pool(rows, self._table.rows)

    def user_embeddings(self, X: Any) -> np.ndarray:
        """Return the pooled embedding of each history: features of a user.

        Parameters
        ----------
        X : of the kind that was fitted
            Items of each user.

        Returns
        -------
        ndarray of shape (n_users, embedding_dim)
            Zeros for a history without a known item.
        """
        self = as_now(self)
        return self._pooled(self.item_matrix(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the best item of each user that the user has not had.

        Parameters
        ----------
        X : of the kind that was fitted
            Items of each user.

        Returns
        -------
        ndarray of shape (n_users,)
            Items, as in `items_`; for a user that has had all the best of all.
        """
        self = as_now(self)
        rows = self.item_matrix(X)
        scores = self._scores(rows)
        full = np.diff(rows.indptr) == rows.shape[1]
        open_rows = np.flatnonzero(~full)
        blocked = scores[open_rows]
        without(blocked, rows[open_rows])
        scores[open_rows] = blocked
        return self.items_[scores.argmax(axis=1)]

    def recommend(
        self,
        X: Any,
        k: int = 10,
        *,
        exclude_seen: bool = True,
        candidates: Iterable[Any] | None = None,
        as_frame: bool = False,
    ) -> Any:
        """Return the k best items of each user, best first.

        Parameters
        ----------
        X : of the kind that was fitted
            Items of each user. An empty history gets what is popular.

        k : int, default=10
            Number of items.

        exclude_seen : bool, default=True
            Whether the items of X are left out.

        candidates : iterable of items, default=None
            Items to choose from, as in `items_`; None means all.

        as_frame : bool, default=False
            Whether to return a data frame.

        Returns
        -------
        items, scores : ndarrays of shape (n_users, k)
            Where fewer items are left, None (or -1, if items are numbers) and minus infinity
            fill the row. As a frame: the columns user (number of the row), rank (from 1),
            item and score, without such places.

        Raises
        ------
        ValueError
            If k is less than 1 or a candidate is not in the catalogue.

        Examples
        --------
        >>> from skembed import EmbeddingRecommender
        >>> histories = [["ham", "eggs", "toast"], ["rice", "beans", "corn"]] * 30
        >>> recommender = EmbeddingRecommender(4, learning_rate=0.05, random_state=0)
        >>> table = recommender.fit(histories).recommend([["ham"]], k=2, as_frame=True)
        >>> sorted(table["item"])
        ['eggs', 'toast']
        """
        self = as_now(self)
        rows = self.item_matrix(X)
        _check_k(k)
        barred = None if candidates is None else self._barred(candidates)
        k, n_items = min(int(k), rows.shape[1]), rows.shape[1]
        numbers = np.empty((rows.shape[0], k), np.int64)
        best = np.empty((rows.shape[0], k), self.coefs_[0].dtype)
        step = max(_BLOCK_SCORES // n_items, 1)
        for start in range(0, rows.shape[0], step):
            block = rows if step >= rows.shape[0] else rows[start : start + step]
            scores = self._scores(block)
            if exclude_seen:
                without(scores, block)
            if barred is not None:
                scores[:, barred] = -np.inf
            numbers[start : start + step], best[start : start + step] = best_items(scores, k)
        items = self.items_[numbers]
        items[numbers < 0] = -1 if items.dtype.kind in "iu" else None
        return _frame(items, best) if as_frame else (items, best)

    def _barred(self, candidates: Iterable[Any]) -> np.ndarray:
        """Whether each item (n_items,) is no candidate."""
        numbers = self._numbers_of(candidates, "candidates")
        barred = np.ones(len(self.items_), bool)
        barred[numbers] = False
        return barred

    def _numbers_of(self, items: Iterable[Any], name: str) -> list[int]:
        places = {item: number for number, item in enumerate(self.items_.tolist())}
        items = items.tolist() if isinstance(items, np.ndarray) else list(items)
        unknown = [item for item in items if item not in places]
        if unknown:
            raise ValueError(f"{name} has {unknown[0]!r}, which is not in the catalogue items_.")
        return [places[item] for item in items]

    def similar_items(self, item: Any, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
        """Return the items that lead to the same recommendations.

        Parameters
        ----------
        item : item
            One of `items_`.

        k : int, default=10
            Number of neighbours.

        Returns
        -------
        items, similarities : ndarrays of shape (k,)
            Nearest first, by the cosine of the embeddings.

        Raises
        ------
        ValueError
            If the item is not in the catalogue, or k is less than 1.

        Examples
        --------
        >>> from skembed import EmbeddingRecommender
        >>> histories = [["ham", "eggs", "toast"], ["rice", "beans", "corn"]] * 30
        >>> recommender = EmbeddingRecommender(4, learning_rate=0.05, random_state=0)
        >>> items, similarities = recommender.fit(histories).similar_items("ham", k=2)
        >>> sorted(items.tolist())
        ['eggs', 'toast']
        """
        self = as_now(self)
        check_is_fitted(self, "coefs_")
        _check_k(k)
        number = self._numbers_of([item], "item")[0]
        vectors = self.embeddings_
        lengths = np.linalg.norm(vectors, axis=1)
        cosines = vectors @ vectors[number] / np.maximum(lengths * lengths[number], 1e-30)
        cosines[number] = -np.inf
        numbers, best = best_items(cosines[None], min(k, len(cosines) - 1))
        return self.items_[numbers[0]], best[0]

    def explain(self, X: Any, k: int = 10) -> pd.DataFrame:
        """Say which items of a history speak for each of its recommendations.

        Parameters
        ----------
        X : of the kind that was fitted
            Items of each user.

        k : int, default=10
            Number of recommendations a user.

        Returns
        -------
        DataFrame
            The columns user (number of the row), item (recommended), score, because (an item
            of the history) and contribution. The contributions of a recommendation and the
            item's popularity, in the rows where `because` is missing, add up to its score.

        Raises
        ------
        ValueError
            If k is less than 1.

        Examples
        --------
        >>> from skembed import EmbeddingRecommender
        >>> histories = [["ham", "eggs", "toast"], ["rice", "beans", "corn"]] * 30
        >>> recommender = EmbeddingRecommender(4, learning_rate=0.05, random_state=0)
        >>> table = recommender.fit(histories).explain([["ham", "eggs"]], k=1)
        >>> table["because"].tolist()[:2] == ["ham", "eggs"] or table["item"][0]
        'toast'
        """
        self = as_now(self)
        rows = self.item_matrix(X)
        _check_k(k)
        scores = self._scores(rows)
        without(scores, rows)
        numbers, best = best_items(scores, min(k, rows.shape[1]))
        weights, scales = self._item_item(), _POOLING.scales(rows)
        table: list[tuple[Any, ...]] = []
        for user in range(rows.shape[0]):
            own = slice(rows.indptr[user], rows.indptr[user + 1])
            had, values = rows.indices[own], rows.data[own]
            pooled = self._table.rows[had] * values[:, None]
            if scales is not None:
                pooled = pooled * scales[user]
            for number, score in zip(numbers[user], best[user], strict=True):
                if number < 0:
                    break
                parts = pooled @ self.coefs_[0][:, number]
                if weights is not None:
                    parts = parts + values * weights.column(number, rows.shape[1])[had]
                order = np.argsort(-parts, kind="stable")
                named = [(self.items_[had[i]], float(parts[i])) for i in order]
                named.append((None, float(self.intercepts_[0][number])))
                item = self.items_[number]
                table += [(user, item, float(score), *pair) for pair in named]
        return pd.DataFrame(table, columns=["user", "item", "score", "because", "contribution"])

    def score(self, X: Any, y: Any = None) -> float:
        """Return the NDCG of the 100 best items.

        Parameters
        ----------
        X : of the kind that was fitted
            Items of each user.

        y : of the kind of X, default=None
            Items to be found. None hides a fifth of each history, by a fixed seed.

        Returns
        -------
        float
            From 0 to 1; see `skembed.metrics.ndcg_at_k`.
        """
        self = as_now(self)
        rows = self.item_matrix(X)
        hidden = (
            rows if y is None else following_rows(y, rows, self._vocabulary, binary=self.binary)
        )
        given = rows
        if hidden is rows:
            given, hidden = hide_items(rows, random_state=0)
        return ndcg_at_k(hidden, self._scores(given), seen=given)


def _check_k(k: Any) -> None:
    if not isinstance(k, Integral) or isinstance(k, bool) or k < 1:
        raise ValueError(f"k is {k!r}: give the number of items, 1 or more.")


def _frame(items: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    n_users, k = items.shape
    table = pd.DataFrame(
        {
            "user": np.repeat(np.arange(n_users), k),
            "rank": np.tile(np.arange(1, k + 1), n_users),
            "item": items.ravel(),
            "score": scores.ravel(),
        }
    )
    return table[~np.isneginf(table["score"])].reset_index(drop=True)
