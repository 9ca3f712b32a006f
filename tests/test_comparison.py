"""The comparison with a tuned linear model, each figure made again by hand."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, make_scorer, mean_absolute_error
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_validate,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from sklearn.utils.validation import validate_data
from threadpoolctl import threadpool_limits

from skembed import (
    ChunkStream,
    EmbeddingDNNClassifier,
    EmbeddingDNNRegressor,
    LinearComparison,
    LinearComparisonDisplay,
    VocabularyTransformer,
    compare_with_linear,
)
from skembed.comparison._folds import linear_model
from skembed.comparison._scores import Part, Scoring, neg_log_loss
from skembed.comparison._tuned_linear import LabelwiseLogisticRegression, LinearModel, inner_splits
from skembed.metrics import evaluate

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import to_rgba  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.*an end of the grid, was chosen")
SHORT_GRID = (0.01, 0.1, 1.0, 10.0)
N_ROWS, N_COLUMNS = 240, 12


def network(cls=EmbeddingDNNClassifier, **params):
    return cls(2, **{**dict(hidden_units=(), max_epochs=2, random_state=0), **params})


@pytest.fixture(scope="module")
def X():
    """Four terms a row: all folds of a size can share a compiled program."""
    rng = np.random.default_rng(0)
    dense = np.tile([1.0] * 4 + [0.0] * (N_COLUMNS - 4), (N_ROWS, 1))
    return sp.csr_matrix(rng.permuted(dense, axis=1))


def noise(n_columns):
    return np.random.default_rng(1).normal(size=(N_ROWS, n_columns))


@pytest.fixture(scope="module")
def two_classes(X):
    score = X @ np.arange(N_COLUMNS) + 5 * noise(1)[:, 0]
    return (score > np.median(score)).astype(int)


@pytest.fixture(scope="module")
def three_classes(X):
    return np.array(["ant", "bee", "cow"])[(X[:, :3].toarray() + noise(3)).argmax(axis=1)]


@pytest.fixture(scope="module")
def numbers(X):
    return X @ np.arange(N_COLUMNS) + 5 * noise(1)[:, 0]


@pytest.fixture(scope="module")
def label_sets(X):
    return (X[:, :3].toarray() + noise(3) > 1).astype(int)


@pytest.fixture(scope="module")
def halves():
    """Two folds, drawn at random."""
    rows = np.random.default_rng(2).permutation(N_ROWS)
    half = N_ROWS // 2
    return [(rows[:half], rows[half:]), (rows[half:], rows[:half])]


@pytest.fixture(scope="module")
def compared(X, three_classes, halves):
    scoring = ["neg_log_loss", "accuracy"]
    inner = StratifiedKFold(4)
    return compare_with_linear(
        network(), X, three_classes, cv=halves, inner_cv=inner, scoring=scoring, grid=SHORT_GRID
    )


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(autouse=True, scope="module")
def one_blas_thread():
    """Small fits by hand are slow where several threads wait for a busy core."""
    with threadpool_limits(1, user_api="blas"):
        yield


def frame(differences, **columns):
    """Folds of three quarters of 100 rows."""
    differences = np.asarray(differences, float)
    values = dict(scoring="accuracy", fold=np.arange(len(differences)), n_train=75, n_test=25)
    values |= dict(embedding=0.5 + differences, linear=0.5, difference=differences)
    values |= dict(embedding_fit_time=2.0, linear_fit_time=1.0, C=1.0)
    return pd.DataFrame({**values, **columns})


# What the figures are.


def test_our_scores_are_those_of_cross_validate(compared, X, three_classes, halves):
    names = ["neg_log_loss", "accuracy"]
    expected = cross_validate(network(), X, three_classes, cv=halves, scoring=names)
    for name in names:
        folds = compared.folds.query("scoring == @name")
        assert_allclose(folds["embedding"], expected[f"test_{name}"], rtol=1e-5)
        assert folds["fold"].tolist() == [0, 1]


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


def test_several_outputs(X, numbers, halves):
    Y = np.column_stack([numbers, -numbers])
    model = network(EmbeddingDNNRegressor)
    folds = compare_with_linear(model, X, Y, cv=halves, grid=[1.0]).folds
    for fold, (train, test) in enumerate(halves):
        ridge = Ridge().fit(X[train], numbers[train])
        expected = ridge.score(X[test], numbers[test])
        assert_allclose(folds["linear"][fold], expected, rtol=1e-4)


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


def test_mean_difference_and_its_error_are_those_of_the_corrected_t_test():
    differences = np.array([0.03, 0.01, 0.02, -0.01])
    summary = LinearComparison(frame(differences)).summary(confidence_level=0.9).loc["accuracy"]
    error = np.sqrt((1 / 4 + 25 / 75) * np.sum((differences - 0.0125) ** 2) / 3)
    assert_allclose(summary["difference"], 0.0125)
    assert_allclose(summary["standard_error"], error)
    low, high = stats.t(df=3, loc=0.0125, scale=error).interval(0.9)
    assert_allclose(summary[["ci_low", "ci_high"]].astype(float), [low, high])
    assert (summary["n_folds"], summary["embedding"], summary["linear"]) == (4, 0.5125, 0.5)
    assert (summary["embedding_fit_time"], summary["linear_fit_time"]) == (2, 1)


def test_the_summary_has_a_row_for_each_scorer_in_their_order(compared):
    folds, summary = compared.folds, compared.summary()
    assert summary.index.tolist() == ["neg_log_loss", "accuracy"]
    assert_allclose(folds["difference"], folds["embedding"] - folds["linear"])
    for name, rows in folds.groupby("scoring"):
        assert_allclose(summary.loc[name, "difference"], rows["difference"].mean())
    assert (summary["C_min"] == folds["C"].min()).all()
    assert (summary["C_max"] == folds["C"].max()).all()
    assert (folds[["embedding_fit_time", "linear_fit_time"]] > 0).all(axis=None)
    assert "standard_error" in repr(compared)
    assert "<table" in compared._repr_html_()


def test_a_score_that_is_nan_is_not_left_out_of_the_mean():
    summary = LinearComparison(frame([0.1, np.nan])).summary().loc["accuracy"]
    assert np.isnan(summary[["difference", "standard_error", "ci_low"]].astype(float)).all()


def test_neg_log_loss_is_scikit_learns_and_known_where_a_class_is_absent(X, three_classes):
    y = three_classes
    weights = np.random.default_rng(0).random(len(y))
    model = LogisticRegression(max_iter=1000).fit(X, y)
    expected = -log_loss(y, model.predict_proba(X), sample_weight=weights)
    assert_allclose(neg_log_loss(model, X, y, weights), expected)
    some = y != "cow"
    of_truth = model.predict_proba(X)[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    assert_allclose(neg_log_loss(model, X[some], y[some]), np.log(of_truth[some]).mean())


# What both models are given.


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


def test_the_estimator_is_not_changed(X, two_classes, halves):
    pipeline = make_pipeline(MaxAbsScaler(), network(random_state=None))
    before = {**vars(pipeline[-1])}
    compare_with_linear(pipeline, X, two_classes, cv=halves, grid=[1.0], random_state=3)
    assert vars(pipeline[-1]) == before
    assert not hasattr(pipeline[0], "scale_")


def test_one_seed_gives_one_comparison(X, two_classes, halves):
    model, names = network(random_state=None), ["embedding", "linear", "C"]
    first, again, other = (
        compare_with_linear(
            model, X, two_classes, cv=halves, grid=SHORT_GRID, random_state=seed
        ).folds
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first[names], again[names])
    assert (first["embedding"] != other["embedding"]).all()


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


def test_a_class_with_one_row_left_to_tune_on(X, two_classes):
    y = two_classes.copy()
    y[:2] = 2
    others = np.arange(2, N_ROWS)
    cv = [(np.r_[row, others[::2]], np.r_[1 - row, others[1::2]]) for row in (0, 1)]
    folds = compare_with_linear(network(), X, y, cv=cv, grid=SHORT_GRID).folds
    assert np.isfinite(folds[["embedding", "linear"]]).all(axis=None)


def test_with_metadata_routing(X, two_classes, halves):
    arguments = dict(cv=halves, grid=[1.0], sample_weight=np.linspace(1, 2, N_ROWS))
    expected = compare_with_linear(network(), X, two_classes, **arguments).folds
    with config_context(enable_metadata_routing=True):
        found = compare_with_linear(network(), X, two_classes, **arguments).folds
    assert_allclose(found["difference"], expected["difference"])


def test_in_processes(X, two_classes):
    linear = LinearModel.for_classes(two_classes, None, SHORT_GRID)
    splits = inner_splits(None, two_classes, None, stratify=True, seed=0)
    scoring = Scoring.of(None, default="neg_log_loss", weighted=False)
    part = Part(X, two_classes)
    assert linear.tuned(part, splits, scoring, 2)[1] == linear.tuned(part, splits, scoring, 1)[1]


# Bad input.


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"estimator": LogisticRegression()}, TypeError, "estimator is a LogisticRegression"),
        ({"estimator": EmbeddingDNNClassifier}, TypeError, "is the class EmbeddingDNNClassifier"),
        ({"estimator": make_pipeline(MaxAbsScaler())}, TypeError, "ends in a MaxAbsScaler"),
        ({"X": ChunkStream(lambda: [])}, TypeError, "X is a ChunkStream"),
        ({"y": [0, 1]}, ValueError, "y has 2 rows but X has 240"),
        ({"sample_weight": [1.0]}, ValueError, "sample_weight has 1 rows but X has 240"),
        ({"groups": [1]}, ValueError, "groups has 1 rows but X has 240"),
        ({"cv": 1}, ValueError, "cv=1 makes no two folds"),
        ({"cv": ShuffleSplit(1)}, ValueError, "cv makes 1 split; a standard error"),
        ({"scoring": "loss"}, ValueError, "scoring names 'loss', which is no scorer"),
        ({"scoring": []}, ValueError, "scoring is empty"),
        ({"scoring": 3}, TypeError, "scoring is 3; give the name"),
        ({"grid": []}, ValueError, "grid is .*; give positive numbers"),
        ({"grid": [0.0, 1.0]}, ValueError, "grid is .*; give positive numbers"),
        ({"inner_cv": 1}, ValueError, "inner_cv is 1; give a number of folds"),
        ({"inner_cv": [([0], [1])]}, ValueError, "inner_cv is .*; give a number of folds"),
    ],
)
def test_bad_input(arguments, error, match, X, two_classes):
    given = {"estimator": network(), "X": X, "y": two_classes, **arguments}
    with pytest.raises(error, match=match):
        compare_with_linear(given.pop("estimator"), given.pop("X"), given.pop("y"), **given)


def test_a_class_that_a_training_part_lacks(X, two_classes):
    with pytest.raises(ValueError, match="training part of fold 0 of cv has no row of the class 0"):
        compare_with_linear(network(), X, np.sort(two_classes), cv=KFold(2))


def test_a_scorer_that_takes_no_weights(X, numbers):
    model, weights = network(EmbeddingDNNRegressor), np.ones(N_ROWS)
    with pytest.raises(ValueError, match="scoring: 'neg_max_error' takes no sample_weight"):
        compare_with_linear(model, X, numbers, sample_weight=weights, scoring="neg_max_error")


def test_a_scorer_that_gives_nan(X, two_classes, halves):
    def unknown(estimator, X, y):
        return np.nan

    with pytest.raises(ValueError, match="scoring gives NaN on the inner splits, so C"):
        compare_with_linear(network(), X, two_classes, cv=halves, scoring=unknown)


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


def test_an_incomplete_frame():
    with pytest.raises(ValueError, match=r"folds lacks the columns \['n_test', 'C \(or alpha\)'\]"):
        LinearComparison(frame([0.1, 0.2]).drop(columns=["n_test", "C"]))


def test_a_confidence_level_beyond_one():
    with pytest.raises(ValueError, match="confidence_level must be between 0 and 1; got 95"):
        LinearComparison(frame([0.1, 0.2])).summary(95)


# The picture.


def test_dots_and_mean_are_those_of_the_frame():
    folds = frame([0.03, 0.01, 0.02, -0.01])
    display = LinearComparisonDisplay.from_frame(folds)
    summary = display.comparison.summary().loc["accuracy"]
    dots = display.points_.get_offsets()
    assert_allclose(dots[:, 0], folds["difference"])
    assert_array_equal(dots[:, 1], folds["fold"])
    mean, _, (bar,) = display.mean_
    assert_allclose(
        display.ax_.convert_xunits(mean.get_xdata()).astype(float), [summary["difference"]]
    )
    ((low, _), (high, _)) = bar.get_segments()[0]
    assert_allclose([low, high], summary[["ci_low", "ci_high"]])
    assert_array_equal(display.zero_line_.get_xdata(), [0, 0])
    assert mean.get_xydata()[0, 1] > dots[:, 1].max()
    assert display.ax_.get_ylim()[0] > display.ax_.get_ylim()[1]  # the first fold is on top


def test_what_is_written():
    ax = LinearComparisonDisplay.from_frame(frame([0.03, 0.01, 0.02, -0.02])).ax_
    assert ax.get_title(loc="left") == "embedding 0.510, linear 0.500, difference +0.010 ± 0.016"
    assert ax.get_xlabel().startswith("difference in accuracy")
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["fold 0", "fold 1", "fold 2", "fold 3", "mean, 95 %"]


@pytest.mark.parametrize(
    ("differences", "colour"),
    [([0.1, 0.11], "#1b6ca8"), ([-0.1, -0.11], "#c05a1c"), ([0.1, -0.1], "0.35")],
)
def test_colour_of_the_mean_tells_which_model_the_interval_speaks_for(differences, colour):
    display = LinearComparisonDisplay.from_frame(frame(np.repeat(differences, 5)))
    assert to_rgba(display.mean_[0].get_color()) == to_rgba(colour)


def test_axes_scorer_and_level_are_those_asked_for():
    folds = pd.concat([frame([0.1, 0.2]), frame([0.3, 0.5], scoring="r2")], ignore_index=True)
    _, ax = plt.subplots()
    display = LinearComparisonDisplay.from_frame(folds, show="r2", confidence_level=0.5, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert_allclose(display.points_.get_offsets()[:, 0], [0.3, 0.5])
    (bar,) = display.mean_[2]
    expected = display.comparison.summary(0.5).loc["r2", ["ci_low", "ci_high"]].astype(float)
    assert_allclose(bar.get_segments()[0][:, 0], expected)
    with pytest.raises(ValueError, match=r"show is 'auc', but .* scorers \['accuracy', 'r2'\]"):
        display.plot(show="auc")


def test_many_folds_are_drawn_with_fewer_labels():
    display = LinearComparisonDisplay.from_frame(frame(np.linspace(-0.1, 0.2, 100)))
    assert len(display.points_.get_offsets()) == 100
    assert len(display.ax_.get_yticks()) == 21
    assert display.figure_.get_figheight() < 8


def test_equal_scores_can_be_drawn():
    display = LinearComparisonDisplay.from_frame(frame([0.0, 0.0]))
    assert "difference +0.0000 ± 0.0000" in display.ax_.get_title(loc="left")


def test_display_from_an_estimator(compared, X, three_classes, halves):
    display = LinearComparisonDisplay.from_estimator(
        network(),
        X,
        three_classes,
        cv=halves,
        inner_cv=StratifiedKFold(4),
        scoring=["neg_log_loss", "accuracy"],
        grid=SHORT_GRID,
        show="accuracy",
    )
    times = ["embedding_fit_time", "linear_fit_time"]
    expected = compared.folds.drop(columns=times)
    pd.testing.assert_frame_equal(display.comparison.folds.drop(columns=times), expected)
    assert "accuracy" in display.ax_.get_xlabel()
