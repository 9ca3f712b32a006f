"""The comparison with a tuned linear model, each figure made again by hand."""

import numpy as np
import pandas as pd
import pytest
from compared import SHORT_GRID, frame, network
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import ShuffleSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from skembed import (
    ChunkStream,
    EmbeddingDNNClassifier,
    EmbeddingDNNRegressor,
    LinearComparison,
    compare_with_linear,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*an end of the grid, was chosen")


# What the figures are.


def test_our_scores_are_those_of_cross_validate(compared, X, three_classes, halves):
    names = ["neg_log_loss", "accuracy"]
    expected = cross_validate(network(), X, three_classes, cv=halves, scoring=names)
    for name in names:
        folds = compared.folds.query("scoring == @name")
        assert_allclose(folds["embedding"], expected[f"test_{name}"], rtol=1e-5)
        assert folds["fold"].tolist() == [0, 1]


def test_several_outputs(X, numbers, halves):
    Y = np.column_stack([numbers, -numbers])
    model = network(EmbeddingDNNRegressor)
    folds = compare_with_linear(model, X, Y, cv=halves, grid=[1.0]).folds
    for fold, (train, test) in enumerate(halves):
        ridge = Ridge().fit(X[train], numbers[train])
        expected = ridge.score(X[test], numbers[test])
        assert_allclose(folds["linear"][fold], expected, rtol=1e-4)


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
        ({"cv": 1}, ValueError, "cv=1 makes fewer than two folds"),
        ({"cv": ShuffleSplit(1)}, ValueError, "cv makes 1 split; the standard error"),
        ({"scoring": "loss"}, ValueError, "scoring names 'loss', which is not a scorer"),
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


def test_an_incomplete_frame():
    with pytest.raises(ValueError, match=r"folds lacks the columns \['n_test', 'C \(or alpha\)'\]"):
        LinearComparison(frame([0.1, 0.2]).drop(columns=["n_test", "C"]))


def test_a_confidence_level_beyond_one():
    with pytest.raises(ValueError, match="confidence_level must be between 0 and 1; got 95"):
        LinearComparison(frame([0.1, 0.2])).summary(95)
