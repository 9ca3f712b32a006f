"""Each step of a fit as a function with explicit inputs: no estimator is needed but at the ends."""

from dataclasses import astuple, fields, replace

import numpy as np
import pytest
from made_rows import random_counts
from numpy.testing import assert_allclose, assert_array_equal

from skembed import EmbeddingDNNClassifier
from skembed.network._network import Table
from skembed.network._pooling import Pooling
from skembed.training._batch_shape import RowLengths
from skembed.training._checkpoint import Checkpoint, check_resumable
from skembed.training._class_targets import ClassificationTask
from skembed.training._held_out import Validation, hold_out
from skembed.training._initial_network import embedding_dim, initial_network
from skembed.training._parameters import Parameters
from skembed.training._plan import MAX_EPOCHS, Plan, fixed_plan, for_rows
from skembed.training._run_setup import new_run
from skembed.training._settings import learning_rate, settings_of
from skembed.training._sources import array_source, stream_source
from skembed.training._trials import choose_plan, tries_candidates
from skembed.training._value_targets import RegressionTask

POOLING = Pooling("sqrtn")
# What `EmbeddingDNNClassifier(4, hidden_units=(8,), max_epochs=2, random_state=0)` asks for.
PARAMETERS = Parameters(
    embedding_dim=4,
    hidden_units=(8,),
    combiner="sqrtn",
    fields="auto",
    activation="relu",
    linear="auto",
    embedding_init="auto",
    trainable_embeddings=True,
    feature_names=None,
    dropout="auto",
    term_dropout="auto",
    embedding_l2="auto",
    linear_l2="auto",
    row_size="auto",
    target_statistics="auto",
    n_members="auto",
    optimizer="adam",
    learning_rate=None,
    loss_reduction="auto",
    clip_norm=None,
    batch_size="auto",
    max_epochs=2,
    max_steps=None,
    early_stopping="auto",
    validation_fraction=0.1,
    n_iter_no_change=2,
    tol=1e-4,
    warm_start=False,
    callbacks=None,
    random_state=0,
    verbose=0,
)


@pytest.fixture(scope="module")
def rows():
    """Checked features (400, 30), labels and weights."""
    X = random_counts(400, 30, density=0.5)
    return X, (X[:, 0].toarray()[:, 0] > 0).astype(int), np.ones(400, np.float32)


def made_run(rows, parameters=PARAMETERS, **options):
    source, targets = array_source(rows, ClassificationTask(), POOLING)
    plan = fixed_plan(parameters, validated=False)
    plan = for_rows(plan, parameters, source.row_lengths, targets.n_outputs)
    return new_run(source, targets, plan, parameters, **options)[0]


def test_the_steps_without_an_estimator_make_its_network(rows):
    from skembed.training.keras._trainer import train

    run = made_run(rows)
    train(run)
    X, y, _ = rows
    model = EmbeddingDNNClassifier(4, hidden_units=(8,), max_epochs=2, random_state=0).fit(X, y)
    assert_array_equal(run.network.table[:, :4], model.embeddings_)
    assert run.history == model.history_


def test_a_task_knows_the_classes_of_all_rows(rows):
    X, _, weights = rows
    y = np.where(np.arange(400) == 7, "rare", np.where(np.arange(400) % 2, "odd", "even"))
    task = ClassificationTask().with_targets_of(y)
    _, targets = array_source((X[8:], y[8:], weights[8:]), task, POOLING)
    assert targets.classes.tolist() == ["even", "odd", "rare"]
    assert targets.n_outputs == 3


def test_a_resumed_task_has_the_units_of_its_network(rows):
    X, _, weights = rows
    y = np.linspace(0, 10, 400)[:, None]
    _, targets = array_source((X, y, weights), RegressionTask("squared_error"), POOLING)
    going_on = RegressionTask("squared_error", targets)
    _, again = array_source((X[:50], y[:50], weights[:50]), going_on, POOLING)
    assert_array_equal(again.offset, targets.offset)
    assert_array_equal(again.scale, targets.scale)


def test_rows_held_out_are_a_stratified_share(rows):
    X, y, weights = rows
    train, held_out = hold_out(rows, ClassificationTask(), 0.25, seed=0)
    assert train[0].shape[0] == 300 and held_out[0].shape[0] == 100
    assert held_out[1].mean() == pytest.approx(y.mean(), abs=0.01)
    both = np.concatenate([train[0].toarray(), held_out[0].toarray()])
    assert_array_equal(np.sort(both.sum(1)), np.sort(X.toarray().sum(1)))


def test_a_stream_gives_the_source_that_arrays_give(rows):
    X, y, weights = rows

    def read(dtype, rng):
        for part in (slice(0, 150), slice(150, 400)):
            yield X[part].astype(dtype or X.dtype), y[part], weights[part]

    streamed, targets = stream_source(read, ClassificationTask(), lambda: POOLING)
    whole, expected = array_source(rows, ClassificationTask(), POOLING)
    assert_array_equal(streamed.columns.counts, whole.columns.counts)
    assert astuple(streamed.row_lengths) == pytest.approx(astuple(whole.row_lengths))
    assert streamed.pooled_size == pytest.approx(whole.pooled_size)
    assert_array_equal(targets.totals, expected.totals)


def test_a_trial_plan_has_the_loss_of_rows_held_out(rows):
    parameters = replace(PARAMETERS, max_epochs=None, hidden_units="auto")
    plan = choose_plan(rows, ClassificationTask(), POOLING, parameters).plan
    assert 1 <= plan.n_epochs <= MAX_EPOCHS
    assert 0 < plan.loss < np.log(2)
    assert plan.batch_size == 32


@pytest.mark.parametrize(
    ("given", "n_rows", "tried"),
    [
        ({}, 29, False),
        ({}, 30, True),
        ({"max_steps": 10}, 1000, False),
        ({"warm_start": True}, 1000, False),
        ({"early_stopping": True}, 1000, False),
        ({"early_stopping": False}, 1000, False),
    ],
)
def test_candidates_are_tried_where_enough_rows_can_judge(given, n_rows, tried):
    assert tries_candidates(replace(PARAMETERS, max_epochs=None, **given), n_rows) is tried


def test_an_initial_network_predicts_the_classes_frequencies(rows):
    source, targets = array_source(rows, ClassificationTask(), POOLING)
    plan = Plan(hidden_units=())
    network = initial_network(source, targets, plan, PARAMETERS, np.random.default_rng(0))
    share = rows[1].mean()
    assert_allclose(network.biases[-1], np.log(share / (1 - share)), rtol=1e-5)
    assert network.table.shape == (30, 4 + 1)


@pytest.mark.parametrize(("n_classes", "dim"), [(2, 16), (16, 16), (17, 32), (40, 48), (900, 64)])
def test_embeddings_have_room_for_the_classes(n_classes, dim):
    assert embedding_dim(replace(PARAMETERS, embedding_dim="auto"), n_classes) == dim
    assert embedding_dim(PARAMETERS, n_classes) == 4


def test_settings_are_parameters_and_plan_put_together(rows):
    _, targets = array_source(rows, ClassificationTask(), POOLING)
    parameters = replace(PARAMETERS, optimizer="adagrad", max_steps=7)
    plan = for_rows(Plan(dropout=0.2), parameters, RowLengths(400, 8, 0.0, 8), 1)
    settings = settings_of(parameters, plan, targets, 400, seed=3)
    assert (settings.loss, settings.dropout, settings.seed) == ("binary_crossentropy", 0.2, 3)
    assert (settings.loss_reduction, settings.max_steps, settings.max_epochs) == ("sum", 7, 2)
    assert settings.learning_rate == learning_rate(parameters, plan) == 0.1
    assert not settings.keep_optimizer
    one_pass = fixed_plan(parameters, validated=False, one_pass=True)
    one_pass = for_rows(one_pass, parameters, RowLengths(400, 8, 0.0, 8), 1)
    settings = settings_of(parameters, one_pass, targets, 400, seed=3)
    assert (settings.max_epochs, settings.max_steps, settings.keep_optimizer) == (1, None, True)


def test_a_checkpoint_is_gone_on_with_only_by_its_architecture(rows):
    network = made_run(rows).network
    checkpoint = Checkpoint(network, None, None, n_steps=1, n_epochs=1, history={"loss": [1.0]})
    check_resumable(checkpoint, PARAMETERS, None)
    with pytest.raises(ValueError, match=r"hidden_units is \[9\] but the fitted network has \[8\]"):
        check_resumable(checkpoint, replace(PARAMETERS, hidden_units=(9,)), None)
    with pytest.raises(ValueError, match="embedding_dim is 5 but the fitted network has 4"):
        check_resumable(checkpoint, replace(PARAMETERS, embedding_dim=5), None)


def test_a_run_from_a_checkpoint_begins_with_its_weights(rows):
    network = made_run(rows).network
    table = Table(network.table)
    checkpoint = Checkpoint(network, None, None, n_steps=5, n_epochs=1, history={"loss": [1.0]})
    run = made_run(rows, checkpoint=checkpoint)
    assert_array_equal(run.network.table, table.whole())
    assert run.optimizer_state is None
    assert run.settings.seed != made_run(rows).settings.seed


def test_the_validation_loss_is_the_mean_of_the_rows_losses(rows):
    source, targets = array_source(rows, ClassificationTask(), POOLING)
    network = made_run(rows).network
    loss = Validation(rows, targets, source.columns, POOLING).loss(network)
    logits = network.logits(rows[0])
    assert loss == pytest.approx(
        targets.losses(logits, targets.encode(rows[1], rows[0].dtype)).mean()
    )


def test_parameters_are_those_of_both_networks():
    from skembed import EmbeddingDNNRegressor

    names = {field.name for field in fields(Parameters)}
    own = {"class_weight", "unlabeled"}
    assert set(EmbeddingDNNClassifier().get_params()) - names == own
    assert set(EmbeddingDNNRegressor().get_params()) - names == {"loss"}
