import pickle
from functools import partial

import keras
import numpy as np
import pytest
import small_estimators
import tensorflow as tf
from made_rows import random_counts
from numpy.testing import assert_allclose, assert_array_equal

from skembed import EmbeddingDNNRegressor

# until Keras' writer of HDF5 files knows numpy 2's copy keyword
ignores_copy_warning = pytest.mark.filterwarnings("ignore:__array__ implementation")
X = random_counts(400, 30, density=0.5)
NUMBERS = np.arange(400)
TARGETS = {
    "binary": NUMBERS % 2,
    "many": np.array(["a", "b", "c"])[NUMBERS % 3],
    "labels": np.stack([NUMBERS % 2, NUMBERS % 3 == 0, NUMBERS % 5 == 0], 1),
}
small = partial(small_estimators.small, embedding_dim=3, combiner="sqrtn", max_epochs=5)


def fitted(kind, **params):
    """A network of two hidden layers."""
    return small(hidden_units=(5, 4), activation="gelu", **params).fit(X, TARGETS[kind])


def sparse_tensor(X):
    coo = X.tocoo()
    return tf.sparse.reorder(
        tf.SparseTensor(np.stack([coo.row, coo.col], 1).astype(np.int64), coo.data, coo.shape)
    )


@pytest.mark.parametrize("combiner", ["mean", "sum", "sqrtn"])
@pytest.mark.parametrize("kind", ["binary", "many"])
def test_keras_predicts_alike_on_sparse_and_dense_rows(kind, combiner):
    model = fitted(kind, combiner=combiner)
    expected = model.predict_proba(X)
    expected = expected[:, 1:] if kind == "binary" else expected
    exported = model.to_keras()
    for rows in (X, X.toarray()):
        assert_allclose(exported.predict(rows, verbose=0), expected, atol=1e-6)
    assert_allclose(exported(sparse_tensor(X)), expected, atol=1e-6)


def test_label_sets():
    y = TARGETS["labels"].astype(int)
    model = small().fit(X, y)
    assert_allclose(model.to_keras().predict(X, verbose=0), model.predict_proba(X), atol=1e-6)
    assert_array_equal(model.to_scikeras().predict(X.toarray()), model.predict(X))


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson"])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regressors(loss, n_outputs):
    y = np.abs(np.random.default_rng(0).normal(10, 3, (400, n_outputs)))
    model = small(EmbeddingDNNRegressor, loss=loss).fit(X, y)
    exported = model.to_keras().predict(X, verbose=0)
    expected = model.predict(X)
    assert_allclose(exported, expected.reshape(400, -1), rtol=1e-5)
    assert_allclose(model.to_scikeras().predict(X.toarray()), expected, rtol=1e-5)


def test_float64():
    model = small().fit(X.astype(float), TARGETS["binary"])
    exported = model.to_keras().predict(X.toarray().astype(float), verbose=0)
    assert exported.dtype == np.float64
    assert_allclose(exported[:, 0], model.predict_proba(X)[:, 1], atol=1e-12)


def test_training_goes_on_in_keras_and_leaves_the_estimator_alone():
    model = fitted("binary", dropout=0.2)
    before = model.predict_proba(X)
    exported = model.to_keras()
    assert any(isinstance(layer, keras.layers.Dropout) for layer in exported.layers)
    rows, y = X[:60].toarray(), TARGETS["binary"][:60].astype(np.float32)
    first = exported.evaluate(rows, y, verbose=0)
    exported.fit(rows, y, epochs=40, verbose=0)
    assert exported.evaluate(rows, y, verbose=0) < first
    assert_array_equal(model.predict_proba(X), before)


@ignores_copy_warning
def test_the_model_saves_and_loads_by_keras(tmp_path):
    exported = fitted("many").to_keras()
    exported.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert_array_equal(loaded.predict(X, verbose=0), exported.predict(X, verbose=0))


@ignores_copy_warning
@pytest.mark.parametrize("kind", ["binary", "many"])
def test_scikeras_predicts_alike_and_pickles(kind):
    model = fitted(kind)
    wrapped = model.to_scikeras()
    rows = X.toarray()
    assert_array_equal(wrapped.predict(rows), model.predict(X))
    assert_allclose(wrapped.predict_proba(rows), model.predict_proba(X), atol=1e-6)
    again = pickle.loads(pickle.dumps(wrapped))
    assert_allclose(again.predict_proba(rows), model.predict_proba(X), atol=1e-6)
