"""Rows without a label: -1 as scikit-learn has it; they help, or are left out with a warning."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from skembed import EmbeddingDNNClassifier, VocabularyTransformer, load, save

N_TERMS = 600


def topics(n_rows, seed=0, n_topics=2):
    """Rows of twelve of the 300 terms of a topic; with few labels most terms of a row are new."""
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, n_topics, n_rows)
    size = N_TERMS // n_topics
    # a quarter of the terms are those of any topic
    own = rng.random((n_rows, 12)) < 0.75
    drawn = (rng.random((n_rows, 12)) ** 1.5 * size).astype(int)
    of_topic = np.where(own, topic[:, None], rng.integers(0, n_topics, (n_rows, 12)))
    terms = drawn + size * of_topic
    X = sp.csr_matrix(
        (np.ones(terms.size, np.float32), terms.ravel(), np.arange(n_rows + 1) * 12),
        shape=(n_rows, N_TERMS),
    )
    X.sum_duplicates()
    X.data[:] = 1
    return X, topic


@pytest.fixture(scope="module")
def data():
    X, y = topics(3_000)
    return X, y, np.where(np.arange(3_000) < 60, y, -1)


@pytest.fixture(scope="module")
def fitted(data):
    X, _, y = data
    return EmbeddingDNNClassifier(unlabeled=True, random_state=0).fit(X, y)


def test_they_help(fitted, data):
    X, y, _ = data
    alone = EmbeddingDNNClassifier(random_state=0).fit(X[:60], y[:60])
    test, expected = topics(2_000, seed=1)
    losses = [log_loss(expected, model.predict_proba(test)) for model in (fitted, alone)]
    assert losses[0] < 0.8 * losses[1]
    assert fitted.plan_["latent_share"] > 0.3
    assert "latent_share" not in alone.plan_
    assert_array_equal(fitted.classes_, [0, 1])


@pytest.mark.parametrize("n_labeled", [12, 40, 400])
def test_many_classes_are_told_apart_by_few_labels(n_labeled):
    X, y = topics(3_000, n_topics=5)
    marked = np.where(np.arange(3_000) < n_labeled, y, -1)
    assert len(np.unique(marked)) == 6
    model = EmbeddingDNNClassifier(unlabeled=True, random_state=0).fit(X, marked)
    test, expected = topics(2_000, seed=1, n_topics=5)
    alone = EmbeddingDNNClassifier(random_state=0).fit(X[:n_labeled], y[:n_labeled])
    losses = [log_loss(expected, m.predict_proba(test)) for m in (model, alone)]
    assert losses[0] < losses[1]


def test_terms_that_only_rows_without_a_label_have_get_weights(fitted, data):
    X, _, _ = data
    new = np.diff(X[:60].tocsc().indptr) == 0
    assert new.sum() > 50
    assert (fitted.linear_coef_[0, new] != 0).mean() > 0.9


def test_labels_that_say_nothing_are_predicted_by_their_share():
    X, _ = topics(3_000)
    losses = []
    for seed in range(5):
        y = (np.random.default_rng(seed).random(3_000) < 0.3).astype(int)
        marked = np.where(np.arange(3_000) < 200, y, -1)
        model = EmbeddingDNNClassifier(unlabeled=True, random_state=seed).fit(X, marked)
        prior = np.full((2_800, 2), [0.7, 0.3])
        losses.append(log_loss(y[200:], model.predict_proba(X[200:])) - log_loss(y[200:], prior))
    assert np.mean(losses) < 0.02


def test_two_fits_have_the_same_bits_and_so_have_copies(fitted, data, tmp_path):
    X, _, y = data
    again = clone(fitted).fit(X, y)
    assert_array_equal(fitted.predict_proba(X), again.predict_proba(X))
    save(fitted, tmp_path / "model.skembed")
    loaded = load(tmp_path / "model.skembed")
    assert loaded.unlabeled is True
    assert_array_equal(fitted.predict_proba(X), loaded.predict_proba(X))


def test_a_fit_goes_on_from_what_they_told(fitted, data):
    X, y, _ = data
    model = clone(fitted).fit(X, data[2])
    before = model.linear_coef_.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.partial_fit(X[:100], y[:100])
    moved = np.abs(model.linear_coef_ - before).max()
    assert 0 < moved < np.abs(before).max()


def test_rows_of_several_fields_and_numbers_can_be_without_a_label(data):
    X, y, marked = data
    numbers = sp.csr_matrix(np.random.default_rng(0).normal(size=(len(y), 2)), dtype=np.float32)
    fields = np.concatenate([np.arange(N_TERMS) // 300, [-1, -1]])
    model = EmbeddingDNNClassifier(
        fields=fields, unlabeled=True, target_statistics=False, random_state=0
    ).fit(sp.hstack([X, numbers]).tocsr(), marked)
    assert model.score(sp.hstack([X, numbers]).tocsr(), y) > 0.85


def test_a_pipeline_of_texts_learns_from_them():
    words = np.array([f"w{i}" for i in range(N_TERMS)])
    X, y = topics(1_500)
    texts = [" ".join(words[X[row].indices]) for row in range(1_500)]
    marked = np.where(np.arange(1_500) < 40, y, -1)
    model = make_pipeline(
        VocabularyTransformer(), EmbeddingDNNClassifier(unlabeled=True, random_state=0)
    ).fit([text.split() for text in texts], marked)
    assert model.score([text.split() for text in texts[40:]], y[40:]) > 0.85


# What -1 stands for


@pytest.mark.parametrize("kind", [np.int64, np.float32, np.int8])
def test_most_rows_of_minus_one_are_taken_as_rows_without_a_label(data, kind):
    X, y, marked = data
    model = EmbeddingDNNClassifier(random_state=0)
    with pytest.warns(UserWarning, match="2,940 of the 3,000 rows have the label -1.*unlabeled"):
        model.fit(X, marked.astype(kind))
    assert_array_equal(model.classes_, [0, 1])


def test_some_rows_of_minus_one_are_a_class():
    X, y = topics(300, n_topics=3)
    model = EmbeddingDNNClassifier(max_epochs=2, random_state=0)
    with pytest.warns(UserWarning, match="-1 beside classes from 0 on; it is taken as a class"):
        model.fit(X, y - 1)
    assert_array_equal(model.classes_, [-1, 0, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(unlabeled=False).fit(X, y - 1)
    assert_array_equal(model.classes_, [-1, 0, 1])


@pytest.mark.parametrize(
    "labels", [[-1, 1], [-2, -1, 0, 1], ["-1", "0", "1"], [-3, -1, 0], [-1, 3]]
)
def test_other_classes_are_no_cause_for_doubt(labels):
    X, y = topics(300, n_topics=len(labels))
    y = np.array(labels)[np.where(np.arange(300) < 200, 0, y)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = EmbeddingDNNClassifier(max_epochs=2, random_state=0).fit(X, y)
    assert len(model.classes_) == len(labels)


def test_announced_classes_may_be_minus_one():
    X, y = topics(90, n_topics=3)
    model = EmbeddingDNNClassifier(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.partial_fit(X, np.where(y == 2, 1, -1), classes=[-1, 0, 1])
    assert_array_equal(model.classes_, [-1, 0, 1])


def test_no_label_at_all_is_an_error(fitted, data):
    X, _, _ = data
    model = clone(fitted)
    with pytest.raises(ValueError, match="All rows of y have the label -1"):
        model.fit(X, np.full(len(X.indptr) - 1, -1))
    assert not hasattr(model, "classes_")


def test_one_class_is_an_error(fitted, data):
    X, _, marked = data
    with pytest.raises(ValueError, match="at least 2 classes"):
        clone(fitted).fit(X, np.where(marked == 0, -1, marked))


@pytest.mark.parametrize(
    ("parameters", "n_labeled", "reason"),
    [
        ({"max_epochs": 1}, 60, "only fits that compare candidates"),
        ({"early_stopping": True}, 60, "only fits that compare candidates"),
        ({"early_stopping": False}, 60, "only fits that compare candidates"),
        ({"linear": False}, 60, "linear is False"),
        ({}, 8, "at least 10 rows"),
    ],
)
def test_fits_that_cannot_learn_from_them_say_so(data, parameters, n_labeled, reason):
    X, y, _ = data
    marked = np.where(np.arange(len(y)) < n_labeled, y, -1)
    model = EmbeddingDNNClassifier(unlabeled=True, random_state=0, **parameters)
    with pytest.warns(UserWarning, match=reason):
        model.fit(X, marked)
    alone = clone(model).fit(X[:n_labeled], y[:n_labeled])
    assert_array_equal(model.predict_proba(X), alone.predict_proba(X))


def test_rows_for_early_stopping_leave_them_out(data):
    X, y, marked = data
    with pytest.warns(UserWarning, match="without X_val"):
        EmbeddingDNNClassifier(unlabeled=True, random_state=0).fit(
            X, marked, X_val=X[60:90], y_val=y[60:90]
        )


def test_weights_of_labelled_rows_count(data):
    X, y, marked = data
    wrong = marked.copy()
    wrong[:20] = 1 - y[:20]
    weights = np.ones(len(y))
    weights[:20] = 1e-6
    model = EmbeddingDNNClassifier(unlabeled=True, random_state=0).fit(X, wrong, weights)
    assert model.score(X[60:], y[60:]) > 0.8


def test_vectors_that_were_given_help_few_labels(data):
    from skembed import TermEmbeddings

    X, y, _ = data
    names = [f"w{i}" for i in range(N_TERMS)]
    given = TermEmbeddings.from_cooccurrence(X, names, 10, random_state=0)
    test, expected = topics(2_000, seed=1)
    losses = []
    for init in (given, "auto"):
        model = EmbeddingDNNClassifier(
            embedding_init=init, feature_names=names, random_state=0
        ).fit(X[:60], y[:60])
        losses.append(log_loss(expected, model.predict_proba(test)))
    assert losses[0] < 0.8 * losses[1]


def test_vectors_that_say_nothing_do_no_harm(data):
    X, y, _ = data
    given = np.random.default_rng(0).normal(size=(N_TERMS, 20)) * 5
    test, expected = topics(2_000, seed=1)
    losses = [
        log_loss(
            expected,
            EmbeddingDNNClassifier(embedding_init=init, random_state=0)
            .fit(X[:1_000], y[:1_000])
            .predict_proba(test),
        )
        for init in (given, "auto")
    ]
    assert losses[0] < losses[1] + 0.01


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_vectors_that_were_given_help_numbers(loss):
    from skembed import EmbeddingDNNRegressor

    X, topic = topics(3_000)
    rng = np.random.default_rng(0)
    y = (
        rng.poisson(2 + 6 * topic)
        if loss == "poisson"
        else 50 + 20 * topic + rng.normal(size=3_000)
    )
    given = np.repeat([[1.0, 0.2], [-1.0, 0.2]], 300, axis=0) + rng.normal(size=(N_TERMS, 2)) * 0.3
    test = slice(1_000, None)
    scores = []
    for init in (given, "auto"):
        model = EmbeddingDNNRegressor(embedding_init=init, loss=loss, random_state=0)
        model.fit(X[:80], y[:80])
        scores.append(model.score(X[test], y[test]))
    assert scores[0] > scores[1] + 0.02


def test_vectors_that_were_given_help_label_sets():
    X, topic = topics(3_000, n_topics=3)
    Y = np.eye(3, dtype=int)[topic] | (np.random.default_rng(0).random((3_000, 3)) < 0.1)
    rng = np.random.default_rng(1)
    given = np.repeat(np.eye(3), 200, axis=0) + rng.normal(size=(N_TERMS, 3)) * 0.3
    losses = []
    for init in (given, "auto"):
        model = EmbeddingDNNClassifier(embedding_init=init, random_state=0).fit(X[:80], Y[:80])
        P = np.clip(model.predict_proba(X[1_000:]), 1e-7, 1 - 1e-7)
        T = Y[1_000:]
        losses.append(-(T * np.log(P) + (1 - T) * np.log(1 - P)).mean())
    assert losses[0] < losses[1] - 0.02


@pytest.mark.parametrize("given", ["rows without a label", "vectors"])
def test_classes_too_many_for_a_linear_part_are_fitted_without_it(given):
    n_classes = 260
    rng = np.random.default_rng(0)
    y = np.arange(4 * n_classes) % n_classes
    X = sp.csr_matrix(
        (
            np.ones(len(y) * 2, np.float32),
            np.column_stack([y, n_classes + y // 4]).ravel(),
            np.arange(len(y) + 1) * 2,
        ),
        shape=(len(y), 2 * n_classes),
    )
    model = EmbeddingDNNClassifier(random_state=0, fields=None)
    if given == "vectors":
        model.set_params(embedding_init=rng.normal(size=(2 * n_classes, 5)))
        assert len(model.fit(X, y).classes_) == n_classes
        return
    model.set_params(unlabeled=True)
    with pytest.warns(UserWarning, match="no linear part unless linear is True"):
        model.fit(X, np.where(np.arange(len(y)) < 2 * n_classes, y, -1))
    assert len(model.classes_) == n_classes


def test_strings_and_minus_one_are_labels_and_none(data):
    X, y, marked = data
    names = [["bad", "good"][label] if label >= 0 else -1 for label in marked]
    model = EmbeddingDNNClassifier(unlabeled=True, random_state=0).fit(X, names)
    assert_array_equal(model.classes_, ["bad", "good"])
    assert model.score(X, np.array(["bad", "good"])[y]) > 0.85


def test_fits_that_go_on_leave_them_out(data):
    X, y, marked = data
    model = EmbeddingDNNClassifier(unlabeled=True, warm_start=True, max_epochs=1, random_state=0)
    for _ in range(2):
        with pytest.warns(UserWarning, match="2,940 rows without a label are left out"):
            model.fit(X, marked)
    with pytest.warns(UserWarning, match="left out, as partial_fit learns from labels only"):
        model.partial_fit(X, marked)
    assert_array_equal(model.classes_, [0, 1])
