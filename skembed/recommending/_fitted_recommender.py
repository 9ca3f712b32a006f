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
        """Embedding (n_items, embedding_dim) of each item, as used in a history."""
        if "_table" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet; call fit first.")
        return self._table.whole()

    @property
    def item_item_coef_(self) -> np.ndarray:
        """Item-to-item weights: what each item of a history (row) adds to each score (column)."""
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
        """Convert histories to a sparse matrix with one column per catalogue item.

        Parameters
        ----------
        X : same format as in `fit`
            Items of each user.

        Returns
        -------
        csr_matrix of shape (n_users, n_items)
            One entry for each item of a history. Unknown items are dropped.

        Raises
        ------
        ValueError
            If X is a matrix but the recommender was fitted on lists.
        """
        check_is_fitted(self, "coefs_")
        dtype = self.coefs_[0].dtype
        if self._vocabulary is None:
            rows = matrix_rows(self, X, binary=self.binary, reset=False)
        elif is_matrix(X):
            raise ValueError(
                f"X is a matrix of shape {X.shape}, but this {type(self).__name__} was fitted on "
                "lists of items; pass a list of items for each user."
            )
        else:
            rows = self._vocabulary.transform(history_lists(X))
        return rows.astype(dtype, copy=False)

    def coverage(self, X: Any) -> pd.DataFrame:
        """Report how many of the items in X are in the catalogue.

        Parameters
        ----------
        X : sequence of lists
            Items of each user.

        Returns
        -------
        DataFrame
            One row, with the columns of `VocabularyTransformer.coverage`: n_terms, unknown (the
            fraction of unknown items), rows_without_known and most_frequent_unknown.

        Raises
        ------
        ValueError
            If the recommender was fitted on a matrix. All its columns are in the catalogue.
        """
        check_is_fitted(self, "coefs_")
        if self._vocabulary is None:
            raise ValueError(
                f"coverage needs lists of items, but this {type(self).__name__} was fitted on a "
                "matrix; all columns of a matrix are known items."
            )
        return self._vocabulary.coverage(history_lists(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """Score all items for each user, including items of the user's history.

        Parameters
        ----------
        X : same format as in `fit`
            Items of each user.

        Returns
        -------
        ndarray of shape (n_users, n_items)
            Scores; higher is better. Without item-to-item weights they are softmax logits.
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
        """Return the pooled embedding of each history, for use as features of a user.

        Parameters
        ----------
        X : same format as in `fit`
            Items of each user.

        Returns
        -------
        ndarray of shape (n_users, embedding_dim)
            One vector per user; all zeros for a history without known items.
        """
        self = as_now(self)
        return self._pooled(self.item_matrix(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the highest-scoring item of each user that is not in the user's history.

        Parameters
        ----------
        X : same format as in `fit`
            Items of each user.

        Returns
        -------
        ndarray of shape (n_users,)
            Items, as in `items_`. If a history contains the whole catalogue, the item with
            the highest score.
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
        """Return the k items with the highest scores for each user, best first.

        Parameters
        ----------
        X : same format as in `fit`
            Items of each user. For an empty history the most popular items are returned.

        k : int, default=10
            Number of items per user.

        exclude_seen : bool, default=True
            Whether to exclude the items of each user's history.

        candidates : iterable of items, default=None
            Items of `items_` that may be recommended. None allows all items.

        as_frame : bool, default=False
            Whether to return a DataFrame instead of two arrays.

        Returns
        -------
        items, scores : ndarrays of shape (n_users, k)
            Recommended items and their scores. If fewer than k items are available, the rest
            of the row is None (-1 for integer items), with score minus infinity. With
            ``as_frame=True``, a DataFrame with the columns user (row number), rank (from 1),
            item and score, without these fill values.

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
            raise ValueError(
                f"{name} has {unknown[0]!r}, which is not in the catalogue; pass items from items_."
            )
        return [places[item] for item in items]

    def similar_items(self, item: Any, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
        """Return the items whose embeddings are most similar to that of an item.

        Similar items lead to similar recommendations when they are part of a history.

        Parameters
        ----------
        item : item
            One of `items_`.

        k : int, default=10
            Number of similar items.

        Returns
        -------
        items, similarities : ndarrays of shape (k,)
            Items, most similar first, and the cosine similarity of their embeddings.

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
        """Explain recommendations by the contributions of the items of the history.

        Parameters
        ----------
        X : same format as in `fit`
            Items of each user.

        k : int, default=10
            Number of recommendations per user.

        Returns
        -------
        DataFrame
            The columns user (row number), item (recommended), score, because (an item of the
            history) and contribution (of that item to the score). A row with a missing
            `because` holds the popularity of the recommended item. The contributions to a
            recommendation, including the popularity, add up to its score.

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
        """Return the NDCG@100 of the recommendations.

        Parameters
        ----------
        X : same format as in `fit`
            Items of each user.

        y : same format as X, default=None
            Items to predict. None hides a fifth of each history, with a fixed seed, and
            predicts these items from the others.

        Returns
        -------
        float
            NDCG from 0 to 1; see `skembed.metrics.ndcg_at_k`.
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
        raise ValueError(f"k is {k!r}, expected an integer of 1 or more.")


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
