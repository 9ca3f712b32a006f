"""Latent spaces: the directions are those of an exact decomposition, and fold into features."""

import numpy as np
import pytest
import scipy.sparse as sp
from made_rows import random_counts
from numpy.testing import assert_allclose
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skembed.network._field_layout import NUMERIC, FieldLayout
from skembed.network._pooling import COMBINERS, Pooling
from skembed.training._class_targets import ClassificationTask
from skembed.training._folds import folds
from skembed.training._latent_model import (
    choose_latent_model,
    latent_model,
    most_directions,
)
from skembed.training._latent_space import (
    feature_scale,
    latent_space,
    pooled_matrix,
    space_of_vectors,
)
from skembed.training._sources import array_source

LAYOUTS = {
    "no fields": None,
    "fields": FieldLayout.of(np.arange(30) % 3, 4),
    "numbers": FieldLayout.of(np.where(np.arange(30) < 5, NUMERIC, np.arange(30) % 2), 4),
}


@pytest.mark.parametrize("combiner", COMBINERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_pooled_rows_are_those_that_the_network_sums(combiner, layout):
    X, pooling = random_counts(40, 30).astype(np.float64), Pooling(combiner, LAYOUTS[layout])
    table = np.random.default_rng(0).normal(size=(30, 2))
    summed = pooling.pool(pooling.segments(X), table).reshape(40, -1, 2).sum(axis=1)
    assert_allclose(pooled_matrix(X, pooling) @ table, summed)


def test_the_scale_is_the_square_of_scikit_learns_document_frequencies():
    texts = ["a b", "a c c", "b a", "c", "d a"]
    vectorizer = TfidfVectorizer(token_pattern=r"\w").fit(texts)
    X = sp.csr_matrix(vectorizer.transform(texts) != 0, dtype=np.float64)
    assert_allclose(feature_scale(X, Pooling("sum")), vectorizer.idf_**2)
    scaled = X @ sp.diags(np.arange(1.0, 5))  # whatever the sizes of a feature's values
    assert_allclose(
        scaled.multiply(feature_scale(scaled.tocsr(), Pooling("sum"))).toarray(),
        X.multiply(vectorizer.idf_**2).toarray(),
    )


def test_features_that_are_numbers_or_never_occur_have_no_part():
    X = random_counts(40, 30).astype(np.float64).tolil()
    X[:, 7] = 0
    pooling = Pooling("sqrtn", LAYOUTS["numbers"])
    space = latent_space(X.tocsr(), pooling, 5, seed=0)
    assert not space.vectors[[0, 1, 2, 3, 4, 7]].any()
    assert space.vectors[[5, 6, 8, 9]].any(axis=1).all()


def test_directions_are_the_singular_vectors_of_scaled_rows():
    X, pooling = random_counts(60, 30).astype(np.float64), Pooling("sqrtn")
    space = latent_space(X, pooling, 4, seed=0)
    scaled = pooled_matrix(X, pooling) @ np.diag(feature_scale(X, pooling))
    left, values, _ = np.linalg.svd(scaled, full_matrices=False)
    assert_allclose(np.abs(space.coordinates(X)), np.abs(left * values)[:, :4], atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 5), (3, 1), (3, 2), (2, 40)])
def test_small_rows_have_as_many_directions_as_they_can(shape):
    X = sp.csr_matrix(np.random.default_rng(0).random(shape))
    space = latent_space(X, Pooling("sqrtn"), 25, seed=0)
    assert space.coordinates(X).shape == (shape[0], min(shape[0], shape[1] - 1))
    assert np.isfinite(space.vectors).all()


def labelled(n_rows=400):
    rng = np.random.default_rng(0)
    topics = rng.integers(0, 2, n_rows)
    words = (rng.random((n_rows, 12)) * 20).astype(int) + 20 * topics[:, None]
    X = sp.csr_matrix(
        (np.ones(words.size), words.ravel(), np.arange(n_rows + 1) * 12), shape=(n_rows, 40)
    )
    X.sum_duplicates()
    noise = rng.random(n_rows) < 0.2
    return X, np.where(noise, 1 - topics, topics), np.ones(n_rows)


@pytest.mark.parametrize("ordered", [True, False])
def test_the_model_is_logistic_regression_on_coordinates(ordered):
    X, y, _ = rows = labelled()
    pooling = Pooling("sqrtn")
    if ordered:
        space = latent_space(X, pooling, 3, seed=0)
    else:
        space = space_of_vectors(X, pooling, np.random.default_rng(2).normal(size=(40, 3)))
    _, targets = array_source(rows, ClassificationTask(), pooling)
    pooled, intercept = latent_model(rows, targets, space, 3, 2.0)
    values = space.coordinates(X)
    values *= 10 / np.sqrt((values**2).sum(axis=1).mean())
    known = LogisticRegression(C=0.5, tol=1e-8).fit(values, y)
    outputs = (pooled_matrix(X, pooling) @ pooled + intercept)[:, 0]
    # the solver ends where the loss hardly falls, which some directions hardly change
    assert_allclose(outputs, known.decision_function(values), atol=0.2)
    assert log_loss(y, expit(outputs)) == pytest.approx(
        log_loss(y, known.predict_proba(values)), rel=1e-3
    )


def test_the_choice_has_the_outputs_for_rows_held_out():
    rows, pooling = labelled(), Pooling("sqrtn")
    space = latent_space(rows[0], pooling, 30, seed=0)
    parts = [
        (train, held_out, array_source(train, ClassificationTask(), pooling)[1])
        for train, held_out in folds(rows, ClassificationTask(), 5, 0)
    ]
    found = choose_latent_model(parts, space)
    assert found.n_directions in (25, 30)
    start = 0
    for train, held_out, targets in parts:
        pooled, intercept = latent_model(train, targets, space, found.n_directions, found.penalty)
        expected = pooled_matrix(held_out[0], pooling) @ pooled + intercept
        end = start + len(expected)
        # by way of other penalties, where the solver may end a little elsewhere
        assert_allclose(found.outputs[start:end], expected, atol=0.3)
        start = end


def test_few_labels_are_given_few_directions():
    assert [most_directions(n) for n in (10, 249, 250, 600, 10_000)] == [25, 25, 50, 100, 200]
