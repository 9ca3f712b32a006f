"""The lesson end to end, on few reviews."""

import pyarrow as pa
import pytest

from benchmarks.lesson import _comparison
from benchmarks.lesson.__main__ import through_tfrecord
from benchmarks.lesson._terms import features
from benchmarks.shared.data._reviews import Reviews
from skembed.datasets import make_reviews


@pytest.fixture
def reviews():
    terms, labels = make_reviews(200, random_state=0)
    terms, labels = pa.array(terms, pa.list_(pa.string())), labels.astype("float32")
    return Reviews("made", (terms[:100], labels[:100]), (terms[100:], labels[100:]))


def test_reviews_are_the_same_after_their_files(reviews, tmp_path):
    read = through_tfrecord(reviews, tmp_path)
    for (terms, labels), (terms_read, labels_read) in zip(
        (reviews.train, reviews.test), (read.train, read.test), strict=True
    ):
        assert terms_read.to_pylist() == terms.to_pylist()
        assert labels_read.tolist() == labels.tolist()


def test_features_are_counts_of_the_terms(reviews):
    terms, (X, labels), (X_test, _) = features(reviews)
    assert len(set(terms)) == 50 and X.shape == X_test.shape == (100, 50)
    assert labels is reviews.train[1]
    first = reviews.train[0][0].as_py()
    assert X[0].toarray()[0].tolist() == [first.count(term) for term in terms]


def test_models_take_turns_with_another_seed_each(monkeypatch):
    made = []

    class Model:
        def __init__(self, name, seed):
            made.append((name, seed))

        def fit(self, X, y):
            return self

    models = {name: lambda seed, name=name: Model(name, seed) for name in "ab"}
    monkeypatch.setattr(_comparison, "MODELS", models)
    seconds = _comparison.fit_seconds((None, None))
    assert made == [(name, seed) for seed in range(_comparison.REPEATS) for name in "ab"]
    assert list(seconds) == ["a", "b"] and min(seconds.values()) >= 0
