"""The comparison with any rivals, each figure made again by hand."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from compared import N_ROWS, network, rival_frame
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from skembed import (
    Comparison,
    EmbeddingDNNRegressor,
    VocabularyTransformer,
    compare,
    compare_with_linear,
    make_embedding_pipeline,
)
from skembed.comparison._table_features import linear_features, tree_features

pytestmark = pytest.mark.filterwarnings("ignore:.*an end of the grid, was chosen")


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "room": rng.choice(["whole", "shared", "part"], N_ROWS),
            "size": rng.choice(["s", "m"], N_ROWS),
            "price": rng.lognormal(size=N_ROWS),
        },
        index=np.arange(N_ROWS) + 5,
    )


@pytest.fixture(scope="module")
def liked(table):
    noise = np.random.default_rng(4).normal(size=N_ROWS)
    return ((table["room"] == "whole") + np.sin(4 * table["price"]) + 0.3 * noise > 0.5).to_numpy(
        int
    )


def pipeline(**params):
    return make_embedding_pipeline(
        network(**params), categorical=["room", "size"], numeric=["price"]
    )


@pytest.fixture(scope="module")
def found(table, liked, halves):
    rivals = {"linear": "linear", "trees": "trees", "prior": DummyClassifier()}
    scoring = ["neg_log_loss", "accuracy"]
    return compare(
        pipeline(), table, liked, rivals=rivals, cv=halves, scoring=scoring, random_state=0
    )


KINDS = {"room": "category", "size": "category", "price": "number"}


def scores_of(comparison, model, scoring="neg_log_loss"):
    return comparison.folds.query("scoring == @scoring and model == @model")["score"].to_numpy()


def test_our_scores_are_those_of_cross_validate(found, table, liked, halves):
    names = ["neg_log_loss", "accuracy"]
    expected = cross_validate(pipeline(), table, liked, cv=halves, scoring=names)
    for name in names:
        assert_allclose(scores_of(found, "embedding", name), expected[f"test_{name}"], rtol=1e-5)


def test_the_linear_rival_gets_raw_columns_prepared_as_suits_it(found, table, liked, halves):
    chosen = found.folds.query("model == 'linear'")["chosen"]
    for fold, (train, test) in enumerate(halves):
        features = linear_features(KINDS, len(train))
        X = features.fit_transform(table.iloc[train])
        C = float(chosen.iloc[fold].removeprefix("C="))
        logistic = LogisticRegression(C=C, max_iter=1000).fit(X, liked[train])
        probability = logistic.predict_proba(features.transform(table.iloc[test]))
        expected = -log_loss(liked[test], probability)
        assert_allclose(scores_of(found, "linear")[fold], expected, rtol=1e-2)


def test_trees_are_gradient_boosting_on_raw_columns(found, table, liked, halves):
    for fold, (train, test) in enumerate(halves):
        features, categories = tree_features(KINDS, table.iloc[train], target_type="auto", seed=0)
        X = features.fit_transform(table.iloc[train], liked[train])
        trees = HistGradientBoostingClassifier(categorical_features=categories, random_state=0)
        probability = trees.fit(X, liked[train]).predict_proba(features.transform(table.iloc[test]))
        expected = -log_loss(liked[test], probability)
        assert_allclose(scores_of(found, "trees")[fold], expected, rtol=1e-6)


def test_an_estimator_of_the_users_gets_x_as_it_is(found, table, liked, halves):
    expected = cross_validate(DummyClassifier(), table, liked, cv=halves, scoring="neg_log_loss")
    assert_allclose(scores_of(found, "prior"), expected["test_score"])


def test_differences_are_paired_and_of_each_rival(found):
    folds = found.folds
    assert folds.columns.tolist()[:5] == ["scoring", "fold", "model", "score", "difference"]
    assert len(folds) == 2 * 2 * 4
    for _, rows in folds.groupby(["scoring", "fold"]):
        scores = rows.set_index("model")["score"]
        expected = scores["embedding"] - scores.drop("embedding")
        assert_allclose(rows["difference"].iloc[1:], expected)
        assert np.isnan(rows["difference"].iloc[0])
    assert (folds[["fit_time", "predict_time"]] > 0).all(axis=None)


def test_the_summary_has_the_corrected_errors(found):
    summary = found.summary(0.9)
    assert summary.index.get_level_values("model").tolist()[:2] == ["embedding", "linear"]
    for (scoring, model), row in summary.iterrows():
        rows = found.folds
        rows = rows[(rows["scoring"] == scoring) & (rows["model"] == model)]
        assert_allclose(row["score"], rows["score"].mean())
        error = np.sqrt((1 / 2 + 1) * rows["difference"].var(ddof=1))
        assert_allclose(row["standard_error"], error)
        assert_allclose((row["ci_low"] + row["ci_high"]) / 2, row["difference"])
    with pytest.raises(ValueError, match="confidence_level must be between 0 and 1; got 95"):
        found.summary(95)


def test_the_text_has_a_line_for_each_model_and_scorer(found):
    lines = repr(found).splitlines()
    assert lines[0].startswith("Comparison on 2 folds; differences are embedding less rival")
    assert [line.split()[0] for line in lines[1:6]] == [
        "neg_log_loss",
        "embedding",
        "linear",
        "trees",
        "prior",
    ]
    assert len({len(line) for line in lines[1:6]}) == 1
    assert "<table" in found._repr_html_()


def test_one_seed_gives_one_comparison(table, liked, halves):
    model = pipeline(random_state=None)
    first, again, other = (
        compare(model, table, liked, cv=halves, rivals="trees", random_state=seed).folds["score"]
        for seed in (1, 1, 2)
    )
    assert first.equals(again)
    assert not first.equals(other)


def test_a_sparse_matrix_is_taken_as_it_is(X, two_classes, halves):
    found = compare(make_pipeline(MaxAbsScaler(), network()), X, two_classes, cv=halves)
    for fold, (train, test) in enumerate(halves):
        trees = HistGradientBoostingClassifier().fit(X[train].toarray(), two_classes[train])
        expected = -log_loss(two_classes[test], trees.predict_proba(X[test].toarray()))
        assert_allclose(scores_of(found, "trees")[fold], expected)
    alone = compare_with_linear(network(), X, two_classes, cv=halves)
    assert_allclose(scores_of(found, "linear"), alone.folds["linear"], rtol=0.2)


def test_a_wide_sparse_matrix_is_made_dense_by_components(two_classes, halves):
    wide = sp.random_array((N_ROWS, 300), density=0.05, rng=np.random.default_rng(0), format="csr")
    found = compare(network(), wide, two_classes, cv=halves, rivals="trees", random_state=0)
    assert np.isfinite(found.folds["score"]).all()


@pytest.mark.parametrize(
    "container",
    [
        lambda X: [[f"t{column}" for column in row.indices] for row in X],
        lambda X: [" ".join(f"t{column}" for column in row.indices) for row in X],
    ],
    ids=["lists", "texts"],
)
def test_terms_and_texts_are_a_table_of_one_column(container, X, two_classes, halves):
    cells = container(X)
    vocabulary = VocabularyTransformer(tokenizer="word" if isinstance(cells[0], str) else None)
    model = make_pipeline(vocabulary, network())
    found = compare(model, cells, two_classes, cv=halves, rivals=["linear", "trees"])
    assert np.isfinite(found.folds["score"]).all()


def test_regression_with_weights_and_several_outputs(table, halves):
    y = table["price"].to_numpy() + (table["room"] == "whole")
    model = make_embedding_pipeline(
        network(EmbeddingDNNRegressor), categorical=["room", "size"], numeric=["price"]
    )
    weights = np.linspace(1, 2, N_ROWS)
    found = compare(model, table, y, cv=halves, sample_weight=weights)
    assert found.folds["scoring"].unique().tolist() == ["r2"]
    assert (scores_of(found, "linear", "r2") > 0.5).all()
    Y = np.column_stack([y, -y])
    both = compare(model, table, Y, cv=halves, rivals=["linear"])
    assert (scores_of(both, "linear", "r2") > 0.5).all()
    with pytest.raises(ValueError, match="'trees', which predict one output, but y has 2 columns"):
        compare(model, table, Y, cv=halves)


def test_groups_stay_together(table, liked):
    groups = np.arange(N_ROWS) % 6
    found = compare(pipeline(), table, liked, cv=GroupKFold(2), groups=groups, rivals=["linear"])
    assert found.folds["n_test"].tolist() == [N_ROWS // 2] * 4


class Weighted(ClassifierMixin, BaseEstimator):
    seen: list = []

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        Weighted.seen.append((self.random_state, sample_weight))
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), int)


def test_a_users_pipeline_gets_weights_and_a_seed(table, liked, halves):
    rival = make_pipeline(StandardScaler(), Weighted())
    model = make_embedding_pipeline(network(), numeric=["price"])
    weights = np.linspace(1, 2, N_ROWS)
    Weighted.seen.clear()
    compare(
        model,
        table[["price"]],
        liked,
        rivals={"weighted": rival},
        scoring="accuracy",
        cv=halves,
        sample_weight=weights,
        random_state=0,
    )
    assert [len(given) for _, given in Weighted.seen] == [len(train) for train, _ in halves]
    assert all(isinstance(seed, int) for seed, _ in Weighted.seen)
    assert rival[-1].random_state is None


@pytest.mark.parametrize(
    ("rivals", "error", "match"),
    [
        ("forest", ValueError, "rivals names 'forest', which is unknown"),
        ([], ValueError, "rivals is empty"),
        (3, TypeError, "rivals is 3; pass a list of names and estimators"),
        ([DummyClassifier], TypeError, "give an unfitted estimator"),
        (["linear", "linear"], ValueError, "two models with the name 'linear'"),
        ({"embedding": "linear"}, ValueError, "none of which is 'embedding'"),
    ],
)
def test_bad_rivals(rivals, error, match, table, liked):
    with pytest.raises(error, match=match):
        compare(pipeline(), table, liked, rivals=rivals)


def test_a_rival_that_takes_no_weights(table, liked):
    from sklearn.neighbors import KNeighborsClassifier

    with pytest.raises(ValueError, match="fit of 'KNeighborsClassifier' takes no sample_weight"):
        compare(
            pipeline(),
            table,
            liked,
            rivals=[KNeighborsClassifier()],
            sample_weight=np.ones(N_ROWS),
        )


def test_an_incomplete_frame():
    with pytest.raises(ValueError, match=r"folds lacks the columns \['chosen'\]"):
        Comparison(rival_frame({"linear": [0.1, 0.2]}).drop(columns="chosen"))


def test_compare_with_linear_gives_the_linear_model_raw_columns_of_a_table(table, liked, halves):
    folds = compare_with_linear(pipeline(), table, liked, cv=halves, grid=[1.0]).folds
    for fold, (train, test) in enumerate(halves):
        features = linear_features(KINDS, len(train))
        X = features.fit_transform(table.iloc[train])
        logistic = LogisticRegression(max_iter=1000).fit(X, liked[train])
        probability = logistic.predict_proba(features.transform(table.iloc[test]))
        assert_allclose(folds["linear"][fold], -log_loss(liked[test], probability), rtol=1e-6)
