"""Parts of a fit: weights from item to item, the best items, held-out users."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax

from skembed.network._item_item import ItemItem
from skembed.recommending._best_items import best_items, without
from skembed.recommending._gram_matrix import GramMatrix
from skembed.recommending._hold_out import HeldOut, choose_share, split_users
from skembed.recommending._item_weights import item_weights
from skembed.training._batch_shape import RowLengths
from skembed.training._item_targets import ItemTargets


def rows(n_users=60, n_items=15, seed=0):
    X = np.random.default_rng(seed).random((n_users, n_items)) < 0.3
    return sp.csr_matrix(X, dtype=np.float32)


def gram(X, Y=None):
    Y = X if Y is None else Y
    return GramMatrix.of([(X, Y)], np.asarray(Y.sum(axis=0)).ravel())


def test_weights_solve_the_least_squares_problem_without_the_diagonal():
    """Each column is a ridge regression of an item on the others."""
    X = rows()
    weights = item_weights(gram(X), 3.0, np.dtype(np.float64)).weights
    dense = X.toarray().astype(float)
    counts = (dense**2).sum(axis=0)
    for item in range(X.shape[1]):
        others = np.delete(np.arange(X.shape[1]), item)
        A = dense[:, others]
        system = A.T @ A + np.diag(counts[others] + 3.0)
        expected = np.linalg.solve(system, A.T @ dense[:, item])
        assert np.allclose(weights[others, item], expected)
        assert weights[item, item] == 0


def test_weights_to_what_follows_are_ridge_regression():
    X, Y = rows(), rows(seed=1)
    weights = item_weights(gram(X, Y), 3.0, np.dtype(np.float64)).weights
    dense = X.toarray().astype(float)
    system = dense.T @ dense + np.diag((dense**2).sum(axis=0) + 3.0)
    assert np.allclose(weights, np.linalg.solve(system, dense.T @ Y.toarray()))


def test_products_of_parts_add_up():
    X = rows()
    parts = [(X[:20], X[:20]), (X[20:], X[20:])]
    same = [(part, part) for part, _ in parts]
    counts = np.ones(X.shape[1])
    assert np.allclose(GramMatrix.of(same, counts).products, (X.T @ X).toarray())


def test_some_items_have_weights():
    weights = ItemItem(np.arange(4.0).reshape(2, 2), np.array([1, 3]))
    scores = np.zeros((1, 5))
    weights.add(scores, 10 * weights.scores(sp.csr_matrix([[1.0, 0, 0, 2.0, 5.0]])))
    assert scores.tolist() == [[0, 40, 0, 60, 0]]
    assert weights.column(3, 5).tolist() == [0, 1, 0, 3, 0]
    assert weights.column(2, 5).tolist() == [0] * 5


@given(
    arrays(np.float32, (3, 9), elements=st.sampled_from([0.0, 1.0, 2.0, -np.inf])),
    st.integers(1, 12),
)
def test_best_items_are_those_of_a_stable_sort(scores, k):
    items, best = best_items(scores, k)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    assert np.array_equal(best, np.take_along_axis(scores, expected, axis=1))
    assert np.array_equal(items, np.where(np.isneginf(best), -1, expected))


def test_what_was_seen_has_no_score():
    scores = np.zeros((2, 3))
    without(scores, sp.csr_matrix([[1, 0, 0], [0, 1, 1]]))
    assert np.isneginf(scores).tolist() == [[True, False, False], [False, True, True]]


@pytest.mark.parametrize(
    ("n_users", "n_items", "number"),
    [(40, 9, 10), (1000, 9, 150), (5000, 9, 500), (10**6, 9, 2000), (10**6, 10**5, 335)],
)
def test_enough_users_are_held_out(n_users, n_items, number):
    train, held_out = split_users(n_users, n_items, 0.1, 0)
    assert len(held_out) == number
    assert np.array_equal(np.union1d(train, held_out), np.arange(n_users))
    assert not np.intersect1d(train, held_out).size


def test_the_share_is_that_of_the_best_ranking():
    X = rows(200)
    held_out = HeldOut.of(X, None, 0)
    noise = np.random.default_rng(0).random(held_out.given.shape).astype(np.float32)
    alone = held_out.ndcg(noise)
    told = ItemItem(np.eye(X.shape[1], dtype=np.float32))
    assert choose_share(held_out, noise, told, alone) == (0.0, alone)  # what is given is left out
    perfect = held_out.hidden.toarray()
    assert held_out.ndcg(perfect) == 1
    assert choose_share(held_out, perfect, told, 1.0) == (0.0, 1.0)


def test_losses_are_those_of_a_softmax():
    Y = rows(5)
    logits = np.random.default_rng(1).normal(size=Y.shape)
    targets = ItemTargets(np.asarray(Y.sum(axis=0)).ravel(), RowLengths.of(Y))
    expected = -(Y.toarray() * log_softmax(logits, axis=1)).sum(axis=1)
    assert np.allclose(targets.losses(logits, targets.encode(Y, np.dtype(np.float64))), expected)
    assert np.isclose(targets.shares.sum(), 1)
