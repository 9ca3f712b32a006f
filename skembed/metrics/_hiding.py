"""Histories with some items hidden, and scorers that ask a recommender for these."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state

from skembed.metrics._ranking import (
    coverage_at_k,
    hit_rate_at_k,
    mrr_at_k,
    ndcg_at_k,
    recall_at_k,
)

_METRICS: dict[str, Callable[..., float]] = {
    "recall": recall_at_k,
    "ndcg": ndcg_at_k,
    "mrr": mrr_at_k,
    "hit_rate": hit_rate_at_k,
}


def hide_items(
    histories: Any, share: float = 0.2, *, last: int | None = None, random_state: Any = None
) -> tuple[Any, Any]:
    """Split each history into given items and hidden items, to evaluate recommendations.

    Parameters
    ----------
    histories : sparse matrix (n_users, n_items), or sequence of lists
        Items of each user: nonzero entries of a matrix, or lists of ids.

    share : float, default=0.2
        Fraction of each history to hide, drawn at random. At least one item is hidden if the
        history has two or more items, and none if it has one.

    last : int, default=None
        Number of items to hide at the end of each list, instead of a random `share`. Nothing
        is hidden in lists of `last` or fewer items. Not available for a matrix, which has no
        order.

    random_state : int, RandomState instance or None, default=None
        Seed of the random draw.

    Returns
    -------
    given, hidden : CSR matrices, or lists of lists
        Given and hidden items, each with one row per history.

    Raises
    ------
    ValueError
        If `share` is not between 0 and 1, or `last` is less than 1 or passed with a matrix.

    Examples
    --------
    >>> from skembed.metrics import hide_items
    >>> given, hidden = hide_items([["Alien", "Aliens", "Heat"], ["Heat"]], last=1)
    >>> given, hidden
    ([['Alien', 'Aliens'], ['Heat']], [['Heat'], []])
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share!r}, expected a fraction between 0 and 1, exclusive.")
    if last is not None and last < 1:
        raise ValueError(f"last is {last!r}, expected a number of items of 1 or more.")
    if not sp.issparse(histories) and not (
        isinstance(histories, np.ndarray) and histories.ndim > 1
    ):
        return _of_lists([list(row) for row in histories], share, last, random_state)
    if last is not None:
        raise ValueError(
            "last needs ordered histories, but histories is a matrix; pass lists, or use share."
        )
    rows = sp.csr_matrix(histories)
    rows.eliminate_zeros()
    rng = check_random_state(random_state)
    hides = np.zeros(rows.nnz, bool)
    for start, end in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
        hides[start + _drawn(end - start, share, rng)] = True
    return _kept(rows, ~hides), _kept(rows, hides)


def ranking_scorer(
    metric: str = "ndcg", k: int = 100, *, share: float = 0.2, random_state: int = 0
) -> Callable[..., float]:
    """Make a scorer of recommenders for `cross_validate` and `GridSearchCV`.

    The scorer hides a fraction of each history and evaluates how well the recommender ranks
    the hidden items among all items that are not given. If you pass y, the recommender gets
    all of X, and the items of y are the ones to predict.

    Parameters
    ----------
    metric : {"ndcg", "recall", "mrr", "hit_rate", "coverage"}, default="ndcg"
        Metric to compute: `ndcg_at_k`, `recall_at_k`, `mrr_at_k`, `hit_rate_at_k` or
        `coverage_at_k`.

    k : int, default=100
        Number of recommended items.

    share : float, default=0.2
        Fraction of each history to hide.

    random_state : int, default=0
        Seed of the random draw. The same items are hidden for every estimator.

    Returns
    -------
    callable
        A scorer ``scorer(estimator, X, y=None)``; higher scores are better.

    Raises
    ------
    ValueError
        If `metric` is unknown.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from skembed import EmbeddingRecommender
    >>> from skembed.metrics import ranking_scorer
    >>> histories = [["ham", "eggs", "toast"], ["rice", "beans", "corn"]] * 30
    >>> recommender = EmbeddingRecommender(4, learning_rate=0.05, random_state=0)
    >>> scores = cross_val_score(recommender, histories, scoring=ranking_scorer("recall", 1), cv=3)
    >>> scores.tolist()
    [1.0, 1.0, 1.0]
    """
    if metric not in {*_METRICS, "coverage"}:
        raise ValueError(f"metric is {metric!r}, expected one of {[*_METRICS, 'coverage']}.")

    def scorer(estimator: Any, X: Any, y: Any = None) -> float:
        given, hidden = hide_items(X, share, random_state=random_state) if y is None else (X, y)
        if isinstance(estimator, Pipeline):
            given, hidden = (estimator[:-1].transform(part) for part in (given, hidden))
            estimator = estimator[-1]
        scores, seen = estimator.decision_function(given), estimator.item_matrix(given)
        if metric == "coverage":
            return coverage_at_k(scores, k, seen=seen)
        return _METRICS[metric](estimator.item_matrix(hidden), scores, k, seen=seen)

    return scorer


def _of_lists(
    histories: list[list[Any]], share: float, last: int | None, random_state: Any
) -> tuple[list[list[Any]], list[list[Any]]]:
    rng = check_random_state(random_state)
    given: list[list[Any]] = []
    hidden: list[list[Any]] = []
    for row in histories:
        if last is None:
            places = set(_drawn(len(row), share, rng).tolist())
        else:
            places = set(range(len(row) - last, len(row))) if len(row) > last else set()
        given.append([item for place, item in enumerate(row) if place not in places])
        hidden.append([row[place] for place in sorted(places)])
    return given, hidden


def _drawn(size: int, share: float, rng: np.random.RandomState) -> np.ndarray:
    """Places of the items of a history to hide: at least one, but for the only one."""
    number = max(1, int(share * size)) if size > 1 else 0
    return rng.permutation(size)[:number]


def _kept(rows: sp.csr_matrix, kept: np.ndarray) -> sp.csr_matrix:
    ends = np.concatenate([[0], np.cumsum(kept)])[rows.indptr]
    return sp.csr_matrix((rows.data[kept], rows.indices[kept], ends), shape=rows.shape)
