"""TargetStatisticsEncoder: scikit-learn's checks, its numbers, and that it does not leak."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skembed import TargetStatisticsEncoder


@parametrize_with_checks([TargetStatisticsEncoder(random_state=0)])
def test_sklearn_check(estimator, check):
    check(estimator)


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.integers(0, 5, 400), "b": rng.choice(list("xyz"), 400)})
    return X, (rng.random(400) < 0.3 + 0.1 * X["a"] / 2).to_numpy()


def test_statistics_of_new_rows_are_shrunken_means_of_all_rows(table):
    X, y = table
    y = y.astype(float) + 0.5
    encoder = TargetStatisticsEncoder(order=1, random_state=0).fit(X, y)
    Z = pd.DataFrame(encoder.transform(X), columns=encoder.get_feature_names_out())
    groups = pd.DataFrame({"a": X["a"], "y": y}).groupby("a")["y"]
    mean, n = groups.transform("mean").to_numpy(), groups.transform("size").to_numpy()
    within = groups.var(ddof=0).mul(groups.size()).sum() / (400 - 5)
    sizes, means = groups.size().to_numpy(), groups.mean().to_numpy()
    between_squares = (sizes * (means - y.mean()) ** 2).sum()
    between = (between_squares - 4 * within) / (400 - (sizes**2).sum() / 400)
    prior_rows = within / between
    shrunken = (n * mean + prior_rows * y.mean()) / (n + prior_rows)
    # standardised by the cross-fitted ones: equal but for a linear map
    slope, start = np.polyfit(shrunken, Z["a: y"], 1)
    assert slope > 0
    assert_allclose(Z["a: y"], slope * shrunken + start, atol=1e-4)
    counts = np.polyfit(np.log1p(0.8 * n), Z["a: count"], 1)
    assert_allclose(Z["a: count"], np.polyval(counts, np.log1p(0.8 * n)), atol=1e-4)


def test_no_row_sees_its_own_target(table):
    X, y = table
    X = X.assign(id=np.arange(400) // 2)  # the other row of the group, if in another fold
    Z = TargetStatisticsEncoder(order=1, random_state=0).set_output(transform="pandas")
    told = Z.fit_transform(X, y)["id: y"]
    assert abs(np.corrcoef(told, y)[0, 1]) < 0.2


def test_a_column_of_a_different_value_in_each_row_tells_nothing(table):
    X, y = table
    encoder = TargetStatisticsEncoder(random_state=0).fit(X.assign(id=np.arange(400)), y)
    assert encoder.combinations_ == [(0,), (1,), (0, 1)]


def test_noise_leads_no_model_astray():
    rng = np.random.default_rng(0)
    share = np.arange(1, 501) ** -1.3
    X = rng.choice(500, (6000, 3), p=share / share.sum())
    y = rng.random(6000) < 0.15
    model = make_pipeline(
        TargetStatisticsEncoder(random_state=0), LogisticRegression(max_iter=1000)
    )
    told = model.fit(X[:4000], y[:4000]).predict_proba(X[4000:])[:, 1]
    assert log_loss(y[4000:], told) < log_loss(y[4000:], np.full(2000, y[:4000].mean())) + 0.01


def test_weights_count_as_rows(table):
    X, y = table
    n = np.random.default_rng(1).integers(0, 3, 400)
    repeated = np.repeat(np.arange(400), n)
    weighted = TargetStatisticsEncoder(random_state=0).fit(X, y, sample_weight=n)
    assert_allclose(np.average(weighted.transform(X), axis=0, weights=n), 0, atol=1e-5)
    rows = TargetStatisticsEncoder(random_state=0).fit(X.iloc[repeated], y[repeated])
    assert_allclose(weighted.transform(X), rows.transform(X), atol=1e-4)


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (["u", "v", "w"], ["y is u", "y is v", "y is w", "count"]),
        (["u", "v"], ["y", "count"]),
        ([[0, 1, 1], [1, 0, 1]], ["y is 0", "y is 1", "y is 2", "count"]),
        ([[0.5, 1.5], [2.5, 3.0]], ["y0", "y1", "count"]),
        ([0.5, 1.5], ["y", "count"]),
    ],
)
def test_targets_of_any_kind(y, names):
    X = pd.DataFrame({"city": ["Rome", "Oslo", None, "Rome"] * 6})
    y = np.array(y)[np.arange(24) % len(y)]
    encoder = TargetStatisticsEncoder(random_state=0)
    Z = encoder.fit_transform(X, y)
    assert Z.shape == encoder.transform(X).shape == (24, len(names))
    assert encoder.get_feature_names_out().tolist() == [f"city: {name}" for name in names]
    assert np.isfinite(Z).all()
    assert hasattr(encoder, "classes_") == (y.dtype.kind != "f")


def test_unknown_combinations_have_the_statistics_of_no_row(table):
    X, y = table
    encoder = TargetStatisticsEncoder(order=2, random_state=0).fit(X, y)
    new = pd.DataFrame({"a": [0, 99, 99], "b": ["x", "x", "new"]})
    Z = pd.DataFrame(encoder.transform(new), columns=encoder.get_feature_names_out())
    assert Z.loc[1, "a: y"] == Z.loc[2, "a: y"] != Z.loc[0, "a: y"]
    assert Z.loc[1, "a & b: y"] == Z.loc[2, "a & b: y"]
    assert (Z.loc[1:, "a: count"] < encoder.transform(X)[:, 1].min()).all()
    assert Z.loc[0, "b: y"] == Z.loc[1, "b: y"]


def test_combinations_are_those_that_say_more():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 4, 200), rng.integers(0, 3, 200)
    X = np.column_stack([a, b, a // 2, np.ones(200)])  # the third says less than the first
    encoder = TargetStatisticsEncoder(order=3, random_state=0).fit(X, a == b)
    assert encoder.combinations_ == [(0,), (1,), (2,), (0, 1), (1, 2)]


def test_a_table_that_does_not_vary_has_no_columns():
    encoder = TargetStatisticsEncoder().fit(np.ones((10, 2)), np.arange(10) % 2)
    assert encoder.transform(np.ones((3, 2))).shape == (3, 0)
    assert encoder.get_feature_names_out().tolist() == []


def test_fits_are_the_same_with_the_same_seed(table):
    X, y = table
    one, other = (TargetStatisticsEncoder(random_state=3).fit_transform(X, y) for _ in range(2))
    assert_array_equal(one, other)


def test_a_target_of_another_type_is_refused(table):
    X, _ = table
    with pytest.raises(ValueError, match="target_type is 'binary', but y is 'multiclass'"):
        TargetStatisticsEncoder(target_type="binary").fit(X, np.arange(400) % 3)
    with pytest.raises(ValueError, match="requires y to be passed"):
        TargetStatisticsEncoder().fit(X, None)
