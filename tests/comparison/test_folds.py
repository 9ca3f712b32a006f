"""What both models of a fold are given."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from compared import N_ROWS, SHORT_GRID, network
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from sklearn.utils.validation import validate_data

from skembed import VocabularyTransformer, compare_with_linear

pytestmark = pytest.mark.filterwarnings("ignore:.*an end of the grid, was chosen")


class Watching(TransformerMixin, BaseEstimator):
    """Passes rows on and notes which it was fitted on, and how often."""

    fitted_on: list = []

    def fit(self, X, y=None):
        validate_data(self, X)
        Watching.fitted_on.append(np.asarray(X)[:, 0])
        return self

    def transform(self, X):
        return np.asarray(X)


def test_steps_are_fitted_once_a_fold_on_its_training_part(X, two_classes, halves):
    numbered = np.column_stack([np.arange(N_ROWS), X.toarray()])
    Watching.fitted_on.clear()
    pipeline = make_pipeline(Watching(), MaxAbsScaler(), network())
    compare_with_linear(pipeline, numbered, two_classes, cv=halves, grid=SHORT_GRID)
    assert len(Watching.fitted_on) == 2
    for rows, (train, _) in zip(Watching.fitted_on, halves, strict=True):
        assert_array_equal(rows, train)


def test_both_models_get_what_the_steps_make(X, two_classes, halves):
    y = two_classes
    terms = [[f"t{column}" for column in row.indices] for row in X]
    pipeline = make_pipeline(VocabularyTransformer(), network())
    folds = compare_with_linear(pipeline, terms, y, cv=halves, grid=[1.0]).folds
    for fold, (train, test) in enumerate(halves):
        vocabulary = VocabularyTransformer()
        made = vocabulary.fit_transform([terms[row] for row in train])
        held = vocabulary.transform([terms[row] for row in test])
        logistic = LogisticRegression(max_iter=1000)
        for model, name in [(network(), "embedding"), (logistic, "linear")]:
            probability = model.fit(made, y[train]).predict_proba(held)
            assert_allclose(folds[name][fold], -log_loss(y[test], probability), rtol=1e-5)


@pytest.mark.parametrize(
    "container",
    [
        sp.coo_array,
        lambda X: X.toarray().tolist(),
        lambda X: pd.DataFrame(X.toarray(), index=np.arange(N_ROWS) + 7).add_prefix("t"),
    ],
    ids=["coo", "list", "frame"],
)
def test_rows_in_any_container_give_the_same(container, X, two_classes, halves):
    arguments = dict(cv=halves, grid=[1.0])
    expected = compare_with_linear(network(), X, two_classes, **arguments).folds
    found = compare_with_linear(network(), container(X), list(two_classes), **arguments).folds
    for name in ("embedding", "linear"):
        assert_allclose(found[name], expected[name], rtol=1e-4)


def test_weights_are_used_in_fits_and_scores(X, two_classes, halves):
    (train, test), y = halves[0], two_classes
    weights = np.random.default_rng(0).integers(1, 3, N_ROWS).astype(float)
    folds = compare_with_linear(
        network(), X, y, cv=halves, sample_weight=weights, grid=SHORT_GRID
    ).folds
    again = np.repeat(train, weights[train].astype(int))
    logistic = LogisticRegression(C=folds["C"][0], max_iter=1000).fit(X[again], y[again])
    ours = network().fit(X[train], y[train], weights[train])
    for model, name, rtol in [(logistic, "linear", 1e-3), (ours, "embedding", 1e-5)]:
        probability = model.predict_proba(X[test])
        expected = -log_loss(y[test], probability, sample_weight=weights[test])
        assert_allclose(folds[name][0], expected, rtol=rtol)


def test_groups_stay_together_in_folds_and_inside_training_parts(X, two_classes):
    y, groups, seen = two_classes, np.arange(N_ROWS) % 8, []

    class Recording(GroupKFold):
        def split(self, X, y=None, groups=None):
            for split in super().split(X, y, groups):
                seen.append([set(groups[rows]) for rows in split])
                yield split

    arguments = dict(groups=groups, grid=[1.0])
    compare_with_linear(network(), X, y, cv=Recording(2), inner_cv=Recording(3), **arguments)
    assert len(seen) == 2 + 2 * 3
    assert all(not train & test for train, test in seen)
    with pytest.raises(ValueError, match="one group in groups only"):
        compare_with_linear(network(), X, y, cv=GroupKFold(2), groups=groups % 2)


def test_with_metadata_routing(X, two_classes, halves):
    arguments = dict(cv=halves, grid=[1.0], sample_weight=np.linspace(1, 2, N_ROWS))
    expected = compare_with_linear(network(), X, two_classes, **arguments).folds
    with config_context(enable_metadata_routing=True):
        found = compare_with_linear(network(), X, two_classes, **arguments).folds
    assert_allclose(found["difference"], expected["difference"])


def test_a_class_that_a_training_part_lacks(X, two_classes):
    with pytest.raises(ValueError, match="training part of fold 0 of cv has no row of the class 0"):
        compare_with_linear(network(), X, np.sort(two_classes), cv=KFold(2))
