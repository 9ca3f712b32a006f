"""The picture of a fit shows what `history_` and `plan_` hold."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skembed import (
    EmbeddingDNNClassifier,
    EmbeddingRecommender,
    TrainingDisplay,
    VocabularyTransformer,
)
from skembed.datasets import make_reviews, make_watch_histories


@pytest.fixture(scope="module")
def model():
    reviews, liked = make_reviews(600, random_state=0)
    network = EmbeddingDNNClassifier(random_state=0)
    return make_pipeline(VocabularyTransformer(), network).fit(reviews, liked)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def test_the_curve_is_the_history(model):
    display = TrainingDisplay.from_estimator(model)
    assert list(display.lines_) == ["loss"]
    np.testing.assert_array_equal(display.lines_["loss"].get_ydata(), model[-1].history_["loss"])


def test_each_candidate_has_a_dot_and_the_chosen_one_is_filled(model):
    candidates = model[-1].plan_["candidates"]
    assert [c["chosen"] for c in candidates].count(True) == 1
    chosen = next(c for c in candidates if c["chosen"])
    assert chosen["loss"] == model[-1].plan_["loss"]
    dots = TrainingDisplay.from_estimator(model).candidates_ax_.get_lines()
    assert [dot.get_xdata()[0] for dot in dots] == [c["loss"] for c in candidates]
    filled = [dot.get_markerfacecolor() != "none" for dot in dots]
    assert filled == [c["chosen"] for c in candidates]


def test_early_stopping_shows_the_epoch_that_was_kept():
    reviews, liked = make_reviews(600, random_state=0)
    X = VocabularyTransformer().fit_transform(reviews)
    network = EmbeddingDNNClassifier(early_stopping=True, random_state=0).fit(X, liked)
    display = TrainingDisplay.from_estimator(network)
    assert list(display.lines_) == ["loss", "val_loss"] and display.candidates_ax_ is None
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert f"weights kept: epoch {network.best_epoch_}" in labels


def test_given_axes_and_recommenders():
    histories = make_watch_histories(200, random_state=0)
    recommender = EmbeddingRecommender(4, max_epochs=3, early_stopping=True, random_state=0)
    _, ax = plt.subplots()
    display = TrainingDisplay.from_estimator(recommender.fit(histories), ax=ax)
    assert display.ax_ is ax and display.candidates_ax_ is None
    assert list(display.lines_) == ["loss", "val_ndcg"]


def test_estimators_without_a_history():
    with pytest.raises(NotFittedError):
        TrainingDisplay.from_estimator(EmbeddingDNNClassifier())
    with pytest.raises(TypeError, match="LogisticRegression has no attribute history_"):
        TrainingDisplay.from_estimator(LogisticRegression().fit([[0], [1]], [0, 1]))
