import numpy as np
import pytest
import scipy.sparse as sp
import small_estimators
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import d2_absolute_error_score, d2_tweedie_score, r2_score

from skembed import ChunkStream, EmbeddingDNNClassifier, EmbeddingDNNRegressor


def small(cls=EmbeddingDNNRegressor, **params):
    return small_estimators.small(cls, **{"max_epochs": 60, **params})


@pytest.fixture(scope="module")
def fitted(number_problem):
    return small().fit(*number_problem)


def test_learns(fitted, number_problem):
    X, y = number_problem
    assert r2_score(y, fitted.predict(X)) > 0.85
    assert fitted.score(X, y) == r2_score(y, fitted.predict(X))
    assert fitted.predict(X).shape == (400,)
    assert fitted.history_["loss"][-1] < 0.15


def test_prediction_is_the_lookup_summed_and_passed_on(fitted, number_problem):
    X, _ = number_problem
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
def test_each_loss_is_learned(loss, score, number_problem):
    X, y = number_problem
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


def test_poisson_predicts_positive_means(number_problem):
    X, y = number_problem
    counts = np.random.default_rng(0).poisson(y)
    model = small(loss="poisson").fit(X, counts)
    assert (model.predict(X) > 0).all()
    assert_allclose(model.predict(X).mean(), counts.mean(), rtol=0.1)
    short = small(loss="poisson", max_epochs=1, learning_rate=1e-9).fit(X * 0, counts)
    assert_allclose(short.predict(X[:1] * 0), counts.mean(), rtol=1e-5)


def test_several_outputs(number_problem):
    X, y = number_problem
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
def test_the_loss_of_an_epoch_of_one_step_is_that_before_it(case, number_problem):
    """Of several outputs it is the mean, of several labels the sum."""
    X, y = number_problem
    X, y = X.astype(np.float64), np.stack([y, y[::-1] ** 2], 1)
    params = {"batch_size": 400, "loss": case}
    if case == "label sets":
        y = (y > np.median(y, axis=0)).astype(int)
        params = {"batch_size": 400, "cls": EmbeddingDNNClassifier}
    longer, shorter = (small(max_epochs=n, **params).fit(X, y) for n in (3, 2))
    expected = LOSSES[case](y, shorter, X).mean()
    assert_allclose(longer.history_["loss"][2], expected, rtol=1e-7)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_the_unit_of_the_targets_does_not_matter(loss, number_problem):
    X, y = number_problem
    X = X.astype(np.float64)
    one, other = small(loss=loss).fit(X, y), small(loss=loss).fit(X, 1000 * y + 5)
    assert_allclose(one.embeddings_, other.embeddings_, rtol=1e-6, atol=1e-9)
    assert_allclose(one.history_["loss"], other.history_["loss"], rtol=1e-6)
    assert_allclose(1000 * one.predict(X) + 5, other.predict(X), rtol=1e-6)


@pytest.mark.parametrize("as_stream", [False, True])
def test_targets_that_are_large_against_their_spread(as_stream, number_problem):
    """As times in seconds are: sums of squares would lose the spread."""
    X, y = number_problem
    X, times = X.astype(np.float64), 1.7e9 + 60 * y
    data = (ChunkStream(lambda: [(X[:300], times[:300]), (X[300:], times[300:])]),)
    model = small().fit(*data if as_stream else (X, times))
    assert r2_score(times, model.predict(X)) > 0.8


@pytest.mark.parametrize("value", [0.0, 0.1, -7e12])
def test_constant_targets_are_predicted(value, number_problem):
    X, _ = number_problem
    model = small(max_epochs=200).fit(X.astype(np.float64), np.full(400, value))
    assert_allclose(model.predict(X[:20]), value, rtol=1e-6, atol=0.1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_of_the_input_is_the_type_of_the_predictions(dtype, number_problem):
    X, y = number_problem
    model = small(max_epochs=2).fit(X.astype(dtype), y)
    assert model.embeddings_.dtype == model.coefs_[1].dtype == model.predict(X).dtype == dtype


def test_same_seed_same_bits(fitted, number_problem):
    X, _ = number_problem
    again = small().fit(*number_problem)
    assert_array_equal(again.predict(X), fitted.predict(X))
    other = small(random_state=1).fit(*number_problem)
    assert (other.predict(X) != fitted.predict(X)).any()


@pytest.mark.parametrize(
    ("params", "y", "message"),
    [
        ({"loss": "huber"}, np.ones(400), "The 'loss' parameter of EmbeddingDNNRegressor"),
        ({"loss": "poisson"}, np.arange(400.0) - 3, r"y is negative in row 0; loss='poisson'"),
        ({"loss": "poisson"}, np.eye(400, 2) - np.eye(400, 2, -9), r"y is negative in row 9"),
        ({"loss": "poisson"}, np.zeros(400), "needs at least one y > 0 in each output"),
        ({"loss": "poisson"}, np.eye(400, 2) * [1, 0], "needs at least one y > 0 in each output"),
        ({}, np.append(np.ones(399), np.nan), "Input y contains NaN"),
        ({}, np.append(np.ones(399), np.inf), "Input y contains infinity"),
        ({}, ["much"] * 400, "could not convert string to float"),
        ({}, np.ones((400, 1, 1)), "Found array with dim 3"),
        ({}, [], "inconsistent numbers of samples"),
        ({}, np.ones(399), "inconsistent numbers of samples"),
        ({}, None, "requires y to be passed"),
    ],
)
def test_wrong_targets_are_named(params, y, message, number_problem):
    with pytest.raises(ValueError, match=message):
        small(**params).fit(number_problem[0], y)


def test_the_number_of_outputs_must_stay(number_problem):
    X, y = number_problem
    both = np.stack([y, y], 1)
    message = "y has 2 outputs per row, expected 1"
    with pytest.raises(ValueError, match=message):
        small(max_epochs=1).fit(X, y).partial_fit(X, both)
    with pytest.raises(ValueError, match=message):
        small(max_epochs=1, warm_start=True).fit(X, y).fit(X, both)
    with pytest.raises(ValueError, match=message):
        small(max_epochs=1).fit(ChunkStream(lambda: [(X, y), (X, both)]))
