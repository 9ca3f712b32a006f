"""Folds: what is held out, and what stays to train on."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from skembed.training._class_targets import ClassificationTask
from skembed.training._folds import fold_numbers, folds
from skembed.training._value_targets import RegressionTask


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=80),
    st.integers(2, 6),
    st.integers(0, 10),
)
def test_every_class_stays_among_the_rows_to_train_on(classes, n_folds, seed):
    strata = np.array(classes)
    numbers = fold_numbers(strata, n_folds, seed)
    for stratum in np.unique(strata):
        of_stratum = numbers[strata == stratum]
        if len(of_stratum) == 1:
            assert of_stratum.tolist() == [-1]
            continue
        shares = np.bincount(of_stratum, minlength=n_folds)
        assert shares.sum() == len(of_stratum)
        assert shares.max() - shares.min() <= 1
        assert (len(of_stratum) - shares >= 1).all()


@pytest.mark.parametrize("kind", ["classes", "labels", "numbers"])
def test_each_row_is_held_out_once(kind):
    n_rows = 53
    X = sp.csr_matrix(np.arange(1, n_rows + 1, dtype=np.float32)[:, None])
    y = {
        "classes": np.arange(n_rows) % 3,
        "labels": np.arange(n_rows)[:, None] % [2, 3],
        "numbers": np.linspace(0, 1, n_rows)[:, None],
    }[kind]
    task = RegressionTask("squared_error") if kind == "numbers" else ClassificationTask()
    weights = np.arange(n_rows, dtype=np.float32)
    parts = folds((X, y, weights), task, 5, seed=1)
    held_out = np.concatenate([X.toarray()[:, 0] for _, (X, _, _) in parts])
    assert sorted(held_out) == list(range(1, n_rows + 1))
    for train, judges in parts:
        assert train[0].shape[0] + judges[0].shape[0] == n_rows
        for X_part, y_part, weights_part in (train, judges):
            places = X_part.toarray()[:, 0].astype(int) - 1
            assert (y_part == y[places]).all() and (weights_part == weights[places]).all()


def test_folds_without_rows_are_left_out():
    X, y = sp.csr_matrix(np.eye(4, dtype=np.float32)), np.array([0, 0, 1, 2])
    parts = folds((X, y, np.ones(4, np.float32)), ClassificationTask(), 5, seed=0)
    assert [len(judges[1]) for _, judges in parts] == [1, 1]
    assert all(set(train[1]) == {0, 1, 2} for train, _ in parts)
