import numpy as np
import pytest
from made_rows import random_counts
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression
from small_estimators import small

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor


def test_the_linear_part_alone_is_logistic_regression():
    X = random_counts(500, 12, density=0.9).astype(np.float64)
    noise = np.random.default_rng(0).normal(0, 3, 500)  # without much of it, steps are many
    y = (X.toarray()[:, 0] + noise > 1).astype(int)
    model = EmbeddingDNNClassifier(
        1,
        hidden_units=(),
        combiner="sum",
        embedding_init=np.zeros((12, 1)),
        trainable_embeddings=False,
        linear_l2=1.0,
        optimizer="sgd",
        learning_rate=4.0,
        batch_size=500,
        max_epochs=500,
        random_state=0,
    ).fit(X, y)
    linear = LogisticRegression(C=1.0, tol=1e-8).fit(X, y)
    assert not model.embeddings_.any()
    assert_allclose(model.linear_coef_, linear.coef_, atol=1e-3)
    assert_allclose(model.predict_proba(X), linear.predict_proba(X), atol=1e-3)


@pytest.mark.parametrize("cls", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
def test_the_linear_part_is_optional(cls, binary_problem):
    assert small(cls, linear=False).fit(*binary_problem).linear_coef_.shape == (0, 30)
    assert small(cls).fit(*binary_problem).linear_coef_.shape == (1, 30)


def test_many_outputs_have_no_linear_part_unless_asked_for():
    X, y = random_counts(600, 8), np.arange(600) % 300
    assert len(EmbeddingDNNClassifier(max_epochs=1).fit(X, y).linear_coef_) == 0
    assert len(EmbeddingDNNClassifier(max_epochs=1, linear=True).fit(X, y).linear_coef_) == 300
