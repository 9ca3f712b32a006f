"""The regressor, and what the classifier shares with it: targets and weights."""

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import random_counts
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import d2_absolute_error_score, d2_tweedie_score, r2_score
from sklearn.utils.class_weight import compute_sample_weight

from skembed import ChunkStream, EmbeddingDNNClassifier, EmbeddingDNNRegressor


def small(cls=EmbeddingDNNRegressor, **params):
    values = dict(embedding_dim=4, hidden_units=(8,), combiner="sum", learning_rate=0.02)
    values |= dict(max_epochs=60, random_state=0, batch_size=256)
    return cls(**{**values, **params})


@pytest.fixture(scope="module")
def problem():
    """Counts (400, 30) and positive numbers that depend on products of features."""
    X = random_counts(400, 30, density=0.5)
    dense = X.toarray().astype(np.float64)
    return X, 4 + dense[:, :5].sum(1) - dense[:, 5:8].sum(1) / 3 + dense[:, 10] * dense[:, 11]


@pytest.fixture(scope="module")
def fitted(problem):
    return small().fit(*problem)


def test_learns(fitted, problem):
    X, y = problem
    assert r2_score(y, fitted.predict(X)) > 0.85
    assert fitted.score(X, y) == r2_score(y, fitted.predict(X))
    assert fitted.predict(X).shape == (400,)
    assert fitted.history_["loss"][-1] < 0.15


def test_prediction_is_the_lookup_summed_and_passed_on(fitted, problem):
    X, _ = problem
    row = X[3].toarray()[0]
    terms = np.repeat(np.arange(30), row.astype(int))
    hidden = np.maximum(
        fitted.embeddings_[terms].sum(0) @ fitted.coefs_[0] + fitted.intercepts_[0], 0
    )
    linear = fitted.linear_coef_[:, terms].sum(1)
    expected = hidden @ fitted.coefs_[1] + fitted.intercepts_[1] + linear
    assert_allclose(fitted.predict(X[3]), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("loss", "score"),
    [
        ("squared_error", r2_score),
        ("absolute_error", d2_absolute_error_score),
        ("poisson", lambda y, p: d2_tweedie_score(y, p, power=1)),
    ],
)
def test_each_loss_is_learned(loss, score, problem):
    X, y = problem
    model = small(loss=loss).fit(X, y)
    assert score(y, model.predict(X)) > 0.45
    assert model.history_["loss"][-1] < model.history_["loss"][0]


def test_the_absolute_error_ignores_outliers():
    X = sp.csr_matrix(np.ones((400, 1), np.float32))
    y = np.append(np.linspace(0, 1, 360), [1000] * 40)
    # the steps of a sign gradient: their size, in the unit of y, is the precision to expect
    loss = {"loss": "absolute_error", "max_epochs": 600, "learning_rate": 0.004}
    assert_allclose(small(**loss).fit(X, y).predict(X[:1]), np.median(y), atol=3)
    assert_allclose(small(max_epochs=300).fit(X, y).predict(X[:1]), y.mean(), rtol=0.05)


def test_poisson_predicts_positive_means(problem):
    X, y = problem
    counts = np.random.default_rng(0).poisson(y)
    model = small(loss="poisson").fit(X, counts)
    assert (model.predict(X) > 0).all()
    assert_allclose(model.predict(X).mean(), counts.mean(), rtol=0.1)
    short = small(loss="poisson", max_epochs=1, learning_rate=1e-9).fit(X * 0, counts)
    assert_allclose(short.predict(X[:1] * 0), counts.mean(), rtol=1e-5)


def test_several_outputs(problem):
    X, y = problem
    both = np.stack([y, 100 * y[::-1]], axis=1)
    model = small(hidden_units=(32,), max_epochs=120).fit(X, both)
    assert model.n_outputs_ == 2
    assert model.predict(X).shape == (400, 2)
    assert r2_score(both[:, 0], model.predict(X)[:, 0]) > 0.5
    column = small().fit(X, y[:, None])
    assert column.n_outputs_ == 1
    assert_array_equal(column.predict(X), small().fit(X, y).predict(X))


def label_set_loss(y, model, X):
    return -np.where(y, model.predict_log_proba(X), np.log1p(-model.predict_proba(X))).sum(1)


LOSSES = {
    "squared_error": lambda y, model, X: np.square((y - model.predict(X)) / y.std(0)).mean(1),
    "absolute_error": lambda y, model, X: np.abs((y - model.predict(X)) / y.std(0)).mean(1),
    "poisson": lambda y, model, X: (model.predict(X) - y * np.log(model.predict(X))).mean(1),
    "label sets": label_set_loss,
}


@pytest.mark.parametrize("case", LOSSES)
def test_the_loss_of_an_epoch_of_one_step_is_that_before_it(case, problem):
    """Of several outputs it is the mean, of several labels the sum."""
    X, y = problem[0].astype(np.float64), np.stack([problem[1], problem[1][::-1] ** 2], 1)
    params = {"batch_size": 400, "loss": case}
    if case == "label sets":
        y = (y > np.median(y, axis=0)).astype(int)
        params = {"batch_size": 400, "cls": EmbeddingDNNClassifier}
    longer, shorter = (small(max_epochs=n, **params).fit(X, y) for n in (3, 2))
    expected = LOSSES[case](y, shorter, X).mean()
    assert_allclose(longer.history_["loss"][2], expected, rtol=1e-7)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_the_unit_of_the_targets_does_not_matter(loss, problem):
    X, y = problem
    X = X.astype(np.float64)
    one, other = small(loss=loss).fit(X, y), small(loss=loss).fit(X, 1000 * y + 5)
    assert_allclose(one.embeddings_, other.embeddings_, rtol=1e-6, atol=1e-9)
    assert_allclose(one.history_["loss"], other.history_["loss"], rtol=1e-6)
    assert_allclose(1000 * one.predict(X) + 5, other.predict(X), rtol=1e-6)


@pytest.mark.parametrize("as_stream", [False, True])
def test_targets_that_are_large_against_their_spread(as_stream, problem):
    """As times in seconds are: sums of squares would lose the spread."""
    X, y = problem
    X, times = X.astype(np.float64), 1.7e9 + 60 * y
    data = (ChunkStream(lambda: [(X[:300], times[:300]), (X[300:], times[300:])]),)
    model = small().fit(*data if as_stream else (X, times))
    assert r2_score(times, model.predict(X)) > 0.8


@pytest.mark.parametrize("value", [0.0, 0.1, -7e12])
def test_constant_targets_are_predicted(value, problem):
    X, _ = problem
    model = small(max_epochs=200).fit(X.astype(np.float64), np.full(400, value))
    assert_allclose(model.predict(X[:20]), value, rtol=1e-6, atol=0.1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_of_the_input_is_the_type_of_the_predictions(dtype, problem):
    X, y = problem
    model = small(max_epochs=2).fit(X.astype(dtype), y)
    assert model.embeddings_.dtype == model.coefs_[1].dtype == model.predict(X).dtype == dtype


def test_same_seed_same_bits(fitted, problem):
    X, _ = problem
    again = small().fit(*problem)
    assert_array_equal(again.predict(X), fitted.predict(X))
    other = small(random_state=1).fit(*problem)
    assert (other.predict(X) != fitted.predict(X)).any()


@pytest.mark.parametrize(
    ("params", "y", "message"),
    [
        ({"loss": "huber"}, np.ones(400), "The 'loss' parameter of EmbeddingDNNRegressor"),
        ({"loss": "poisson"}, np.arange(400.0) - 3, r"y is negative in row 0; loss='poisson'"),
        ({"loss": "poisson"}, np.eye(400, 2) - np.eye(400, 2, -9), r"y is negative in row 9"),
        ({"loss": "poisson"}, np.zeros(400), "needs some y > 0 in each output"),
        ({"loss": "poisson"}, np.eye(400, 2) * [1, 0], "needs some y > 0 in each output"),
        ({}, np.append(np.ones(399), np.nan), "Input y contains NaN"),
        ({}, np.append(np.ones(399), np.inf), "Input y contains infinity"),
        ({}, ["much"] * 400, "could not convert string to float"),
        ({}, np.ones((400, 1, 1)), "Found array with dim 3"),
        ({}, [], "inconsistent numbers of samples"),
        ({}, np.ones(399), "inconsistent numbers of samples"),
        ({}, None, "requires y to be passed"),
    ],
)
def test_wrong_targets_are_named(params, y, message, problem):
    with pytest.raises(ValueError, match=message):
        small(**params).fit(problem[0], y)


def test_the_number_of_outputs_must_stay(problem):
    X, y = problem
    both = np.stack([y, y], 1)
    message = "y has 2 outputs a row; 1 were expected"
    with pytest.raises(ValueError, match=message):
        small(max_epochs=1).fit(X, y).partial_fit(X, both)
    with pytest.raises(ValueError, match=message):
        small(max_epochs=1, warm_start=True).fit(X, y).fit(X, both)
    with pytest.raises(ValueError, match=message):
        small(max_epochs=1).fit(ChunkStream(lambda: [(X, y), (X, both)]))


# Weights, of both estimators.


def with_copies(X, y, weights):
    """The rows, each as often as its weight says."""
    rows = np.repeat(np.arange(len(y)), weights)
    return X[rows], y[rows]


@pytest.mark.parametrize(
    "params",
    [
        dict(cls=EmbeddingDNNClassifier),
        dict(cls=EmbeddingDNNClassifier, combiner="mean", class_weight={0: 3.0}),
        dict(cls=EmbeddingDNNClassifier, class_weight="balanced"),
        dict(cls=EmbeddingDNNRegressor),
        dict(cls=EmbeddingDNNRegressor, loss="absolute_error"),
        dict(cls=EmbeddingDNNRegressor, loss="poisson", learning_rate=1e-3),
    ],
)
def test_weights_equal_repetition(params, problem):
    X, y = problem
    X = X.astype(np.float64)
    if params["cls"] is EmbeddingDNNClassifier:
        y = (y > np.median(y)).astype(int) * 2
        if isinstance(params.get("class_weight"), dict):
            y //= 2
    weights = np.random.default_rng(0).integers(0, 4, 400)
    params = {"max_epochs": 5, "batch_size": 1000, "optimizer": "sgd", **params}
    weighted = small(**params).fit(X, y, sample_weight=weights)
    repeated = small(**params).fit(*with_copies(X, y, weights))
    assert_allclose(weighted.embeddings_, repeated.embeddings_, rtol=1e-6, atol=1e-9)
    assert_allclose(weighted.history_["loss"], repeated.history_["loss"], rtol=1e-6)
    # where the start does not depend on them, only the weights' ratios count
    params["embedding_init"] = "random"
    plain, scaled = (small(**params).fit(X, y, sample_weight=w * weights) for w in (1, 7.5))
    assert_allclose(plain.embeddings_, scaled.embeddings_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weight", ["balanced", "given"])
def test_class_weights_are_sample_weights(class_weight, n_classes, problem):
    X, y = problem
    labels = np.array(["low", "mid", "top"])[np.digitize(y, [4.5, 8.0][: n_classes - 1])]
    if class_weight == "given":
        class_weight = {"low": 0.5, "mid": 2.0, "top": 3.0}
        class_weight = {k: v for k, v in class_weight.items() if k in labels}
    by_row = compute_sample_weight(class_weight, labels)
    params = {"cls": EmbeddingDNNClassifier, "max_epochs": 3}
    X = X.astype(np.float64)
    model = small(class_weight=class_weight, **params).fit(X, labels)
    expected = small(**params).fit(X, labels, sample_weight=by_row)
    assert_allclose(model.embeddings_, expected.embeddings_, rtol=1e-6, atol=1e-9)
    assert_allclose(model.history_["loss"], expected.history_["loss"], rtol=1e-6)
    plain = small(**params).fit(X, labels)
    assert not np.allclose(model.embeddings_, plain.embeddings_, rtol=1e-3)


def test_class_weights_must_name_classes(problem):
    X, y = problem
    model = small(EmbeddingDNNClassifier, class_weight={"maybe": 2.0})
    with pytest.raises(ValueError, match=r"labels \['maybe'\], which are not among the classes"):
        model.fit(X, np.where(y > 6, "yes", "no"))
    model = small(EmbeddingDNNClassifier, class_weight={0: 2.0})
    with pytest.raises(ValueError, match="one class a row, not for label sets"):
        model.fit(X, np.stack([y > 6, y > 7], 1))


# Sets of labels.


def test_label_sets(problem):
    X, _ = problem
    sets = (X.toarray()[:, :3] > 0).astype(int)
    model = small(EmbeddingDNNClassifier).fit(X, sets)
    proba = model.predict_proba(X)
    assert proba.shape == (400, 3)
    assert (proba.sum(1) > 1).any()
    assert model.classes_.tolist() == [0, 1, 2]
    assert_array_equal(model.predict(X), proba > 0.5)
    assert_allclose(np.exp(model.predict_log_proba(X)), proba, rtol=1e-5)
    assert (model.predict(X) == sets).mean() > 0.9
    assert model.score(X, sets) > 0.8
    for same in (sp.csr_matrix(sets), sp.csr_array(sets), sets.astype(bool), sets.tolist()):
        other = small(EmbeddingDNNClassifier).fit(X, same)
        assert_array_equal(other.embeddings_, model.embeddings_)


def test_going_on_with_label_sets(problem):
    X, _ = problem
    sets = (X.toarray()[:, :3] > 0).astype(int)
    model = small(EmbeddingDNNClassifier)
    for _ in range(30):
        model.partial_fit(X, sets, classes=[0, 1, 2])
    assert (model.predict(X) == sets).mean() > 0.8
    with pytest.raises(ValueError, match="3 labels a row|3 were expected"):
        model.partial_fit(X, sets[:, :2])
