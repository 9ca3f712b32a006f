import keras
import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

import skembed
from skembed import ChunkStream, EmbeddingDNNClassifier, EmbeddingDNNRegressor

FAST = {"embedding_dim": 4, "hidden_units": 8, "max_epochs": 3, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = sp.csr_matrix((rng.random((300, 40)) < 0.1).astype(np.float32))
    y = np.asarray(X[:, :5].sum(axis=1)).ravel() > 0
    return X, y.astype(int)


@pytest.mark.parametrize("cls", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
def test_members_make_one_network(cls, data, tmp_path):
    X, y = data
    model = cls(n_members=3, **FAST).fit(X, y)
    assert model.n_members_ == 3
    assert model.embeddings_.shape == (40, 12)
    assert [len(bias) for bias in model.intercepts_] == [24, 1]
    again = cls(n_members=3, **FAST).fit(X, y)
    assert_array_equal(model.predict(X), again.predict(X))
    skembed.save(model, tmp_path / "model.skembed")
    loaded = skembed.load(tmp_path / "model.skembed")
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.n_members_ == 3
    assert_allclose(model.transform(X), loaded.transform(X))


def test_the_first_member_is_the_network_alone_and_the_others_differ(data):
    X, y = data
    alone = EmbeddingDNNClassifier(**FAST).fit(X, y)
    model = EmbeddingDNNClassifier(n_members=2, **FAST).fit(X, y)
    first, second = np.split(model.embeddings_, 2, axis=1)
    assert_array_equal(first, alone.embeddings_)
    assert np.abs(second - first).max() > 0.01
    assert model.history_ == alone.history_
    assert alone.n_members_ == 1


def test_the_logits_are_the_mean_of_the_members(data):
    X, y = data
    model = EmbeddingDNNClassifier(n_members=2, **FAST).fit(X, y)
    alone = EmbeddingDNNClassifier(**FAST).fit(X, y)
    hidden, out = model.coefs_
    assert not hidden[:4, 8:].any() and not hidden[4:, :8].any()  # no weights between the two
    assert_allclose(out[:8] * 2, alone.coefs_[1], rtol=1e-6)


def test_members_of_a_stream_and_with_rows_held_out(data):
    X, y = data
    stream = ChunkStream(lambda: iter([(X[:200], y[:200]), (X[200:], y[200:])]))
    model = EmbeddingDNNClassifier(n_members=2, **FAST).fit(stream)
    assert model.embeddings_.shape == (40, 8)
    model = EmbeddingDNNClassifier(n_members=2, early_stopping=True, **FAST).fit(X, y)
    assert model.n_members_ == 2 and model.best_epoch_ >= 1


def test_partial_fit_goes_on_with_the_merged_network(data):
    X, y = data
    model = EmbeddingDNNClassifier(n_members=2, **FAST).fit(X, y)
    before = model.decision_function(X)
    model.set_params(n_members="auto").partial_fit(X, y)
    assert model.embeddings_.shape == (40, 8) and model.n_members_ == 2
    assert not np.allclose(model.decision_function(X), before)


def test_one_network_where_training_goes_on(data):
    X, y = data
    with pytest.raises(ValueError, match="partial_fit trains one network, but n_members is 2"):
        EmbeddingDNNClassifier(n_members=2, **FAST).partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="warm_start needs a single network, but n_members is 2"):
        EmbeddingDNNClassifier(n_members=2, warm_start=True, **FAST).fit(X, y)
    callback = keras.callbacks.Callback()
    with pytest.raises(ValueError, match="callbacks needs a single network, but n_members is 2"):
        EmbeddingDNNClassifier(n_members=2, callbacks=callback, **FAST).fit(X, y)


@pytest.mark.parametrize("value", [0, 1.5, "many"])
def test_other_values_are_refused(data, value):
    with pytest.raises(ValueError, match="n_members"):
        EmbeddingDNNClassifier(n_members=value).fit(*data)
