from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.neural_network import MLPClassifier

from skembed.datasets import make_reviews
from skembed.datasets._reviews import _FILLER, _TURNING, _review_model


@pytest.fixture(scope="module")
def reviews() -> tuple[list[list[str]], np.ndarray]:
    return make_reviews(25_000, random_state=1)


def test_reviews_are_lists_of_lower_case_tokens(reviews):
    texts, labels = reviews
    lengths = [len(text) for text in texts]
    assert len(texts) == len(labels) == 25_000
    assert min(lengths) == 8 and max(lengths) == 80
    assert all(text[-1] == "." for text in texts)
    assert all(type(token) is str and token == token.lower() for token in texts[0])
    assert labels.dtype == np.int64 and set(labels) == {0, 1}
    assert abs(labels.mean() - 0.5) < 0.02


def test_vocabulary_is_complete_and_without_repetition(reviews):
    terms, probabilities = _review_model()
    assert 150 <= len(terms) <= 400
    assert len(set(terms)) == len(terms)
    assert {token for text in reviews[0] for token in text} == set(terms)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


def test_tokens_follow_the_model(reviews):
    terms, probabilities = _review_model()
    counts = Counter(token for text in reviews[0] for token in text[:-1])
    observed = np.array([counts[term] for term in terms])
    expected = probabilities.mean(axis=0) * observed.sum()
    # Verdict and genre are shared by the tokens of a review, so counts vary more than Poisson.
    np.testing.assert_array_less(np.abs(observed - expected) / np.sqrt(expected), 10)


@pytest.mark.parametrize("n_samples", [1, 2, 300])
def test_same_seed_same_reviews(n_samples):
    first, labels = make_reviews(n_samples, random_state=3)
    again, labels_again = make_reviews(n_samples, random_state=np.random.RandomState(3))
    assert len(first) == n_samples
    assert first == again
    np.testing.assert_array_equal(labels, labels_again)


def test_seeds_differ():
    assert make_reviews(20, random_state=0)[0] != make_reviews(20, random_state=1)[0]


@pytest.mark.parametrize("n_samples", [0, -5])
def test_no_reviews_asked_for(n_samples):
    with pytest.raises(ValueError, match=f"n_samples is {n_samples}, expected 1 or more"):
        make_reviews(n_samples)


def test_turning_words_say_little_alone():
    terms, probabilities = _review_model()
    turning = np.isin(terms, list(_TURNING))
    bad, good = probabilities[0::2].mean(axis=0), probabilities[1::2].mean(axis=0)
    within = np.log(probabilities[1::2] / probabilities[0::2])[:, turning]
    assert np.abs(np.log(good / bad)[turning]).mean() < 0.5
    assert np.abs(within).min() > 0.7
    assert ((within > 0).any(axis=0) & (within < 0).any(axis=0)).all()


@pytest.mark.parametrize("vocabulary", ["all terms", "50 terms"])
def test_a_network_beats_a_linear_model(reviews, vocabulary):
    texts, y = reviews
    vectorizer = CountVectorizer(analyzer=lambda tokens: tokens, binary=True, dtype=np.float64)
    X = vectorizer.fit_transform(texts)
    if vocabulary == "50 terms":
        X = X[:, frequent_columns(X, vectorizer.get_feature_names_out(), 50)]
    X_train, X_test, y_train, y_test = X[:20_000], X[20_000:], y[:20_000], y[20_000:]
    linear = LogisticRegression(C=0.1).fit(X_train, y_train).predict_proba(X_test)[:, 1]
    mlp = MLPClassifier((32,), alpha=1e-3, early_stopping=True, random_state=0)
    network = mlp.fit(X_train, y_train).predict_proba(X_test)[:, 1]
    low, high = (0.78, 0.85) if vocabulary == "all terms" else (0.72, 0.82)
    assert low < accuracy_score(y_test, linear > 0.5) < high
    assert log_loss(y_test, network) < log_loss(y_test, linear) - 0.025
    assert accuracy_score(y_test, network > 0.5) > accuracy_score(y_test, linear > 0.5) + 0.01


def frequent_columns(X, names: np.ndarray, n_columns: int) -> np.ndarray:
    """Return the columns of the most frequent terms that are not filler."""
    frequency = np.where(np.isin(names, _FILLER.split()), 0, X.sum(axis=0).A1)
    return np.argsort(-frequency, kind="stable")[:n_columns]
