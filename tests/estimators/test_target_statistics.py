"""Target statistics inside a fit: honest, kept, saved, and gone on with."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import log_loss

from skembed import ChunkStream, EmbeddingDNNClassifier, EmbeddingDNNRegressor, load, save

FAST = {"embedding_dim": 4, "hidden_units": (8,), "max_epochs": 3, "random_state": 0}


def one_hot(codes, sizes):
    """CSR with a field for each column of codes, and the numbers of the fields."""
    starts = np.cumsum([0, *sizes[:-1]])
    rows = np.repeat(np.arange(len(codes)), len(sizes))
    places = (np.asarray(codes) + starts).ravel()
    X = sp.csr_matrix((np.ones(len(places), np.float32), (rows, places)), (len(codes), sum(sizes)))
    return X, np.repeat(np.arange(len(sizes)), sizes)


@pytest.fixture(scope="module")
def parity():
    """Two columns whose combination decides, and a third that does not matter."""
    codes = np.random.default_rng(0).integers(0, 6, (900, 3))
    X, fields = one_hot(codes, [6, 6, 6])
    return X, (codes[:, 0] + codes[:, 1]) % 2, fields


@pytest.fixture(scope="module")
def model(parity):
    X, y, fields = parity
    return EmbeddingDNNClassifier(fields=fields, target_statistics=2, **FAST).fit(X, y)


def test_combinations_are_learned(model, parity):
    X, y, fields = parity
    plain = EmbeddingDNNClassifier(fields=fields, target_statistics=False, **FAST).fit(X, y)
    assert log_loss(y, model.predict_proba(X)) < 0.2
    assert log_loss(y, plain.predict_proba(X)) > 0.5


def test_what_the_features_are_stays_what_it_was(model, parity):
    assert model.n_features_in_ == 18
    assert model.embeddings_.shape == (18, 4)
    assert model.linear_coef_.shape == (1, 18)
    assert model._derived_features.statistics.n_numbers == 2 * (3 + 3)  # means and counts


def test_a_row_is_predicted_alone_as_among_others(model, parity):
    X = parity[0]
    assert_allclose(model.predict_proba(X[5:6]), model.predict_proba(X)[5:6], rtol=1e-5)


def test_a_model_with_statistics_is_saved_whole(model, parity, tmp_path):
    save(model, tmp_path / "model")
    X = parity[0]
    for other in (load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        assert_array_equal(other.predict_proba(X), model.predict_proba(X))
        assert_array_equal(other.embeddings_, model.embeddings_)


def test_a_later_fit_without_them_forgets_them(model, parity):
    X, y, _ = parity
    other = clone(model).fit(X, y)
    other.set_params(target_statistics=0).fit(X, y)
    assert not hasattr(other, "_derived_features")
    assert other.predict_proba(X).shape == (900, 2)


@pytest.mark.parametrize("cls", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
def test_warm_starts_and_partial_fits_go_on_with_them(cls, parity):
    X, y, fields = parity
    other = cls(fields=fields, target_statistics=1, warm_start=True, **FAST).fit(X, y)
    kept = other._derived_features
    other.fit(X[:300], y[:300])
    other.partial_fit(X[300:], y[300:])
    assert other._derived_features is kept
    assert np.isfinite(other.predict(X)).all()


def test_a_stream_cannot_go_on_with_them(parity):
    X, y, fields = parity
    other = EmbeddingDNNClassifier(fields=fields, target_statistics=1, warm_start=True, **FAST)
    other.fit(X, y)
    before = other.predict_proba(X)
    with pytest.raises(ValueError, match="target statistics, so training cannot continue on a"):
        other.fit(ChunkStream(lambda: iter([(X, y)])))
    assert_array_equal(other.predict_proba(X), before)


def test_streams_have_none(parity):
    X, y, fields = parity
    other = EmbeddingDNNClassifier(fields=fields, target_statistics=2, **FAST)
    other.fit(ChunkStream(lambda: iter([(X, y)])))
    assert not hasattr(other, "_derived_features")


def test_keras_models_cannot_have_them(model):
    with pytest.raises(ValueError, match="fit with target_statistics=False to export it"):
        model.to_keras()


def test_rows_given_for_validation_have_those_of_the_training_rows(parity):
    X, y, fields = parity
    other = EmbeddingDNNClassifier(fields=fields, target_statistics=2, **FAST)
    other.fit(X[:600], y[:600], X_val=X[600:], y_val=y[600:])
    losses = other.history_["val_loss"]
    assert_allclose(log_loss(y[600:], other.predict_proba(X[600:])), min(losses), rtol=1e-4)


@pytest.mark.parametrize("value", [4, -1, "deep"])
def test_other_values_are_refused(value, parity):
    with pytest.raises(ValueError, match="target_statistics"):
        EmbeddingDNNClassifier(target_statistics=value).fit(*parity[:2])


def test_noise_stays_noise():
    rng = np.random.default_rng(0)
    share = np.arange(1, 2001) ** -1.3
    ids = rng.choice(2000, (6000, 4), p=share / share.sum())
    X, fields = one_hot(ids, [2000] * 4)
    y = (rng.random(6000) < 0.14).astype(int)
    model = EmbeddingDNNClassifier(fields=fields, random_state=0).fit(X[:4000], y[:4000])
    prior = log_loss(y[4000:], np.full(2000, y[:4000].mean()))
    assert log_loss(y[4000:], model.predict_proba(X[4000:])) < prior + 0.01


def test_defaults_choose_them_where_combinations_matter():
    codes = np.random.default_rng(1).integers(0, 10, (3000, 3))
    X, fields = one_hot(codes, [10, 10, 10])
    y = (codes[:, 0] * 7 + codes[:, 1] * 3) % 10 < 5
    model = EmbeddingDNNClassifier(fields=fields, random_state=0).fit(X[:2000], y[:2000])
    assert model.plan_["target_statistics"] == 3
    assert model.score(X[2000:], y[2000:]) > 0.95
