"""What the defaults choose from the data."""

import numpy as np
import pytest
import scipy.sparse as sp
from made_rows import random_counts
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skembed import ChunkStream, EmbeddingDNNClassifier, EmbeddingDNNRegressor
from skembed.datasets import make_reviews
from skembed.estimators._fitted import network_of
from skembed.training._plan import EMBEDDING_L2, LINEAR_L2
from skembed.training._run import averaged


@pytest.fixture(scope="module")
def reviews():
    """Binary features (1500, ...) of generated reviews, and labels."""
    from skembed import VocabularyTransformer

    terms, liked = make_reviews(2_500, random_state=0)
    X = VocabularyTransformer(min_frequency=2).fit_transform(terms)
    return X[:1500], liked[:1500], X[1500:], liked[1500:]


@pytest.fixture(scope="module")
def fitted(reviews):
    return EmbeddingDNNClassifier(random_state=0).fit(*reviews[:2])


def test_the_plan_is_the_best_candidate_and_all_rows_train(fitted, reviews):
    plan = fitted.plan_
    assert plan["embedding_init"] in ("log_odds", "random")
    assert fitted.n_epochs_ == plan["n_epochs"]
    n_batches = -(-1500 // 32)
    assert fitted.n_steps_ == n_batches * plan["n_epochs"]  # of all rows, in batches of 32
    assert 0 < plan["loss"] < np.log(2)
    again = clone(fitted).fit(*reviews[:2])
    assert again.plan_ == plan
    assert_array_equal(again.embeddings_, fitted.embeddings_)


def test_defaults_beat_logistic_regression_on_reviews(fitted, reviews):
    X, y, X_test, y_test = reviews
    linear = LogisticRegression(max_iter=1000).fit(X, y)
    ours, theirs = (log_loss(y_test, m.predict_proba(X_test)) for m in (fitted, linear))
    assert ours < theirs


@pytest.mark.parametrize(
    "params",
    [{"max_epochs": 2}, {"max_steps": 3}, {"early_stopping": False}, {"warm_start": True}],
)
def test_nothing_is_chosen_where_the_caller_says_how_long(params, reviews):
    model = EmbeddingDNNClassifier(random_state=0, **params).fit(*reviews[:2])
    assert "loss" not in model.plan_
    assert model.plan_["term_dropout"] == model.plan_["averaging"] == 0
    assert model.n_epochs_ == model.plan_["n_epochs"]


@pytest.mark.parametrize(("n_rows", "judged"), [(29, False), (30, True), (300, True)])
def test_a_few_rows_judge_nothing(n_rows, judged):
    X, y = random_counts(n_rows, 20), np.arange(n_rows) % 2
    model = EmbeddingDNNClassifier(random_state=0).fit(X, y)
    assert ("loss" in model.plan_) is judged
    assert model.plan_["n_epochs"] == model.n_epochs_


@pytest.mark.parametrize("cls", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
def test_every_fit_says_what_it_did(cls):
    X, y = random_counts(120, 6), np.arange(120) % 2
    settings = {"embedding_dim": 2, "hidden_units": (4, 3), "random_state": 0}
    first = {"classes": [0, 1]} if cls is EmbeddingDNNClassifier else {}
    plans = [
        cls(**settings, max_epochs=2).fit(X, y).plan_,
        cls(**settings, max_steps=3).fit(X, y).plan_,
        cls(**settings, early_stopping=True, max_epochs=3).fit(X, y).plan_,
        cls(**settings).fit(ChunkStream(lambda: iter([(X, y)]))).plan_,
        cls(**settings).partial_fit(X, y, **first).plan_,
        cls(**settings, warm_start=True, max_epochs=1).fit(X, y).fit(X, y).plan_,
        cls(**settings, embedding_init=np.ones((6, 2)), max_epochs=1).fit(X, y).plan_,
    ]
    assert all(plan["hidden_units"] == [4, 3] for plan in plans)
    assert [plan["n_epochs"] for plan in plans[:2]] == [2, 1]
    assert ["loss" in plan for plan in plans] == [False, False, True, False, False, False, False]
    inits = {plan["embedding_init"] for plan in plans}
    assert inits == {"log_odds", "random", "vectors of ndarray"}


def test_early_stopping_says_which_epoch_was_kept(reviews):
    model = EmbeddingDNNClassifier(early_stopping=True, max_epochs=4, random_state=0)
    model.fit(*reviews[:2])
    assert model.plan_["n_epochs"] == model.best_epoch_
    assert model.plan_["loss"] == min(model.history_["val_loss"])


def test_names_of_features_can_be_set_and_deleted(reviews):
    X, y, *_ = reviews
    model = EmbeddingDNNClassifier(max_epochs=1, random_state=0).fit(X, y)
    model.feature_names_in_ = np.array([f"term {n}" for n in range(X.shape[1])], dtype=object)
    assert model.feature_names_in_[1] == "term 1"
    del model.feature_names_in_
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize(
    ("given", "written_out"),
    [
        ({}, {"embedding_l2": EMBEDDING_L2, "linear_l2": LINEAR_L2, "learning_rate": 0.004}),
        (
            {"early_stopping": False},
            {"embedding_l2": EMBEDDING_L2, "linear_l2": LINEAR_L2, "learning_rate": 0.002},
        ),
        ({"max_epochs": 7}, {"embedding_l2": 0, "linear_l2": 0, "learning_rate": 0.002}),
        ({"warm_start": True}, {"embedding_l2": 0, "linear_l2": 0, "learning_rate": 0.002}),
        ({"early_stopping": True}, {"embedding_l2": EMBEDDING_L2, "learning_rate": 0.004}),
        ({"optimizer": "sgd"}, {"learning_rate": 0.1}),
    ],
)
def test_what_is_left_open_is_as_if_it_were_written_out(given, written_out, reviews):
    X, y = reviews[0][:200], reviews[1][:200]
    left = EmbeddingDNNClassifier(random_state=0, **given).fit(X, y)
    written = EmbeddingDNNClassifier(random_state=0, **given, **written_out).fit(X, y)
    assert_array_equal(left.predict_proba(X), written.predict_proba(X))
    assert left.plan_ == written.plan_


def test_a_chosen_number_of_epochs_goes_with_larger_steps(fitted, reviews):
    X, y, *_ = reviews
    written = clone(fitted).set_params(learning_rate=0.004).fit(X, y)
    assert_array_equal(written.predict_proba(X), fitted.predict_proba(X))


def test_candidates_take_the_steps_that_all_rows_will():
    X = random_counts(19_000, 30, density=0.2)  # without a tenth of them: steps of 128 rows
    y = (X[:, 0].toarray()[:, 0] > 0).astype(int)
    left = EmbeddingDNNClassifier(n_iter_no_change=1, random_state=0).fit(X, y)
    assert left.plan_["batch_size"] == 512
    assert left.n_steps_ == -(-19_000 // 512) * left.plan_["n_epochs"]
    written = clone(left).set_params(batch_size=512, learning_rate=0.008).fit(X, y)
    assert written.plan_ == left.plan_
    assert_array_equal(written.predict_proba(X), left.predict_proba(X))


@pytest.mark.slow
def test_more_hidden_units_are_taken_where_they_are_better():
    """Each pair of terms has a class of its own, of which the single terms tell nothing."""
    rng = np.random.default_rng(0)
    pairs = np.array([(i, j) for i in range(20) for j in range(i)])
    drawn = rng.integers(len(pairs), size=3000)
    X = sp.csr_matrix(np.eye(20, dtype="f")[pairs[drawn]].sum(axis=1))
    y = rng.integers(20, size=len(pairs))[drawn]
    settings = dict(embedding_init="random", term_dropout=0, random_state=0)
    chosen = EmbeddingDNNClassifier(**settings).fit(X, y)
    assert chosen.plan_["hidden_units"] == chosen.coefs_[0].shape[1] == 256
    narrow = EmbeddingDNNClassifier(**settings, hidden_units=[64]).fit(X, y)
    assert narrow.plan_["hidden_units"] == [64]
    assert chosen.plan_["loss"] < narrow.plan_["loss"]


def test_a_plan_is_that_of_the_last_fit(reviews):
    model = EmbeddingDNNClassifier(random_state=0, term_dropout=0, embedding_init="random")
    assert model.fit(*reviews[:2]).plan_["term_dropout"] == 0
    plan = model.set_params(max_epochs=1, term_dropout=0.5).fit(*reviews[:2]).plan_
    assert plan["term_dropout"] == 0.5 and "loss" not in plan


@pytest.mark.slow
def test_rare_classes_and_label_sets_and_numbers_have_plans():
    X = random_counts(1200, 30, density=0.5)
    rare = (np.arange(1200) % 3).astype(str)
    rare[7] = "once"
    labels = np.stack([np.arange(1200) % 2, X.toarray()[:, 0] > 0], axis=1).astype(int)
    fast = {"n_iter_no_change": 1, "random_state": 0}
    assert "once" in EmbeddingDNNClassifier(**fast).fit(X, rare).classes_
    assert EmbeddingDNNClassifier(**fast).fit(X, labels).plan_["n_epochs"] >= 1
    model = EmbeddingDNNRegressor(**fast).fit(X, X.toarray()[:, :3].sum(1))
    assert model.plan_["loss"] < 0.5  # of targets with variance 1


def test_averaging_is_an_exponential_mean(fitted):
    network = network_of(fitted)
    halves = averaged(averaged(None, network, 0.5), _times(network, 3), 0.5)
    assert_allclose(halves.table, 2 * network.table, rtol=1e-6)
    assert_allclose(halves.biases[0], 2 * network.biases[0], rtol=1e-6)


def _times(network, factor):
    from dataclasses import replace

    return replace(
        network,
        table=factor * network.table,
        kernels=[factor * kernel for kernel in network.kernels],
        biases=[factor * bias for bias in network.biases],
    )
