"""What the embedding table starts from."""

import numpy as np
import pytest
import scipy.sparse as sp
from made_rows import random_counts
from numpy.testing import assert_allclose, assert_array_equal

from skembed import EmbeddingDNNClassifier


def test_scores_are_the_log_odds_of_the_formula():
    from skembed.training._targets import log_odds

    k, m, rows = np.array([[8.0, 1.0]]), np.array([[10.0]]), np.array([100.0, 40.0, 20.0])
    p = rows[1:] / 100
    expected = np.log((k + 30 * p) / (m - k + 30 * (1 - p))) - np.log(p / (1 - p))
    assert_allclose(log_odds(k, m, rows), expected)


def initial(cls=EmbeddingDNNClassifier, *, X, y, **params):
    """The embeddings before training: the fit moves them by next to nothing."""
    params = {"max_steps": 1, "optimizer": "sgd", "learning_rate": 1e-12, **params}
    return cls(random_state=0, **params).fit(X, y).embeddings_


def test_terms_start_where_counting_says_they_belong():
    X = sp.csr_matrix(np.eye(4, dtype=np.float32)[np.arange(400) % 4])
    y = (np.arange(400) % 4 < 2).astype(int)
    table = initial(X=X, y=y, embedding_dim=3)
    assert (table[:2, 0] > 0.2).all() and (table[2:, 0] < -0.2).all()
    doubled = initial(X=sp.vstack([X, X]).tocsr(), y=np.tile(y, 2), embedding_dim=3)
    weighted = EmbeddingDNNClassifier(
        3, max_steps=1, optimizer="sgd", learning_rate=1e-12, random_state=0
    ).fit(X, y, sample_weight=np.full(400, 2.0))
    assert_allclose(weighted.embeddings_, doubled, atol=1e-6)


def test_more_classes_than_dimensions_keep_their_main_directions():
    X = sp.csr_matrix(np.eye(10, dtype=np.float32)[np.arange(1000) % 10])
    y = np.arange(1000) % 10
    table = initial(X=X, y=y, embedding_dim=4)
    assert table.shape == (10, 4)
    assert table.std() > 0.3  # noise alone has 0.1


def test_svd_start_spans_the_principal_directions():
    X = random_counts(300, 12, density=0.8)
    table = initial(X=X, y=np.arange(300) % 2, embedding_dim=3, embedding_init="svd")
    _, _, directions = np.linalg.svd(X.toarray())
    rest = table - directions[:3].T @ (directions[:3] @ table)
    assert_allclose(rest, 0, atol=1e-4)


def test_vectors_are_given_by_row_or_by_name():
    X, y = random_counts(60, 4, density=1), np.arange(60) % 2
    vectors = np.arange(8, dtype=np.float32).reshape(4, 2)
    names = ["a", "b", "c", "d"]

    class Keyed:
        index_to_key = names[:3]

        def get_vector(self, key):
            return vectors[names.index(key)]

    Keyed.vectors = vectors[:3]
    assert_allclose(initial(X=X, y=y, embedding_init=vectors), vectors, atol=1e-6)
    mapping = dict(zip(names[:3], vectors, strict=False))
    for given in (mapping, Keyed()):
        table = initial(X=X, y=y, embedding_init=given, feature_names=names)
        assert_allclose(table[:3], vectors[:3], atol=1e-6)
        assert table[3].any()


def test_given_vectors_stay_where_they_are_not_to_be_trained():
    X, y = random_counts(80, 5, density=1), np.arange(80) % 2
    vectors = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    frozen = EmbeddingDNNClassifier(
        embedding_init=vectors, trainable_embeddings=False, max_epochs=5, random_state=0
    ).fit(X, y)
    assert_array_equal(frozen.embeddings_, vectors)
    assert frozen.linear_coef_.any()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"embedding_init": np.ones((3, 2))}, "one row for each of the 5 features"),
        ({"embedding_init": {"a": [1.0]}}, "pass feature_names"),
        ({"embedding_init": {"a": [1.0]}, "feature_names": ["b"]}, "has 1 names, but X has 5"),
        (
            {"embedding_init": {"a": [1.0]}, "feature_names": list("vwxyz")},
            "no vector for any",
        ),
    ],
)
def test_vectors_that_do_not_fit_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        EmbeddingDNNClassifier(max_epochs=1, **params).fit(random_counts(20, 5), [0, 1] * 10)
