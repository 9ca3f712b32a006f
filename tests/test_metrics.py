import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skembed import EmbeddingDNNClassifier
from skembed.metrics import average_precision_interpolated, evaluate

KEYS = [
    "accuracy",
    "accuracy_baseline",
    "auc",
    "auc_precision_recall",
    "average_loss",
    "global_step",
    "label/mean",
    "loss",
    "precision",
    "prediction/mean",
    "recall",
]


@pytest.fixture(scope="module")
def data():
    return make_classification(210, weights=[0.3], random_state=0)


def test_the_lessons_eleven_keys_and_their_meanings(data):
    X, y = data
    model = LogisticRegression().fit(X, y)
    values = evaluate(model, X, y)
    p = model.predict_proba(X)[:, 1]
    assert sorted(values) == KEYS
    assert all(type(value) is float for value in values.values())
    assert_allclose(values["accuracy_baseline"], max(y.mean(), 1 - y.mean()))
    assert_allclose(values["average_loss"], log_loss(y, p))
    assert_allclose(values["prediction/mean"], p.mean())
    # 210 rows are 9 batches: the mean of their sums is 210 / 9 mean losses
    assert_allclose(values["loss"], log_loss(y, p) * 210 / 9)
    assert_allclose(evaluate(model, X, y, batch_size=210)["loss"], log_loss(y, p) * 210)
    true_positives = ((p > 0.5) & (y == 1)).sum()
    assert_allclose(values["precision"], true_positives / (p > 0.5).sum())
    assert_allclose(values["recall"], true_positives / (y == 1).sum())
    assert values["global_step"] == 0


def test_as_a_scorer(data):
    scores = cross_validate(LogisticRegression(), *data, scoring=evaluate, cv=3)
    assert {f"test_{key}" for key in KEYS} <= set(scores)
    search = GridSearchCV(LogisticRegression(), {"C": [0.01, 1]}, scoring=evaluate, refit="auc")
    assert search.fit(*data).best_score_ == max(search.cv_results_["mean_test_auc"])


def test_global_step_and_string_labels(data):
    X, y = data
    y = np.where(y == 1, "yes", "no")
    model = EmbeddingDNNClassifier(max_steps=9, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model).fit(X, y)
    assert evaluate(pipeline, X, y)["global_step"] == 9
    assert evaluate(pipeline, X, y)["label/mean"] == (y == "yes").mean()


def test_interpolated_precision_recall():
    # one positive among the first two of three predicted: by hand, precision is 1/2 all along
    assert_allclose(average_precision_interpolated([1, 0, 0], [1, 1, 0]), 0.5)
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 5000)
    score = rng.normal(size=5000) + y
    assert_allclose(
        average_precision_interpolated(y, score), average_precision_score(y, score), atol=2e-4
    )
    coarse = average_precision_interpolated(y, np.round(score))
    assert_allclose(coarse, average_precision_interpolated(y, score), atol=0.05)


def test_never_predicting_the_positive_label_is_legal(data):
    X, y = data
    y = 1 - y
    values = evaluate(DummyClassifier(strategy="prior").fit(X, y), X, y)
    assert values["precision"] == values["recall"] == 0
    assert values["auc"] == 0.5
    assert_allclose(values["auc_precision_recall"], y.mean())


def test_errors(data):
    X, y = data
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="has 3 classes"):
        evaluate(LogisticRegression().fit(X, np.arange(210) % 3), X, y)
    with pytest.raises(ValueError, match="label 7"):
        evaluate(model, X, np.where(y == 1, 7, 0))
    with pytest.raises(ValueError, match="only one distinct label"):
        evaluate(model, X, np.zeros(210, int))
    with pytest.raises(ValueError, match="batch_size"):
        evaluate(model, X, y, batch_size=0)
    with pytest.raises(ValueError, match="no positive"):
        average_precision_interpolated([0, 0], [1, 2])
