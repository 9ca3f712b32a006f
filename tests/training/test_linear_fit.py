"""The linear model beside a network: its weights are those of scikit-learn's linear models."""

from dataclasses import replace
from threading import Event

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.metrics import log_loss

from skembed.network._pooling import Pooling
from skembed.training._class_targets import ClassificationTask
from skembed.training._linear_fit import MAX_STEPS
from skembed.training._linear_path import (
    LOG_RATIOS,
    PLAIN,
    LinearRows,
    LinearSolver,
    affordable_kinds,
    choose_penalties,
    linear_model,
)
from skembed.training._run import RunCancelled
from skembed.training._sources import array_source
from skembed.training._value_targets import RegressionTask

N_ROWS, N_COLUMNS = 400, 15


def made(seed=0):
    """Rows with two columns that have no entries, their scores, and weights of the rows."""
    rng = np.random.default_rng(seed)
    X = sp.random(N_ROWS, N_COLUMNS, 0.3, "csr", random_state=seed, dtype=np.float64)
    X = (X @ sp.diags((np.arange(N_COLUMNS) % 8 != 3).astype(float))).tocsr()
    X.eliminate_zeros()
    scores = X @ rng.normal(size=(N_COLUMNS, 3)) * 3 + rng.normal(size=(N_ROWS, 3))
    return X, scores, rng.integers(1, 4, N_ROWS).astype(float)


def fitted(X, y, weights, task, penalty):
    """Weights (n_outputs, n_features) and intercepts of the model, and the targets."""
    _, targets = array_source((X, y, weights), task, Pooling("sum"))
    model, intercept = linear_model((X, y, weights), targets, penalty)
    return model.table.whole().T, intercept, targets


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classes_have_the_weights_of_logistic_regression(n_classes):
    X, scores, weights = made()
    y = (scores[:, 0] > 0).astype(int) if n_classes == 2 else scores.argmax(axis=1)
    coef, intercept, targets = fitted(X, y, weights, ClassificationTask(), 2.0)
    # the weights of the rows are 1 on average
    known = LogisticRegression(C=0.5, tol=1e-8, max_iter=1000)
    known.fit(X, y, targets.weights(y, weights))
    assert_allclose(coef, known.coef_, atol=0.02)
    difference = intercept - known.intercept_  # classes may share an offset
    assert_allclose(difference, difference.mean(), atol=0.02)
    assert (coef[:, [3, 11]] == 0).all()


def test_label_sets_have_a_logistic_regression_each():
    X, scores, weights = made()
    Y = (scores > 0).astype(int)
    coef, intercept, targets = fitted(X, Y, weights, ClassificationTask(), 2.0)
    for label in range(3):
        known = LogisticRegression(C=0.5, tol=1e-8, max_iter=1000)
        known.fit(X, Y[:, label], targets.weights(Y, weights))
        assert_allclose(coef[label], known.coef_[0], atol=0.02)
        assert_allclose(intercept[label], known.intercept_[0], atol=0.02)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_numbers_have_the_weights_of_ridge_regression(loss):
    X, scores, weights = made()
    y = scores[:, :2] * 10 + 3
    coef, intercept, targets = fitted(X, y, weights, RegressionTask(loss), 1.5)
    encoded = targets.encode(y, X.dtype)
    # the loss is the mean over two outputs, the penalty half of a sum of squares
    known = Ridge(alpha=1.5).fit(X, encoded, targets.weights(y, weights))
    assert_allclose(coef, known.coef_, atol=0.01)
    assert_allclose(intercept, known.intercept_, atol=0.01)


def test_counts_have_the_weights_of_poisson_regression():
    X, scores, weights = made()
    y = np.random.default_rng(1).poisson(np.exp(scores[:, :1] / 3)).astype(float)
    coef, intercept, targets = fitted(X, y, weights, RegressionTask("poisson"), 4.0)
    known = PoissonRegressor(alpha=4.0 / N_ROWS, tol=1e-8, max_iter=1000)
    known.fit(X, y[:, 0], targets.weights(y, weights))
    assert_allclose(coef[0], known.coef_, atol=0.02)
    assert_allclose(intercept[0], known.intercept_, atol=0.02)


def test_the_penalty_is_that_of_the_lowest_loss_on_the_rows_held_out():
    X, scores, _ = made()
    y, ones = (scores[:, 0] > 0).astype(int), np.ones(N_ROWS)
    train = X[:250], y[:250], ones[:250]
    _, targets = array_source(train, ClassificationTask(), Pooling("sum"))
    held_out = X[250:], y[250:], ones[250:]
    (found,) = choose_penalties([(train, held_out, targets)], [PLAIN])
    losses = {}
    for penalty in np.logspace(3, -3, 13):
        known = LogisticRegression(C=1 / penalty, max_iter=1000).fit(X[:250], y[:250])
        losses[penalty] = log_loss(y[250:], known.predict_proba(X[250:]))
    lowest = targets.losses(found.outputs, targets.encode(y[250:], X.dtype)).mean()
    assert lowest == pytest.approx(min(losses.values()), rel=0.01)
    assert losses[min(losses, key=lambda known: abs(known - found.penalty))] == pytest.approx(
        min(losses.values()), rel=0.01
    )


@pytest.mark.parametrize("kind", [PLAIN, LOG_RATIOS])
def test_folds_that_are_not_on_the_path_have_their_outputs_too(kind, monkeypatch):
    from skembed.training import _linear_path

    X, scores, _ = made()
    y, ones = (scores[:, 0] > 0).astype(int), np.ones(N_ROWS)
    parts = []
    for fold in range(4):
        held_out = np.arange(N_ROWS) % 4 == fold
        train, judges = [(X[of], y[of], ones[of]) for of in (~held_out, held_out)]
        targets = array_source(train, ClassificationTask(), Pooling("sum"))[1]
        parts.append((train, judges, targets))
    (on_all,) = choose_penalties(parts, [kind])
    monkeypatch.setattr(_linear_path, "_FEW_PRODUCTS", 0)
    (on_two,) = choose_penalties(parts, [kind])
    assert on_two.outputs.shape == on_all.outputs.shape == (N_ROWS, 1)
    expected = [
        LinearRows.of(judges, targets, (rows := LinearRows.of(train, targets)).columns).X
        @ (model := rows.solver(kind).fitted(on_two.penalty)).weights
        + model.intercept
        for train, judges, targets in parts[2:]
    ]
    assert_allclose(on_two.outputs[N_ROWS // 2 :], np.concatenate(expected), atol=1e-9)


def test_a_search_that_nobody_wants_breaks_off():
    X, scores, _ = made()
    rows = X, (scores[:, 0] > 0).astype(int), np.ones(N_ROWS)
    _, targets = array_source(rows, ClassificationTask(), Pooling("sum"))
    cancelled = Event()
    cancelled.set()
    with pytest.raises(RunCancelled):
        choose_penalties([(rows, rows, targets)], [PLAIN], cancelled)


def test_models_of_too_many_products_are_not_tried():
    _, targets = array_source(
        (sp.csr_matrix(np.eye(20, dtype=np.float32)), np.arange(20), np.ones(20)),
        ClassificationTask(),
        Pooling("sum"),
    )
    X = sp.csr_matrix(np.ones((1000, 100), np.float32))
    assert affordable_kinds(X, targets) == [PLAIN, LOG_RATIOS]
    assert affordable_kinds(sp.vstack([X, X]), targets) == [LOG_RATIOS]
    assert affordable_kinds(sp.vstack([X] * 34), targets) == []


def test_numbers_have_no_log_count_ratios():
    X = sp.csr_matrix(np.eye(3, dtype=np.float32))
    _, targets = array_source(
        (X, np.arange(3.0)[:, None], np.ones(3)), RegressionTask("squared_error"), Pooling("sum")
    )
    assert affordable_kinds(X, targets) == [PLAIN]


@pytest.mark.parametrize("kind_of_targets", ["two classes", "three classes", "labels"])
def test_weights_are_penalized_by_the_log_count_ratios_of_their_features(kind_of_targets):
    X, scores, _ = made()
    X.data[:] = 1
    y = {
        "two classes": (scores[:, 0] > 0).astype(int),
        "three classes": scores.argmax(axis=1),
        "labels": (scores > 0).astype(int),
    }[kind_of_targets]
    ones = np.ones(N_ROWS)
    _, targets = array_source((X, y, ones), ClassificationTask(), Pooling("sum"))
    rows = LinearRows.of((X, y, ones), targets)
    scale = rows.scale(LOG_RATIOS)
    indicators = np.atleast_2d(targets.indicators(rows.encoded).T).T.astype(float)
    share = indicators.mean(axis=0)
    with_term = rows.X.T @ indicators + share  # one row with the usual shares more
    without = rows.X.T @ (1 - indicators) + 1 - share
    ratios = np.abs(np.log(with_term / without) - np.log(share / (1 - share)))
    ratios /= np.sqrt((ratios**2).mean())
    assert_allclose(scale, np.maximum(ratios, 0.1), rtol=1e-9)
    # by many steps the weights are those of logistic regression on scaled features
    if kind_of_targets == "three classes":
        return  # which scikit-learn does not scale class by class
    fitted = LinearSolver(rows, replace(LOG_RATIOS, max_steps=MAX_STEPS), scale).fitted(0.5)
    labels = y[:, None] if y.ndim == 1 else y
    for output, label in enumerate(labels.T):
        known = LogisticRegression(C=2.0, tol=1e-8, max_iter=2000)
        known.fit(rows.X @ sp.diags(scale[:, output]), label)
        assert_allclose(
            fitted.weights[:, output], known.coef_[0] * scale[:, output], atol=0.02, rtol=0.02
        )


def test_features_without_ratios_have_no_scale():
    X = sp.csr_matrix(np.ones((4, 3)))
    rows = X, np.array([0, 1, 0, 1]), np.ones(4)
    _, targets = array_source(rows, ClassificationTask(), Pooling("sum"))
    assert LinearRows.of(rows, targets).scale(LOG_RATIOS) is None


def test_few_steps_for_each_penalty_lead_along_the_path():
    X, scores, ones = made()[0], made()[1], np.ones(N_ROWS)
    y = (scores[:, 0] > 0).astype(int)
    train, judges = [(X[of], y[of], ones[of]) for of in (slice(0, 300), slice(300, None))]
    _, targets = array_source(train, ClassificationTask(), Pooling("sum"))
    (found,) = choose_penalties([(train, judges, targets)], [LOG_RATIOS])
    model, intercept = linear_model(train, targets, found.penalty, LOG_RATIOS)
    assert_allclose(found.outputs, model.outputs(judges[0]) + intercept, atol=1e-9)
