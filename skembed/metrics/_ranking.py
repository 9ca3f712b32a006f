"""Figures of ranked items: what of a user's hidden items is among the best k."""

from typing import Any

import numpy as np
import scipy.sparse as sp

# Scores that are ranked at a time.
_BLOCK_SCORES = 2**22


def recall_at_k(hidden: Any, scores: Any, k: int = 20, *, seen: Any = None) -> float:
    """Compute recall@k: the fraction of hidden items among the k highest-scoring items.

    The recall of a user is (number found) / min(k, number hidden), as in Liang et al. (2018).
    A perfect ranking therefore has recall 1 even if more than k items are hidden.

    Parameters
    ----------
    hidden : {array-like, sparse matrix} of shape (n_users, n_items)
        Hidden items, the ones to predict, as nonzero entries.

    scores : array-like of shape (n_users, n_items)
        Scores of all items, such as those of a recommender's `decision_function`.

    k : int, default=20
        Number of highest-scoring items to evaluate.

    seen : {array-like, sparse matrix} of shape (n_users, n_items), default=None
        Items to exclude from the ranking, as nonzero entries.

    Returns
    -------
    float
        The mean over the users that have hidden items, from 0 to 1.

    Raises
    ------
    ValueError
        If the shapes differ, k is less than 1, a score is NaN, or no item is hidden.

    References
    ----------
    Liang, Krishnan, Hoffman and Jebara (2018). Variational autoencoders for collaborative
    filtering. WWW.

    Examples
    --------
    >>> from skembed.metrics import recall_at_k
    >>> recall_at_k([[0, 1, 1, 0]], [[0.9, 0.8, 0.1, 0.2]], k=2)
    0.5
    """
    found, n_hidden = _found(hidden, scores, k, seen)
    return float((found.sum(axis=1) / np.minimum(n_hidden, k)).mean())


def ndcg_at_k(hidden: Any, scores: Any, k: int = 100, *, seen: Any = None) -> float:
    """Compute NDCG@k, the normalized discounted cumulative gain of the k best items.

    A hidden item at rank r of the list has the gain 1 / log2(r + 1). The sum of the gains is
    divided by the sum for a perfect ranking.

    Parameters
    ----------
    hidden : {array-like, sparse matrix} of shape (n_users, n_items)
        Hidden items, the ones to predict, as nonzero entries.

    scores : array-like of shape (n_users, n_items)
        Scores of all items, such as those of a recommender's `decision_function`.

    k : int, default=100
        Number of highest-scoring items to evaluate.

    seen : {array-like, sparse matrix} of shape (n_users, n_items), default=None
        Items to exclude from the ranking, as nonzero entries.

    Returns
    -------
    float
        The mean over the users that have hidden items, from 0 to 1.

    Raises
    ------
    ValueError
        If the shapes differ, k is less than 1, a score is NaN, or no item is hidden.

    Examples
    --------
    >>> from skembed.metrics import ndcg_at_k
    >>> round(ndcg_at_k([[0, 1, 1, 0]], [[0.9, 0.8, 0.1, 0.2]], k=2), 3)
    0.387
    """
    found, n_hidden = _found(hidden, scores, k, seen)
    discounts = 1 / np.log2(np.arange(2, found.shape[1] + 2))
    best = np.cumsum(discounts)[np.minimum(n_hidden, found.shape[1]) - 1]
    return float((found @ discounts / best).mean())


def mrr_at_k(hidden: Any, scores: Any, k: int = 20, *, seen: Any = None) -> float:
    """Compute MRR@k, the mean reciprocal rank of the first hidden item.

    The reciprocal rank of a user is 1 / (rank of the first hidden item), or 0 if no hidden
    item is among the k highest-scoring items.

    Parameters
    ----------
    hidden : {array-like, sparse matrix} of shape (n_users, n_items)
        Hidden items, the ones to predict, as nonzero entries.

    scores : array-like of shape (n_users, n_items)
        Scores of all items, such as those of a recommender's `decision_function`.

    k : int, default=20
        Number of highest-scoring items to evaluate.

    seen : {array-like, sparse matrix} of shape (n_users, n_items), default=None
        Items to exclude from the ranking, as nonzero entries.

    Returns
    -------
    float
        The mean over the users that have hidden items, from 0 to 1.

    Raises
    ------
    ValueError
        If the shapes differ, k is less than 1, a score is NaN, or no item is hidden.

    Examples
    --------
    >>> from skembed.metrics import mrr_at_k
    >>> mrr_at_k([[0, 1, 1, 0]], [[0.9, 0.8, 0.1, 0.2]], k=2)
    0.5
    """
    found, _ = _found(hidden, scores, k, seen)
    return float((found.any(axis=1) / (found.argmax(axis=1) + 1)).mean())


def hit_rate_at_k(hidden: Any, scores: Any, k: int = 20, *, seen: Any = None) -> float:
    """Compute the hit rate: the fraction of users with a hidden item among the k best.

    Parameters
    ----------
    hidden : {array-like, sparse matrix} of shape (n_users, n_items)
        Hidden items, the ones to predict, as nonzero entries.

    scores : array-like of shape (n_users, n_items)
        Scores of all items, such as those of a recommender's `decision_function`.

    k : int, default=20
        Number of highest-scoring items to evaluate.

    seen : {array-like, sparse matrix} of shape (n_users, n_items), default=None
        Items to exclude from the ranking, as nonzero entries.

    Returns
    -------
    float
        The fraction, from 0 to 1, of the users that have hidden items.

    Raises
    ------
    ValueError
        If the shapes differ, k is less than 1, a score is NaN, or no item is hidden.

    Examples
    --------
    >>> from skembed.metrics import hit_rate_at_k
    >>> hit_rate_at_k([[0, 1, 1, 0], [1, 0, 0, 0]], [[0.9, 0.8, 0.1, 0.2]] * 2, k=1)
    0.5
    """
    found, _ = _found(hidden, scores, k, seen)
    return float(found.any(axis=1).mean())


def coverage_at_k(scores: Any, k: int = 20, *, seen: Any = None) -> float:
    """Compute the fraction of the catalogue that is among the k best items of some user.

    Parameters
    ----------
    scores : array-like of shape (n_users, n_items)
        Scores of all items, such as those of a recommender's `decision_function`.

    k : int, default=20
        Number of highest-scoring items to evaluate.

    seen : {array-like, sparse matrix} of shape (n_users, n_items), default=None
        Items to exclude from the ranking, as nonzero entries.

    Returns
    -------
    float
        The fraction, from 0 to 1. It is k / n_items if all users get the same items.

    Raises
    ------
    ValueError
        If the shapes differ, k is less than 1 or a score is NaN.

    Examples
    --------
    >>> from skembed.metrics import coverage_at_k
    >>> coverage_at_k([[0.9, 0.8, 0.1, 0.2], [0.8, 0.9, 0.1, 0.2]], k=1)
    0.5
    """
    best = _best(scores, k, seen)
    return len(np.unique(best[best >= 0])) / np.shape(scores)[1]


def _found(hidden: Any, scores: Any, k: int, seen: Any) -> tuple[np.ndarray, np.ndarray]:
    """Whether the best k items (n_users, k) are hidden ones, and how many are hidden.

    Of the users that have some.
    """
    rows = _nonzero(hidden, "hidden", np.shape(scores))
    n_hidden = np.diff(rows.indptr)
    some = np.flatnonzero(n_hidden)
    if not len(some):
        raise ValueError("hidden has no nonzero entry; at least one user needs a hidden item.")
    best = _best(scores, k, seen)[some]
    marks = rows[some].toarray()
    found = np.take_along_axis(marks, np.maximum(best, 0), axis=1) & (best >= 0)
    return found, n_hidden[some]


def _best(scores: Any, k: int, seen: Any) -> np.ndarray:
    """Items (n_users, k) of the highest scores, -1 where there are no more."""
    scores = np.asarray(scores)
    if scores.ndim != 2 or not scores.shape[1]:
        raise ValueError(f"scores has shape {scores.shape}, expected (n_users, n_items).")
    if not isinstance(k, int | np.integer) or isinstance(k, bool) or k < 1:
        raise ValueError(f"k is {k!r}, expected an integer of 1 or more.")
    if np.isnan(scores).any():
        row = int(np.argwhere(np.isnan(scores))[0, 0])
        raise ValueError(
            f"scores contains NaN in row {row}; use -inf for items that must not be ranked."
        )
    had = None if seen is None else _nonzero(seen, "seen", scores.shape)
    step = max(_BLOCK_SCORES // scores.shape[1], 1)
    blocks = [
        _best_of_block(
            scores[start : start + step], None if had is None else had[start : start + step], k
        )
        for start in range(0, max(len(scores), 1), step)
    ]
    return np.concatenate(blocks)


def _best_of_block(scores: np.ndarray, had: sp.csr_matrix | None, k: int) -> np.ndarray:
    if had is not None:
        scores = np.where(had.toarray(), -np.inf, scores)
    best = _highest(scores, min(k, scores.shape[1]))
    return np.where(np.isneginf(np.take_along_axis(scores, best, axis=1)), -1, best)


def _highest(scores: np.ndarray, k: int) -> np.ndarray:
    """Items (n_users, k) of the highest scores, best first; of equal ones the lower number."""
    if k == scores.shape[1]:
        return np.argsort(-scores, axis=1, kind="stable")
    best = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)


def _nonzero(items: Any, name: str, shape: tuple[int, ...]) -> sp.csr_matrix:
    """Where a matrix of items is not zero."""
    rows = sp.csr_matrix(items)
    if rows.shape != shape:
        raise ValueError(f"{name} has shape {rows.shape}, but scores has shape {shape}.")
    rows = (rows != 0).tocsr()
    rows.eliminate_zeros()
    return rows
