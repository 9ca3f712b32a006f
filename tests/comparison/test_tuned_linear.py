import numpy as np
import pytest
from compared import N_COLUMNS, N_ROWS, SHORT_GRID, network
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor, compare_with_linear
from skembed.comparison._folds import linear_model
from skembed.comparison._scores import Part, Scoring, neg_log_loss
from skembed.comparison._tuned_linear import LabelwiseLogisticRegression, LinearModel, inner_splits

pytestmark = pytest.mark.filterwarnings("ignore:.*an end of the grid, was chosen")


def test_the_linear_model_is_that_of_a_grid_search_on_the_training_part(
    compared, X, three_classes, halves
):
    y, inner, loss = three_classes, StratifiedKFold(4), "neg_log_loss"
    logistic = LogisticRegression(max_iter=1000)
    search = GridSearchCV(logistic, {"C": SHORT_GRID}, cv=inner, scoring=loss)
    for fold, (train, test) in enumerate(halves):
        search.fit(X[train], y[train])
        found = compared.folds[compared.folds["fold"] == fold]
        assert (found["C"] == search.best_params_["C"]).all()
        assert (found["n_train"] == len(train)).all() and (found["n_test"] == len(test)).all()
        accuracy = search.best_estimator_.score(X[test], y[test])
        assert_allclose(found["linear"], [search.score(X[test], y[test]), accuracy])


def test_the_linear_model_is_tuned_for_the_first_scorer(X, two_classes, halves):
    (train, _), _ = halves
    folds = compare_with_linear(
        network(), X, two_classes, cv=halves, inner_cv=3, scoring="roc_auc", grid=SHORT_GRID
    ).folds
    logistic = LogisticRegression(max_iter=1000)
    search = GridSearchCV(logistic, {"C": SHORT_GRID}, cv=3, scoring="roc_auc")
    assert folds["C"][0] == search.fit(X[train], two_classes[train]).best_params_["C"]


def test_ridge_is_that_of_a_grid_search_and_r2_the_default(X, numbers, halves):
    folds = compare_with_linear(
        network(EmbeddingDNNRegressor), X, numbers, cv=halves, inner_cv=3, grid=SHORT_GRID
    ).folds
    assert folds["scoring"].unique().tolist() == ["r2"]
    search = GridSearchCV(Ridge(), {"alpha": SHORT_GRID[::-1]}, cv=3)
    for fold, (train, test) in enumerate(halves):
        search.fit(X[train], numbers[train])
        assert folds["alpha"][fold] == search.best_params_["alpha"]
        assert_allclose(folds["linear"][fold], search.score(X[test], numbers[test]))


def test_label_sets_have_one_logistic_regression_each(X, label_sets, halves):
    Y = label_sets
    folds = compare_with_linear(
        network(), X, Y, cv=halves, grid=[0.5], scoring=["neg_log_loss", "f1_micro"]
    ).folds
    for fold, (train, test) in enumerate(halves):
        by_hand = OneVsRestClassifier(LogisticRegression(C=0.5, max_iter=1000))
        probability = by_hand.fit(X[train], Y[train]).predict_proba(X[test])
        losses = [log_loss(Y[test, label], probability[:, label]) for label in range(3)]
        assert_allclose(folds.query("scoring == 'neg_log_loss'")["linear"][fold], -np.mean(losses))


def test_a_label_that_no_training_row_has_stays_possible():
    X = np.eye(4)
    Y = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 1], [0, 0, 1]])
    model = LabelwiseLogisticRegression().fit(X, Y)
    assert_allclose(model.predict_proba(X)[:, 1:], [[1 / 8, 7 / 8]] * 4)
    assert_array_equal(model.predict(X), Y)


def test_weights_are_used_in_the_choice(X, two_classes, halves):
    """Without the rows of weight 0, whose labels are wrong, a weak penalty is best."""
    y, wrong = two_classes.copy(), np.random.default_rng(0).random(N_ROWS) < 0.5
    y[wrong] = 1 - (X @ np.arange(N_COLUMNS) > 22)[wrong]
    weights = 1.0 - wrong
    folds = compare_with_linear(
        network(), X, y, cv=halves, inner_cv=4, sample_weight=weights, grid=SHORT_GRID
    ).folds
    found = LinearModel.for_classes(y, None, SHORT_GRID)
    for fold, (train, _) in enumerate(halves):
        part = Part(X, y, weights).take(train)
        splits = inner_splits(4, part.y, None, stratify=True, seed=0)
        right = [tuple(rows[part.weights[rows] > 0] for rows in split) for split in splits]
        scoring = Scoring.of(None, default="neg_log_loss", weighted=False)
        expected = found.tuned(Part(part.X, part.y), right, scoring, None)[1]
        assert folds["C"][fold] == expected


@pytest.mark.parametrize("stratify", [True, False])
def test_default_inner_folds_keep_groups_apart(two_classes, stratify):
    groups = np.arange(N_ROWS) % 8
    splits = inner_splits(None, two_classes, groups, stratify=stratify, seed=0)
    assert len(splits) == 5
    assert all(not set(groups[train]) & set(groups[test]) for train, test in splits)


def test_of_many_rows_one_inner_fold_is_scored():
    y = np.arange(6000) % 3
    for stratify in (True, False):
        ((train, test),) = inner_splits(None, y, None, stratify=stratify, seed=0)
        assert (len(train), len(test)) == (4800, 1200)


def test_class_weight_is_shared(X, two_classes, halves):
    (train, test), y = halves[0], two_classes
    model = network(class_weight={1: 5.0})
    folds = compare_with_linear(model, X, y, cv=halves, grid=[1.0]).folds
    logistic = LogisticRegression(class_weight={1: 5.0}, max_iter=1000).fit(X[train], y[train])
    assert_allclose(folds["linear"][0], neg_log_loss(logistic, X[test], y[test]))


def test_a_class_with_one_row_left_to_tune_on(X, two_classes):
    y = two_classes.copy()
    y[:2] = 2
    others = np.arange(2, N_ROWS)
    cv = [(np.r_[row, others[::2]], np.r_[1 - row, others[1::2]]) for row in (0, 1)]
    folds = compare_with_linear(network(), X, y, cv=cv, grid=SHORT_GRID).folds
    assert np.isfinite(folds[["embedding", "linear"]]).all(axis=None)


def test_in_processes(X, two_classes):
    linear = LinearModel.for_classes(two_classes, None, SHORT_GRID)
    splits = inner_splits(None, two_classes, None, stratify=True, seed=0)
    scoring = Scoring.of(None, default="neg_log_loss", weighted=False)
    part = Part(X, two_classes)
    assert linear.tuned(part, splits, scoring, 2)[1] == linear.tuned(part, splits, scoring, 1)[1]


def test_an_end_of_the_grid_is_told(X, two_classes, halves):
    with pytest.warns(UserWarning, match="C=1e-06, an end of the grid, was chosen in 2 of 2"):
        compare_with_linear(network(), X, two_classes, cv=halves, grid=[1e-8, 1e-7, 1e-6])


@pytest.mark.parametrize("make", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
def test_of_equal_values_the_strongest_penalty_is_taken(make, X, two_classes):
    def undecided(estimator, X, y):
        return 1.0

    linear = linear_model(make(), two_classes, None)
    scoring = Scoring.of(undecided, default="", weighted=False)
    splits = inner_splits(None, two_classes, None, stratify=True, seed=0)[:1]
    model, value = linear.tuned(Part(X, two_classes), splits, scoring, None)
    assert_allclose(value, 1e-4 if make is EmbeddingDNNClassifier else 1e4)
    assert model.get_params()[linear.parameter] == value
