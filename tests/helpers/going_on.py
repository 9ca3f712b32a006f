"""Estimators that go on from where they are, and their weights compared."""

import small_estimators
from numpy.testing import assert_allclose, assert_array_equal

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor

CLASSES = [EmbeddingDNNClassifier, EmbeddingDNNRegressor]


def small(cls=EmbeddingDNNClassifier, **params):
    return small_estimators.small(cls, **{"embedding_init": "random", **params})


def first(model, X, y):
    """The first call to partial_fit."""
    if isinstance(model, EmbeddingDNNClassifier):
        return model.partial_fit(X, y, classes=[0, 1])
    return model.partial_fit(X, y)


def weights(model):
    return [model.embeddings_, *model.coefs_, *model.intercepts_]


def assert_same_weights(one, other, **tolerance):
    for a, b in zip(weights(one), weights(other), strict=True):
        if tolerance:
            assert_allclose(a, b, **tolerance)
        else:
            assert_array_equal(a, b)
