import pickle

import numpy as np
import pytest
from going_on import assert_same_weights, small
from numpy.testing import assert_array_equal

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor

CLASSES = [EmbeddingDNNClassifier, EmbeddingDNNRegressor]


@pytest.fixture(scope="module")
def fitted(binary_problem):
    return small().fit(*binary_problem)


@pytest.mark.parametrize("cls", CLASSES)
def test_warm_start_goes_on(cls, binary_problem):
    X, y = binary_problem
    model = small(cls, warm_start=True, max_epochs=10).fit(X, y)
    once = list(model.history_["loss"])
    model.fit(X, y)
    assert model.n_steps_ == 40
    assert model.n_epochs_ == 20
    assert model.history_["loss"][:10] == once
    assert model.history_["loss"][10] < once[1]
    assert model.history_["loss"][-1] < once[-1]


def test_warm_fits_on_full_batches_are_one_fit(binary_problem):
    X, y = binary_problem
    X = X.astype(np.float64)
    model = small(warm_start=True, batch_size=400).fit(X, y).fit(X, y)
    assert_same_weights(model, small(max_epochs=4, batch_size=400).fit(X, y), rtol=1e-6, atol=1e-9)


def test_without_warm_start_a_fit_starts_anew(fitted, binary_problem):
    model = pickle.loads(pickle.dumps(fitted)).fit(*binary_problem)
    assert_same_weights(model, fitted)
    assert model.history_ == fitted.history_


@pytest.mark.parametrize(
    "change", [{"optimizer": "adagrad"}, {"optimizer": "sgd"}, {"learning_rate": 0.001}]
)
def test_another_optimizer_starts_anew_on_the_same_weights(change, binary_problem):
    X, y = binary_problem
    model = small(warm_start=True).fit(X, y).set_params(**change).fit(X, y)
    assert model.n_epochs_ == 4
    assert np.isfinite(model.predict_proba(X)).all()
    assert model.partial_fit(X, y).n_epochs_ == 5


def test_going_on_with_another_architecture_is_refused(binary_problem):
    X, y = binary_problem
    model = small(warm_start=True).fit(X, y)
    before = model.embeddings_.copy()
    for change in ({"hidden_units": (3,)}, {"embedding_dim": 5}):
        with pytest.raises(ValueError, match="cannot continue"):
            model.set_params(**change).fit(X, y)
        model.set_params(hidden_units=(8,), embedding_dim=4)
    assert_array_equal(model.embeddings_, before)
