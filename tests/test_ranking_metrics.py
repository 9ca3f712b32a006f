"""Metrics of rankings, against their definitions; histories with items hidden."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from skembed.metrics import (
    coverage_at_k,
    hide_items,
    hit_rate_at_k,
    mrr_at_k,
    ndcg_at_k,
    ranking_scorer,
    recall_at_k,
)


@st.composite
def problems(draw):
    seed = draw(st.integers(0, 2**16))
    rng = np.random.default_rng(seed)
    shape = draw(st.integers(1, 5)), draw(st.integers(2, 12))
    kinds = rng.choice(3, size=shape, p=[0.4, 0.3, 0.3])
    kinds[0, 0] = 1  # at least one hidden item
    return kinds == 1, rng.permuted(np.tile(np.arange(shape[1]), (shape[0], 1)), axis=1), kinds == 2


@given(problems(), st.integers(1, 14))
def test_metrics_are_as_they_are_defined(problem, k):
    hidden, scores, seen = problem
    found = dict(recall=[], ndcg=[], mrr=[], hit=[])
    listed = set()
    for of_user, values, had in zip(hidden, scores, seen, strict=True):
        order = [item for item in np.argsort(-values) if not had[item]][:k]
        listed |= set(order)
        if not of_user.any():
            continue
        hits = [bool(of_user[item]) for item in order]
        n = int(of_user.sum())
        found["recall"].append(sum(hits) / min(n, k))
        gain = sum(hit / np.log2(place + 2) for place, hit in enumerate(hits))
        best = sum(1 / np.log2(place + 2) for place in range(min(n, k, len(values))))
        found["ndcg"].append(gain / best)
        found["mrr"].append(1 / (hits.index(True) + 1) if any(hits) else 0)
        found["hit"].append(any(hits))
    arguments = sp.csr_matrix(hidden), scores, k
    assert np.isclose(recall_at_k(*arguments, seen=seen), np.mean(found["recall"]))
    assert np.isclose(ndcg_at_k(*arguments, seen=seen), np.mean(found["ndcg"]))
    assert np.isclose(mrr_at_k(*arguments, seen=seen), np.mean(found["mrr"]))
    assert np.isclose(hit_rate_at_k(*arguments, seen=seen), np.mean(found["hit"]))
    assert np.isclose(coverage_at_k(scores, k, seen=seen), len(listed) / scores.shape[1])


def test_blocks_of_users_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    hidden, seen = (sp.random(40, 30, 0.1, rng=rng, format="csr") for _ in range(2))
    scores = rng.random(hidden.shape)
    whole = ndcg_at_k(hidden, scores, 7, seen=seen)
    monkeypatch.setattr("skembed.metrics._ranking._BLOCK_SCORES", 100)
    assert ndcg_at_k(hidden, scores, 7, seen=seen) == whole


@given(st.lists(st.lists(st.integers(0, 50), max_size=9, unique=True), min_size=1, max_size=6))
def test_hidden_and_given_make_up_the_histories(rows):
    given_rows, hidden = hide_items(rows, 0.3, random_state=0)
    for row, kept, gone in zip(rows, given_rows, hidden, strict=True):
        assert sorted(kept + gone) == sorted(row)
        assert len(gone) == (max(1, int(0.3 * len(row))) if len(row) > 1 else 0)
        assert kept == [item for item in row if item not in gone]
    X = sp.lil_matrix((len(rows), 51))
    for place, row in enumerate(rows):
        X[place, row] = 2
    given_matrix, hidden_matrix = hide_items(X.tocsr(), 0.3, random_state=0)
    assert (given_matrix + hidden_matrix != X.tocsr()).nnz == 0
    assert np.diff(hidden_matrix.indptr).tolist() == list(map(len, hidden))


def test_the_last_items_are_hidden():
    assert hide_items([[1, 2, 3, 4], [5, 6]], last=2) == ([[1, 2], [5, 6]], [[3, 4], []])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: recall_at_k([[0, 0]], [[1, 2]]), "hidden has no nonzero entry"),
        (lambda: recall_at_k([[0, 1]], [[1, 2, 3]]), "hidden has shape"),
        (lambda: recall_at_k([[0, 1]], [[1, np.nan]]), "NaN in row 0"),
        (lambda: recall_at_k([[0, 1]], [[1, 2]], 0), "k is 0"),
        (lambda: recall_at_k([[0, 1]], [1, 2]), "scores has shape"),
        (lambda: ndcg_at_k([[0, 1]], [[1, 2]], seen=[[1]]), "seen has shape"),
        (lambda: hide_items([[1]], 1.5), "share is 1.5"),
        (lambda: hide_items([[1]], last=0), "last is 0"),
        (lambda: hide_items(np.eye(2), last=1), "histories is a matrix"),
        (lambda: ranking_scorer("auc"), "metric is 'auc'"),
    ],
)
def test_bad_arguments_are_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()
