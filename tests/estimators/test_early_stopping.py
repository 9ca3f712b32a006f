"""Rows held out, or brought by the caller: when training ends and which weights stay."""

from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
import small_estimators
from made_rows import random_counts
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss, mean_squared_error

from skembed import ChunkStream, EmbeddingDNNClassifier, EmbeddingDNNRegressor
from skembed.training._class_targets import ClassificationTask
from skembed.training._held_out import hold_out
from skembed.training._plan import MAX_EPOCHS

PLAIN = dict(dropout=0.0, embedding_l2=0.0, linear_l2=0.0, embedding_init="random")
small = partial(small_estimators.small, max_epochs=100, **PLAIN)


@pytest.fixture(scope="module")
def halves(binary_problem):
    X, y = binary_problem
    return X[:200], y[:200], X[200:], y[200:]


@pytest.fixture(scope="module")
def stopped(halves):
    X, y, X_val, y_val = halves
    return small().fit(X, y, X_val=X_val, y_val=y_val)


def test_training_ends_when_the_loss_rises(stopped):
    losses = stopped.history_["val_loss"]
    assert len(losses) == len(stopped.history_["loss"]) == stopped.n_epochs_ < 100
    assert stopped.best_epoch_ == 1 + np.argmin(losses)
    assert min(losses[-3:]) > min(losses) - stopped.tol


def test_the_best_weights_are_kept(stopped, halves):
    X, y, X_val, y_val = halves
    loss = log_loss(y_val, stopped.predict_proba(X_val))
    assert_allclose(loss, min(stopped.history_["val_loss"]), rtol=1e-5)
    shorter = small(max_epochs=stopped.best_epoch_).fit(X, y)
    assert_array_equal(stopped.embeddings_, shorter.embeddings_)
    assert_array_equal(stopped.predict_proba(X_val), shorter.predict_proba(X_val))


def test_each_loss_is_that_of_a_fit_that_ends_there(stopped, halves):
    X, y, X_val, y_val = halves
    for n_epochs in (1, 3):
        model = small(max_epochs=n_epochs).fit(X, y)
        loss = log_loss(y_val, model.predict_proba(X_val))
        assert_allclose(loss, stopped.history_["val_loss"][n_epochs - 1], rtol=1e-5)


@pytest.mark.parametrize("patience", [1, 4])
def test_patience_and_tolerance(patience, halves):
    X, y, X_val, y_val = halves
    model = small(n_iter_no_change=patience, tol=100.0).fit(X, y, X_val=X_val, y_val=y_val)
    assert model.n_epochs_ == 1 + patience  # the first improves on nothing at all


def test_max_epochs_still_holds(halves):
    X, y, X_val, y_val = halves
    model = small(max_epochs=2).fit(X, y, X_val=X_val, y_val=y_val)
    assert model.n_epochs_ == 2


def test_max_steps_within_an_epoch_is_validated_too(halves):
    X, y, X_val, y_val = halves
    model = small(batch_size=64, max_steps=6, max_epochs=None)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    assert model.n_steps_ == 6
    assert len(model.history_["val_loss"]) == 2


@pytest.mark.parametrize("cls", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
def test_rows_are_held_out_on_request(cls, binary_problem):
    X, y = binary_problem
    model = small(cls, early_stopping=True, validation_fraction=0.25).fit(X, y)
    assert model.n_epochs_ == len(model.history_["val_loss"])
    assert model.n_steps_ == 2 * model.n_epochs_  # 300 rows
    again = small(cls, early_stopping=True, validation_fraction=0.25).fit(X, y)
    assert_array_equal(model.embeddings_, again.embeddings_)
    other = small(cls, early_stopping=True, validation_fraction=0.25, random_state=1).fit(X, y)
    assert model.history_["val_loss"] != other.history_["val_loss"]


def test_each_class_has_its_share_of_the_rows_held_out(binary_problem):
    X, _ = binary_problem
    y = np.repeat(["rare", "common"], [20, 380])
    part = X.astype(np.float32), y, np.ones(400, np.float32)
    (_, train, _), (_, held, _) = hold_out(part, ClassificationTask(), 0.1, seed=0)
    assert (held == "rare").sum() == 2
    assert (train == "rare").sum() == 18
    assert small(early_stopping=True, max_epochs=1).fit(X, y).classes_.tolist() == [
        "common",
        "rare",
    ]


def test_classes_too_small_to_divide_are_held_out_at_random(binary_problem):
    X, _ = binary_problem
    y = np.append(["once"], np.repeat(["no", "yes"], [200, 199]))
    part = X, y, np.ones(400, np.float32)
    (_, train, _), (_, held, _) = hold_out(part, ClassificationTask(), 0.1, seed=0)
    assert (len(train), len(held)) == (360, 40)
    assert sorted([*train, *held]) == sorted(y)


def test_string_labels_and_several_classes(halves):
    X, _, X_val, _ = halves
    y, y_val = (
        np.array(["ant", "bee", "cow"])[part.toarray()[:, :3].argmax(1)] for part in (X, X_val)
    )
    model = small().fit(X, y, X_val=X_val, y_val=y_val)
    loss = log_loss(y_val, model.predict_proba(X_val))
    assert_allclose(loss, min(model.history_["val_loss"]), rtol=1e-5)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson"])
def test_numbers(loss, halves):
    X, _, X_val, _ = halves
    y, y_val = (part.toarray()[:, :5].sum(1) + 1 for part in (X, X_val))
    model = small(EmbeddingDNNRegressor, loss=loss, max_epochs=200)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    predictions, scale = model.predict(X_val), y.std()
    expected = {
        "squared_error": lambda: mean_squared_error(y_val, predictions) / scale**2,
        "absolute_error": lambda: np.abs(y_val - predictions).mean() / scale,
        "poisson": lambda: (predictions - y_val * np.log(predictions)).mean(),
    }[loss]
    assert_allclose(expected(), min(model.history_["val_loss"]), rtol=1e-4)


def test_class_weights_weigh_the_validation_rows_too(halves):
    X, y, X_val, y_val = halves
    weights = {0: 1.0, 1: 5.0}
    model = small(class_weight=weights).fit(X, y, X_val=X_val, y_val=y_val)
    per_row = [weights[label] for label in y_val]
    loss = log_loss(y_val, model.predict_proba(X_val), sample_weight=per_row)
    assert_allclose(loss, min(model.history_["val_loss"]), rtol=1e-5)


def test_dense_validation_rows_do_as_sparse_ones(stopped, halves):
    X, y, X_val, y_val = halves
    model = small().fit(X, y, X_val=X_val.toarray(), y_val=y_val.tolist())
    assert model.history_ == stopped.history_


def test_a_stream_takes_validation_rows(halves, stopped):
    X, y, X_val, y_val = halves
    stream = ChunkStream(lambda: [(X, y)])
    assert small().fit(stream, X_val=X_val, y_val=y_val).history_ == stopped.history_
    with pytest.raises(ValueError, match="needs validation rows; pass X_val and y_val"):
        small(early_stopping=True).fit(stream)


def test_columns_that_only_validation_rows_have_count_for_nothing(halves, stopped):
    X, y, X_val, y_val = halves
    extra = sp.csr_matrix(np.ones((200, 1), np.float32))
    none = sp.csr_matrix((200, 1), dtype=np.float32)
    model = small().fit(
        sp.hstack([X, none]).tocsr(), y, X_val=sp.hstack([X_val, extra]).tocsr(), y_val=y_val
    )
    assert_allclose(model.history_["val_loss"], stopped.history_["val_loss"], rtol=1e-6)


def test_going_on_keeps_a_history_of_both(halves):
    X, y, X_val, y_val = halves
    model = small(warm_start=True, max_epochs=2)
    model.fit(X, y, X_val=X_val, y_val=y_val).fit(X, y, X_val=X_val, y_val=y_val)
    assert len(model.history_["val_loss"]) == len(model.history_["loss"]) == model.n_epochs_ == 4
    loss = log_loss(y_val, model.predict_proba(X_val))
    assert_allclose(loss, min(model.history_["val_loss"][2:]), rtol=1e-5)


def test_a_fit_without_it_has_no_best_epoch(halves):
    X, y, X_val, y_val = halves
    model = small(max_epochs=2).fit(X, y, X_val=X_val, y_val=y_val)
    assert hasattr(model, "best_epoch_")
    assert not hasattr(model.fit(X, y), "best_epoch_")
    assert set(model.history_) == {"loss"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_val": None}, "Pass X_val and y_val together, or neither"),
        ({"X_val": None}, "Pass X_val and y_val together, or neither"),
        ({"X_val": np.ones((200, 31))}, "X has 31 features.*expecting 30 features"),
        ({"X_val": np.full((200, 30), np.nan)}, "contains NaN in row 0, column 0"),
        ({"y_val": np.ones(3)}, "inconsistent numbers of samples"),
        (
            {"y_val": np.full(200, 7)},
            r"All 200 rows of y_val have classes that do not occur in y, such as 7",
        ),
    ],
)
def test_wrong_validation_rows_are_named(changes, message, stopped, halves):
    X, y, X_val, y_val = halves
    model = small().fit(X, y, X_val=X_val, y_val=y_val)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, **{"X_val": X_val, "y_val": y_val, **changes})
    assert_array_equal(model.predict_proba(X), stopped.predict_proba(X))


def test_epochs_are_left_to_early_stopping():
    """Without max_epochs training goes on while the loss of the rows held out falls."""
    X = random_counts(400, 30, density=0.3)
    y = (X.toarray()[:, :3].sum(axis=1) > 1).astype(int)
    settings = dict(early_stopping=True, learning_rate=1e-3, batch_size=4, random_state=0)
    model = EmbeddingDNNClassifier(4, **settings).fit(X, y)
    losses = model.history_["val_loss"]
    assert 5 < model.best_epoch_ <= model.n_epochs_ < MAX_EPOCHS
    assert model.best_epoch_ == int(np.argmin(losses)) + 1
    validated = EmbeddingDNNClassifier(4, **{**settings, "early_stopping": "auto"})
    assert validated.fit(X[:360], y[:360], X_val=X[360:], y_val=y[360:]).n_epochs_ > 5
    assert model.set_params(max_epochs=3).fit(X, y).n_epochs_ == 3
    assert model.set_params(max_epochs=None, max_steps=5).fit(X, y).n_steps_ == 5


@pytest.mark.parametrize("off", [False, np.False_])
@pytest.mark.parametrize("cls", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
def test_without_early_stopping_validation_rows_are_only_watched(cls, off, halves):
    X, y, X_val, y_val = halves
    model = small(cls, early_stopping=off, max_epochs=12, n_iter_no_change=1, tol=100.0)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    plain = small(cls, early_stopping=off, max_epochs=12).fit(X, y)
    assert model.n_epochs_ == len(model.history_["val_loss"]) == 12
    assert model.history_["loss"] == plain.history_["loss"]
    assert_array_equal(model.embeddings_, plain.embeddings_)
    assert not hasattr(model, "best_epoch_")


def test_without_early_stopping_the_number_of_epochs_is_that_of_a_plain_fit(halves):
    X, y, X_val, y_val = halves
    settings = dict(early_stopping=False, random_state=0, batch_size=256)
    plain = EmbeddingDNNClassifier(4, **settings).fit(X, y)
    watched = EmbeddingDNNClassifier(4, **settings).fit(X, y, X_val=X_val, y_val=y_val)
    assert watched.n_epochs_ == plain.n_epochs_
    assert_array_equal(watched.embeddings_, plain.embeddings_)


def test_a_stream_watches_validation_rows_without_early_stopping(halves):
    X, y, X_val, y_val = halves
    stream = ChunkStream(lambda: [(X, y)])
    settings = dict(early_stopping=False, max_epochs=6, n_iter_no_change=1, tol=100.0)
    model = small(**settings).fit(stream, X_val=X_val, y_val=y_val)
    assert model.n_epochs_ == len(model.history_["val_loss"]) == 6
    assert_array_equal(model.embeddings_, small(**settings).fit(stream).embeddings_)


def test_early_stopping_may_be_a_boolean_of_numpy(binary_problem):
    X, y = binary_problem
    model = small(early_stopping=np.True_, max_epochs=3).fit(X, y)
    assert len(model.history_["val_loss"]) == 3
