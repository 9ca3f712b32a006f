"""Default fits beside a linear model: never far behind it, and kept, saved and gone on with."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss

from skembed import ChunkStream, EmbeddingDNNClassifier, EmbeddingDNNRegressor, load, save

FROZEN = {
    "learning_rate": 1e-12,
    "dropout": 0.0,
    "term_dropout": 0.0,
    "embedding_l2": 0.0,
    "linear_l2": 0.0,
}


def rows(n_rows, seed=0, n_columns=400):
    """Long and short rows of many rare columns, whose scores add up."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 25, n_rows)
    columns = rng.zipf(1.3, lengths.sum()) % n_columns
    X = sp.csr_matrix(
        (np.ones(len(columns), np.float32), columns, np.append(0, lengths.cumsum())),
        shape=(n_rows, n_columns),
    )
    X.sum_duplicates()
    X.data[:] = 1
    weights = np.random.default_rng(42).normal(size=(n_columns, 3))
    return X, X @ weights + rng.normal(size=(n_rows, 3))


@pytest.fixture(scope="module")
def numbers():
    X, scores = rows(1_200)
    return X, scores[:, 0] * 40 + 7


@pytest.fixture(scope="module")
def fitted(numbers):
    return EmbeddingDNNRegressor(random_state=0).fit(*numbers)


def test_sums_over_rows_of_any_length_are_left_to_the_linear_model(fitted, numbers):
    X, y = rows(2_000, seed=1)
    y = y[:, 0] * 40 + 7
    linear = Ridge(alpha=1.0).fit(*numbers)
    assert fitted.plan_["linear_share"] > 0.5
    assert fitted.score(X, y) > linear.score(X, y) - 0.01
    alone = clone(fitted).set_params(linear=False).fit(*numbers)
    assert fitted.score(X, y) > alone.score(X, y) + 0.02


@pytest.mark.parametrize("n_rows", [60, 200, 700])
def test_a_few_rows_are_predicted_no_worse_than_by_a_linear_model(n_rows):
    gains = []
    for seed in range(4):
        X, scores = rows(n_rows + 2_000, seed)
        y = (scores[:, 0] > 0).astype(int)
        train, test = slice(0, n_rows), slice(n_rows, None)
        ours = EmbeddingDNNClassifier(random_state=seed).fit(X[train], y[train])
        losses = [
            log_loss(
                y[test], LogisticRegression(C=C).fit(X[train], y[train]).predict_proba(X[test])
            )
            for C in (0.01, 0.1, 1, 10)
        ]
        # against the value of C that the test rows themselves like best
        gains.append(min(losses) - log_loss(y[test], ours.predict_proba(X[test])))
    assert np.mean(gains) > -0.01


def test_predictions_are_those_of_the_network_and_of_the_linear_model(fitted, numbers):
    X, _ = numbers
    alone = clone(fitted)
    vars(alone).update({k: v for k, v in vars(fitted).items() if k != "_linear_model"})
    expected = alone.predict(X) + X @ fitted.linear_model_coef_[0]
    assert_allclose(fitted.predict(X), expected, rtol=1e-5, atol=1e-3)
    assert_array_equal(alone.linear_model_coef_, np.zeros((1, X.shape[1])))


def test_a_fit_without_a_linear_part_has_no_linear_model(numbers):
    model = EmbeddingDNNRegressor(linear=False, random_state=0).fit(*numbers)
    assert model.plan_["linear_share"] == 0
    assert "linear_penalty" not in model.plan_
    assert not model.linear_model_coef_.any()


def test_the_next_fit_has_a_model_of_its_own_or_none(numbers):
    X, y = numbers
    model = EmbeddingDNNRegressor(random_state=0).fit(X, y)
    before = model.linear_model_coef_
    assert before.any()
    model.fit(X, -y)
    assert_allclose(model.linear_model_coef_, -before, atol=np.abs(before).max() / 10)
    model.set_params(max_epochs=2).fit(X, y)
    assert not model.linear_model_coef_.any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saved_models_predict_the_same_bytes(dtype, numbers, tmp_path):
    X, y = numbers
    wide = sp.hstack([X, sp.csr_matrix((X.shape[0], 3 * X.shape[1]), dtype=dtype)]).tocsr()
    wide = wide.astype(dtype)  # most columns never have an entry: the table is compact
    model = EmbeddingDNNRegressor(random_state=0).fit(wide, y)
    assert model.linear_model_coef_.shape == (1, wide.shape[1])
    save(model, tmp_path / "model.skembed")
    again = load(tmp_path / "model.skembed")
    assert again.predict(wide).tobytes() == model.predict(wide).tobytes()
    assert_array_equal(again.linear_model_coef_, model.linear_model_coef_)


def test_keras_has_the_linear_model_too(fitted, numbers):
    X, _ = numbers
    predicted = fitted.to_keras().predict(X.toarray(), verbose=0)[:, 0]
    assert_allclose(predicted, fitted.predict(X), rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize("how", ["partial_fit", "warm", "stopping", "stream", "validated"])
def test_training_that_goes_on_sees_what_the_linear_model_says(how, fitted, numbers):
    X, y = numbers
    model = clone(fitted)
    vars(model).update({k: v for k, v in vars(fitted).items() if k.endswith("_") or k[0] == "_"})
    model.set_params(**FROZEN)
    before = model.predict(X)
    loss = np.square(before - y).mean() / y.var()
    name = "loss"
    if how == "partial_fit":
        model.partial_fit(X, y)
    elif how == "stream":
        model.set_params(warm_start=True, max_epochs=1)
        model.fit(ChunkStream(lambda: iter([(X[:500], y[:500]), (X[500:], y[500:])])))
    elif how == "validated":
        model.set_params(warm_start=True, max_epochs=1).fit(X, y, X_val=X, y_val=y)
        name = "val_loss"
    else:
        model.set_params(warm_start=True, max_epochs=1, early_stopping=how == "stopping")
        model.fit(X, y)
    tolerance = 0.05 if how == "stopping" else 1e-4  # nine tenths of the rows
    assert model.history_[name][-1] == pytest.approx(loss, rel=tolerance)
    assert_allclose(model.predict(X), before, rtol=1e-5, atol=1e-3)
    assert_array_equal(model.linear_model_coef_, fitted.linear_model_coef_)


def test_training_that_goes_on_learns(fitted, numbers):
    X, y = numbers
    model = clone(fitted)
    vars(model).update({k: v for k, v in vars(fitted).items() if k.endswith("_") or k[0] == "_"})
    before = model.score(X, y + 50)
    for _ in range(20):
        model.set_params(learning_rate=0.01).partial_fit(X, y + 50)
    assert model.score(X, y + 50) > before + 0.1


def test_a_linear_model_stands_beside_target_statistics():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 30, (1_000, 3))
    X = sp.hstack([sp.csr_matrix(np.eye(30, dtype=np.float32)[column]) for column in codes.T])
    effects = np.random.default_rng(1).normal(size=(3, 30))
    y = sum(effects[i, codes[:, i]] for i in range(3)) + rng.normal(size=1_000)
    model = EmbeddingDNNRegressor(fields=[30, 30, 30], random_state=0).fit(X.tocsr(), y)
    plain = Ridge(alpha=1.0).fit(X, y)
    new = rng.integers(0, 30, (2_000, 3))
    of_new = sp.hstack([sp.csr_matrix(np.eye(30, dtype=np.float32)[column]) for column in new.T])
    truth = sum(effects[i, new[:, i]] for i in range(3))
    errors = [np.square(m.predict(of_new.tocsr()) - truth).mean() for m in (model, plain)]
    assert errors[0] < errors[1] + 0.02


def test_values_that_no_linear_model_can_fit_leave_the_network_alone():
    X = sp.random(200, 10, 0.3, "csr", random_state=0, dtype=np.float32)
    X.data *= np.float32(1e12)
    y = np.random.default_rng(0).integers(0, 2, 200)
    model = EmbeddingDNNClassifier(random_state=0).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()
