import numpy as np
import pytest
from compared import N_ROWS, network
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, make_scorer, mean_absolute_error

from skembed import EmbeddingDNNRegressor, compare_with_linear
from skembed.comparison._scores import neg_log_loss
from skembed.metrics import evaluate

pytestmark = pytest.mark.filterwarnings("ignore:.*an end of the grid, was chosen")


def test_neg_log_loss_is_scikit_learns_and_known_where_a_class_is_absent(X, three_classes):
    y = three_classes
    weights = np.random.default_rng(0).random(len(y))
    model = LogisticRegression(max_iter=1000).fit(X, y)
    expected = -log_loss(y, model.predict_proba(X), sample_weight=weights)
    assert_allclose(neg_log_loss(model, X, y, weights), expected)
    some = y != "cow"
    of_truth = model.predict_proba(X)[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    assert_allclose(neg_log_loss(model, X[some], y[some]), np.log(of_truth[some]).mean())


ABSOLUTE = make_scorer(mean_absolute_error, greater_is_better=False)


@pytest.mark.parametrize(
    ("scoring", "names"),
    [
        (ABSOLUTE, ["score"]),
        ({"absolute": ABSOLUTE, "squares": "r2"}, ["absolute", "squares"]),
        (("r2", "neg_max_error"), ["r2", "neg_max_error"]),
        ({"r2"}, ["r2"]),
    ],
)
def test_scorers_in_other_forms(scoring, names, X, numbers, halves):
    model = network(EmbeddingDNNRegressor)
    found = compare_with_linear(model, X, numbers, cv=halves, grid=[1.0], scoring=scoring)
    assert found.summary().index.tolist() == names


def test_a_scorer_that_gives_several_scores(X, two_classes, halves):
    found = compare_with_linear(
        network(), X, two_classes, cv=halves, grid=[1.0], scoring=evaluate
    ).summary()
    assert {"accuracy", "auc", "average_loss"} < set(found.index)


def test_a_scorer_that_takes_no_weights(X, numbers):
    model, weights = network(EmbeddingDNNRegressor), np.ones(N_ROWS)
    with pytest.raises(ValueError, match="scoring: 'neg_max_error' takes no sample_weight"):
        compare_with_linear(model, X, numbers, sample_weight=weights, scoring="neg_max_error")


def test_a_scorer_that_gives_nan(X, two_classes, halves):
    def unknown(estimator, X, y):
        return np.nan

    with pytest.raises(ValueError, match="scoring gives NaN on the inner splits, so C"):
        compare_with_linear(network(), X, two_classes, cv=halves, scoring=unknown)
