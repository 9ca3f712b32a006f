import pickle

import numpy as np
import pytest
from going_on import assert_same_weights, first, small
from numpy.testing import assert_array_equal

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor

CLASSES = [EmbeddingDNNClassifier, EmbeddingDNNRegressor]


@pytest.fixture(scope="module")
def fitted(binary_problem):
    return small().fit(*binary_problem)


@pytest.mark.parametrize("cls", CLASSES)
def test_one_partial_fit_is_a_fit_of_one_epoch(cls, binary_problem):
    X, y = binary_problem
    assert_same_weights(first(small(cls), X, y), small(cls, max_epochs=1).fit(X, y))


@pytest.mark.parametrize("cls", CLASSES)
def test_partial_fit_learns_is_reproducible_and_counts(cls, binary_problem):
    X, y = binary_problem
    runs = []
    for _ in range(2):
        model = first(small(cls), X, y)
        for _ in range(39):
            model.partial_fit(X, y)
        runs.append(model)
    assert_same_weights(*runs)
    assert runs[0].n_epochs_ == len(runs[0].history_["loss"]) == 40
    assert runs[0].n_steps_ == 80
    losses = runs[0].history_["loss"]
    assert losses[-1] < 0.5 * losses[0]
    assert runs[0].score(X, y) > (0.85 if cls is EmbeddingDNNClassifier else 0.5)


@pytest.mark.parametrize("cls", CLASSES)
def test_full_batches_in_parts_are_one_fit(cls, binary_problem):
    """The optimizer goes on as if there had been no end."""
    X, y = binary_problem
    X = X.astype(np.float64)
    params = dict(batch_size=400, optimizer="adam")
    model = first(small(cls, **params), X, y)
    for _ in range(4):
        model.partial_fit(X, y)
    assert_same_weights(model, small(cls, max_epochs=5, **params).fit(X, y), rtol=1e-6, atol=1e-9)


def test_columns_that_come_later_start_then(binary_problem):
    X, y = binary_problem
    early = X.multiply(np.arange(30) < 20).tocsr()
    model = first(small(), early, y)
    before = model.embeddings_.copy()
    assert (before[20:] == 0).all()
    assert (before[:20] != 0).any(axis=1).all()
    model.partial_fit(X, y)
    assert (model.embeddings_ != 0).any(axis=1).all()
    before = model.embeddings_.copy()
    model.partial_fit(early, y)
    assert_array_equal(model.embeddings_[20:], before[20:])
    assert (model.embeddings_[:20] != before[:20]).any(axis=1).all()
    for _ in range(60):
        model.partial_fit(X, y)
    assert model.score(X, y) > 0.85


def test_part_of_the_rows_and_part_of_the_classes_at_a_time(binary_problem):
    X, y = binary_problem
    model = small()
    for label in (0, 1, 0, 1):
        rows = np.flatnonzero(y == label)[:150]
        model.partial_fit(X[rows], y[rows], classes=[0, 1])
    assert model.classes_.tolist() == [0, 1]
    model.partial_fit(X[:1], y[:1])
    assert np.isfinite(model.predict_proba(X)).all()


def test_partial_fit_goes_on_from_a_fit(fitted, binary_problem):
    X, y = binary_problem
    model = pickle.loads(pickle.dumps(fitted)).partial_fit(X, y)
    assert model.n_epochs_ == 3
    assert model.history_["loss"][:2] == fitted.history_["loss"]
    assert model.history_["loss"][2] < fitted.history_["loss"][0]


def test_partial_fit_takes_weights(binary_problem):
    X, y = binary_problem
    half = np.arange(400) < 200
    model = small().partial_fit(X, y, classes=[0, 1], sample_weight=half.astype(float))
    expected = small().partial_fit(X[:200], y[:200], classes=[0, 1])
    assert_same_weights(model, expected)


def test_a_pickled_estimator_goes_on_alike(binary_problem):
    X, y = binary_problem
    model = first(small(), X, y)
    copy = pickle.loads(pickle.dumps(model))
    assert_same_weights(model.partial_fit(X, y), copy.partial_fit(X, y))
