"""What the defaults choose from the data."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import random_counts
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor
from skembed.datasets import make_reviews
from skembed.estimators._fitted import network_of
from skembed.estimators._parameters import resolve_parameters
from skembed.training._batches import RowLengths
from skembed.training._early_stopping import Race
from skembed.training._optimizers import default_learning_rate
from skembed.training._plan import (
    AVERAGING,
    DROPOUT,
    EMBEDDING_L2,
    LINEAR_L2,
    Plan,
    best,
    candidates,
    fixed_plan,
    for_rows,
    wider,
)
from skembed.training._run import averaged


def asked(**parameters):
    """What a classifier with these parameters asks of a fit."""
    return resolve_parameters(EmbeddingDNNClassifier(**parameters))


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


def test_candidates_keep_what_the_caller_has_set():
    free = candidates(asked())
    assert {(plan.embedding_init, plan.term_dropout) for plan in free} == {
        ("log_odds", 0.3),
        ("log_odds", 0.0),
        ("random", 0.3),
    }
    assert all(plan.averaging == AVERAGING and plan.dropout == DROPOUT for plan in free)
    assert [p.embedding_init for p in candidates(asked(embedding_init="svd"))] == ["svd", "svd"]
    vectors = np.ones((3, 2))
    assert [p.term_dropout for p in candidates(asked(embedding_init=vectors))] == [0.0, 0.3]
    one = candidates(asked(embedding_init="random", term_dropout=0.1, embedding_l2=2.0))
    assert [(p.term_dropout, p.embedding_l2, p.linear_l2) for p in one] == [(0.1, 2.0, 0.12)]


@pytest.mark.parametrize(
    ("losses", "chosen"),
    [
        ((0.5, 0.499, 0.498), 0),
        ((0.5, 0.49, 0.488), 1),
        ((0.5, 0.499, 0.4), 2),
        ((0.5,), 0),
        ((-9.0, -8.95, -9.05), 0),  # of counts, whose loss may be below zero
        ((-9.0, -9.2), 1),
    ],
)
def test_a_later_candidate_must_be_clearly_better(losses, chosen):
    plans, limits = [Plan(n_epochs=number) for number in range(len(losses))], []

    def tried(plan, to_beat):
        limits.append(to_beat)
        return replace(plan, loss=losses[plan.n_epochs])

    assert best(plans, tried).n_epochs == chosen
    assert limits[0] == np.inf
    assert limits == sorted(limits, reverse=True)


@pytest.mark.parametrize(
    ("losses", "ends"),
    [
        ([0.6, 0.59, 0.58, 0.57], False),  # eight more epochs at this rate: 0.49
        ([0.6, 0.599, 0.598, 0.597], True),
        ([0.4, 0.5, 0.6], False),  # too early to tell
        ([0.4, 0.5, 0.6, 0.7], True),
    ],
)
def test_a_race_ends_when_the_present_rate_would_not_do(losses, ends):
    run = SimpleNamespace(history={"val_loss": losses})
    assert Race(0.5).end_epoch(run, lambda: None) == ends
    assert not Race(np.inf).end_epoch(run, lambda: None)


@pytest.mark.parametrize("combiner", ["sqrtn", "mean", "sum"])
@pytest.mark.parametrize("fields", [None, [20, 10]])
def test_row_sizes_tell_what_pooling_hides(combiner, fields):
    """Labels that depend on the number of terms alone, of terms that mean nothing."""
    rng = np.random.default_rng(0)
    X = sp.csr_matrix((rng.random((800, 30)) < rng.uniform(0.1, 0.9, (800, 1))).astype("f"))
    y = (X.sum(axis=1).A1 > 15).astype(int)
    settings = dict(combiner=combiner, fields=fields, linear=False, embedding_init="random")
    model = EmbeddingDNNClassifier(4, row_size=True, max_epochs=40, random_state=0, **settings).fit(
        X[:600], y[:600]
    )
    assert model.score(X[600:], y[600:]) > 0.9
    n_fields = 1 if fields is None else 2
    width = 4 + (combiner != "sum")
    assert model.coefs_[0].shape == (width * n_fields, 64)
    assert model.embeddings_.shape == (30, 4)
    assert model.transform(X).shape == (800, 4 * n_fields)
    keras_model = model.to_keras()
    assert_allclose(
        keras_model.predict(X.toarray(), verbose=0)[:, 0], model.predict_proba(X)[:, 1], atol=1e-5
    )


def test_without_held_out_rows_auto_is_off():
    off = fixed_plan(asked(max_epochs=3), validated=False)
    on = fixed_plan(asked(max_epochs=3), validated=True)
    assert (off.dropout, off.embedding_l2, off.linear_l2, off.averaging) == (0, 0, 0, 0)
    assert (on.dropout, on.term_dropout, on.averaging) == (DROPOUT, 0, 0)
    assert fixed_plan(asked(max_epochs=3, dropout=0.5), validated=False).dropout == 0.5


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
    assert not hasattr(model, "plan_")


def test_little_data_is_not_split():
    X, y = random_counts(300, 20), np.arange(300) % 2
    assert not hasattr(EmbeddingDNNClassifier(random_state=0).fit(X, y), "plan_")


@pytest.mark.parametrize(
    ("given", "written_out"),
    [
        ({}, {"embedding_l2": EMBEDDING_L2, "linear_l2": LINEAR_L2, "learning_rate": 0.002}),
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
    assert not hasattr(left, "plan_")


def test_a_chosen_number_of_epochs_goes_with_larger_steps(fitted, reviews):
    X, y, *_ = reviews
    written = clone(fitted).set_params(learning_rate=0.004).fit(X, y)
    assert_array_equal(written.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize(
    ("n_rows", "mean", "n_outputs", "held_out", "size"),
    [
        (500, 8, 1, True, 32),
        (18_000, 8, 1, True, 128),
        (18_200, 8, 1, True, 512),
        (18_200, 8, 1, False, 256),
        (18_200, 65, 1, True, 256),  # long rows
        (18_200, 8, 3, True, 256),  # more outputs
        (10**6, 65, 1, True, 1024),
        (10**6, 8, 1, True, 1024),
    ],
)
def test_steps_are_larger_where_rows_tell_little(n_rows, mean, n_outputs, held_out, size):
    lengths = RowLengths(n_rows, mean, 0.0, mean)
    plan = Plan(held_out=held_out)
    assert for_rows(plan, asked(), lengths, n_outputs).batch_size == size
    assert for_rows(plan, asked(batch_size=7), lengths, n_outputs).batch_size == 7


@pytest.mark.parametrize(
    ("given", "n_epochs"),
    [
        ({}, 20),  # 10 steps each, 200 in all
        ({"batch_size": 10}, 5),  # at least
        ({"max_epochs": 3}, 3),
        ({"max_steps": 25}, 3),
        ({"max_epochs": 2, "max_steps": 25}, 2),
    ],
)
def test_the_number_of_epochs_is_given_or_follows_from_the_rows(given, n_epochs):
    parameters = asked(**{"batch_size": 100, **given})
    plan = fixed_plan(parameters, validated=False)
    lengths = RowLengths(1_000, 8, 0.0, 8)
    assert for_rows(plan, parameters, lengths, n_outputs=1).n_epochs == n_epochs


@pytest.mark.parametrize(
    ("held_out", "batch_size", "rate"),
    [(False, 512, 0.002), (True, 32, 0.004), (True, 384, 0.006), (True, 4096, 0.008)],
)
def test_larger_steps_have_larger_rates(held_out, batch_size, rate):
    assert default_learning_rate("adam", held_out=held_out, batch_size=batch_size) == rate
    assert default_learning_rate("sgd", held_out=held_out, batch_size=batch_size) == 0.1


def test_candidates_take_the_steps_that_all_rows_will():
    X = random_counts(19_000, 30, density=0.2)  # without a tenth of them: steps of 128 rows
    y = (X[:, 0].toarray()[:, 0] > 0).astype(int)
    left = EmbeddingDNNClassifier(n_iter_no_change=1, random_state=0).fit(X, y)
    assert left.plan_["batch_size"] == 512
    assert left.n_steps_ == -(-19_000 // 512) * left.plan_["n_epochs"]
    written = clone(left).set_params(batch_size=512, learning_rate=0.008).fit(X, y)
    assert written.plan_ == left.plan_
    assert_array_equal(written.predict_proba(X), left.predict_proba(X))


@pytest.mark.parametrize(("n_classes", "is_tried"), [(16, 0), (17, 1), (256, 1), (257, 0)])
def test_more_hidden_units_are_tried_for_many_classes(n_classes, is_tried):
    plan = fixed_plan(asked(), validated=True)
    more = wider(plan, asked(), n_classes)
    assert more == (replace(plan, hidden_units=256) if is_tried else None)
    assert wider(plan, asked(hidden_units=(64,)), n_classes) is None


def test_more_hidden_units_are_taken_where_they_are_better():
    """Each pair of terms has a class of its own, of which the single terms tell nothing."""
    rng = np.random.default_rng(0)
    pairs = np.array([(i, j) for i in range(30) for j in range(i)])
    drawn = rng.integers(len(pairs), size=8000)
    X = sp.csr_matrix(np.eye(30, dtype="f")[pairs[drawn]].sum(axis=1))
    y = rng.integers(20, size=len(pairs))[drawn]
    settings = dict(embedding_init="random", term_dropout=0, random_state=0)
    chosen = EmbeddingDNNClassifier(**settings).fit(X, y)
    assert chosen.plan_["hidden_units"] == chosen.coefs_[0].shape[1] == 256
    narrow = EmbeddingDNNClassifier(**settings, hidden_units=[64]).fit(X, y)
    assert narrow.plan_["hidden_units"] == "given"
    assert chosen.plan_["loss"] < narrow.plan_["loss"]


def test_a_plan_is_forgotten_by_a_fit_without_one(reviews):
    model = EmbeddingDNNClassifier(random_state=0, term_dropout=0, embedding_init="random")
    assert model.fit(*reviews[:2]).plan_["term_dropout"] == 0
    assert not hasattr(model.set_params(max_epochs=1).fit(*reviews[:2]), "plan_")


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


# The linear part, and what the table starts from.


def test_the_linear_part_alone_is_logistic_regression():
    X = random_counts(500, 12, density=0.9).astype(np.float64)
    y = (X.toarray()[:, 0] + np.random.default_rng(0).integers(0, 3, 500) > 2).astype(int)
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
        max_epochs=4000,
        random_state=0,
    ).fit(X, y)
    linear = LogisticRegression(C=1.0, tol=1e-8).fit(X, y)
    assert not model.embeddings_.any()
    assert_allclose(model.linear_coef_, linear.coef_, atol=1e-3)
    assert_allclose(model.predict_proba(X), linear.predict_proba(X), atol=1e-3)


@pytest.mark.parametrize("cls", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
def test_the_linear_part_is_optional(cls):
    X, y = random_counts(60, 8), np.arange(60) % 2
    without = cls(linear=False, max_epochs=2, random_state=0).fit(X, y)
    assert without.linear_coef_.shape == (0, 8)
    assert cls(max_epochs=2, random_state=0).fit(X, y).linear_coef_.shape == (1, 8)


def test_many_outputs_have_no_linear_part_unless_asked_for():
    X, y = random_counts(600, 8), np.arange(600) % 300
    assert len(EmbeddingDNNClassifier(max_epochs=1).fit(X, y).linear_coef_) == 0
    assert len(EmbeddingDNNClassifier(max_epochs=1, linear=True).fit(X, y).linear_coef_) == 300


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
        ({"embedding_init": np.ones((3, 2))}, "a row for each of the 5 features"),
        ({"embedding_init": {"a": [1.0]}}, "pass feature_names"),
        ({"embedding_init": {"a": [1.0]}, "feature_names": ["b"]}, "has 1 names, but X has 5"),
        ({"embedding_init": {"a": [1.0]}, "feature_names": list("vwxyz")}, "for none of the"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        EmbeddingDNNClassifier(max_epochs=1, **params).fit(random_counts(20, 5), [0, 1] * 10)


def test_going_on_with_another_architecture_is_refused():
    X, y = random_counts(60, 8), np.arange(60) % 2
    model = EmbeddingDNNClassifier(4, warm_start=True, max_epochs=1, random_state=0).fit(X, y)
    before = model.embeddings_.copy()
    for change in ({"hidden_units": (3,)}, {"embedding_dim": 5}):
        with pytest.raises(ValueError, match="cannot go on"):
            model.set_params(**change).fit(X, y)
        model.set_params(hidden_units=(64,), embedding_dim=4)
    assert_array_equal(model.embeddings_, before)
