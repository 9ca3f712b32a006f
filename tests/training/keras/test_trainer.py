import threading

import numpy as np
import pytest
from made_rows import random_counts
from numpy.testing import assert_allclose, assert_array_equal

from skembed.network._network import Network
from skembed.network._pooling import Pooling, has_uniform_values
from skembed.network._used_columns import Columns
from skembed.parallel._idle_pool import IdlePool
from skembed.training import _batch_shape
from skembed.training._batch_shape import RowLengths
from skembed.training._batches import dealt_batches
from skembed.training._initial_weights import initial_dense_layers, random_table
from skembed.training._run import TrainingRun
from skembed.training._settings import Settings
from skembed.training._sources import ArraySource
from skembed.training.keras import _table_padding, _trainer
from skembed.training.keras._trainer import train

N_COLUMNS = 40


def problem(dtype=np.float32, n_rows=100, combiner="mean", n_outputs=1, seed=0):
    X = random_counts(n_rows, N_COLUMNS, seed=seed).astype(dtype)
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, max(2, n_outputs), n_rows)
    targets = targets.astype(dtype if n_outputs == 1 else np.int32)
    ones = np.ones(n_rows, dtype)
    pooling = Pooling(combiner)
    found = Columns.of(X), RowLengths.of(X), pooling
    source = ArraySource(X, targets, ones, *found, weighted=not has_uniform_values(X))
    kernels, biases = initial_dense_layers([3, 5, n_outputs], rng, np.dtype(dtype))
    table = random_table(len(source.columns.used), 3, rng, np.dtype(dtype))
    return source, Network(table, kernels, biases, "tanh", pooling, np.zeros(0, dtype))


def settings(**changes):
    values = dict(
        loss="binary_crossentropy",
        optimizer="sgd",
        learning_rate=0.5,
        loss_reduction="mean",
        clip_norm=None,
        dropout=0.0,
        term_dropout=0.0,
        embedding_l2=0.0,
        linear_l2=0.0,
        trains_embeddings=True,
        averaging=0.0,
        total_weight=1.0,
        batch_size=16,
        max_epochs=3,
        max_steps=None,
        seed=0,
        keep_optimizer=True,
    )
    return Settings(**{**values, **changes})


def trained(changes=None, **kwargs):
    run = TrainingRun(*problem(**kwargs), settings(**(changes or {})))
    train(run)
    return run


def weights(run):
    return [run.network.table, *run.network.kernels, *run.network.biases]


@pytest.fixture
def forced_row_sparse(monkeypatch):
    monkeypatch.setattr(_batch_shape, "_SPARSE_MIN_ROWS", 1)
    monkeypatch.setattr(_batch_shape, "_SPARSE_SHARE", 10.0)


@pytest.mark.parametrize("combiner", ["mean", "sum", "sqrtn"])
@pytest.mark.parametrize("n_outputs", [1, 4])
def test_full_batch_sgd_equals_gradient_descent_through_the_matrix_product(combiner, n_outputs):
    """Lookup and pooling in the compiled loop is S x E: same weights as TensorFlow's own."""
    import tensorflow as tf

    source, network = problem(np.float64, n_rows=16, combiner=combiner, n_outputs=n_outputs)
    loss = "binary_crossentropy" if n_outputs == 1 else "sparse_categorical_crossentropy"
    weights_ = network.pooling.matrix(source._rows[0])
    S = tf.constant(weights_.toarray()[:, source.columns.used])
    arrays = [network.table, *network.kernels, *network.biases]
    variables = [tf.Variable(array) for array in arrays]
    for _ in range(4):
        with tf.GradientTape() as tape:
            E, K1, K2, b1, b2 = variables
            logits = tf.tanh(S @ E @ K1 + b1) @ K2 + b2
            if n_outputs == 1:
                each = tf.nn.sigmoid_cross_entropy_with_logits(source._rows[1][:, None], logits)
            else:
                each = tf.nn.sparse_softmax_cross_entropy_with_logits(source._rows[1], logits)
            value = tf.reduce_mean(each)
        for variable, gradient in zip(variables, tape.gradient(value, variables), strict=True):
            variable.assign_sub(0.5 * gradient)
    run = TrainingRun(source, network, settings(loss=loss, max_epochs=4))
    train(run)
    for ours, theirs in zip(weights(run), variables, strict=True):
        assert_allclose(ours, theirs.numpy(), rtol=1e-6, atol=1e-9)
    assert_allclose(run.history["loss"][-1], value.numpy(), rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
@pytest.mark.parametrize("clip_norm", [None, 0.05])
def test_row_sparse_updates_equal_dense_ones(optimizer, clip_norm, monkeypatch):
    changes = {"optimizer": optimizer, "clip_norm": clip_norm}
    dense = trained(changes, dtype=np.float64)
    assert not dense.shape.row_sparse
    monkeypatch.setattr(_batch_shape, "_SPARSE_MIN_ROWS", 1)
    monkeypatch.setattr(_batch_shape, "_SPARSE_SHARE", 10.0)
    sparse = trained(changes, dtype=np.float64)
    assert sparse.shape.row_sparse
    for a, b in zip(weights(dense), weights(sparse), strict=True):
        assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    for a, b in zip(
        dense.optimizer_state.table_slots, sparse.optimizer_state.table_slots, strict=True
    ):
        assert_allclose(a, b, rtol=1e-9)


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "adam", "ftrl", "rmsprop", "lion"])
def test_small_dimensions_are_padded_without_effect(optimizer, monkeypatch):
    changes = {"optimizer": optimizer, "clip_norm": 0.1, "learning_rate": 0.01}
    padded = trained(changes, dtype=np.float64)
    monkeypatch.setattr(_table_padding, "_DIM_STEP", 1)
    plain = trained(changes, dtype=np.float64)
    assert padded.network.table.shape[1] == 3
    for a, b in zip(weights(padded), weights(plain), strict=True):
        assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    for a, b in zip(
        padded.optimizer_state.table_slots, plain.optimizer_state.table_slots, strict=True
    ):
        assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_equal_values_train_as_entries_with_weights(monkeypatch):
    source, network = problem(np.float64)
    source._rows[0].data[:] = 2
    runs = []
    for weighted in (False, True):
        source.weighted = weighted
        runs.append(TrainingRun(source, network, settings()))
        train(runs[-1])
        assert runs[-1].shape.weighted == weighted
    for a, b in zip(*map(weights, runs), strict=True):
        assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_values_that_were_said_to_be_equal_but_are_not():
    source, network = problem(np.float64)
    expected = trained(dtype=np.float64)
    source.weighted = False
    run = TrainingRun(source, network, settings())
    train(run)
    for a, b in zip(weights(run), weights(expected), strict=True):
        assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("row_sparse", [False, True])
def test_penalties_pull_by_their_share_of_the_weights(row_sparse, monkeypatch):
    if row_sparse:
        monkeypatch.setattr(_batch_shape, "_SPARSE_MIN_ROWS", 1)
        monkeypatch.setattr(_batch_shape, "_SPARSE_SHARE", 10.0)
    changes = {"max_epochs": 1, "learning_rate": 0.5, "batch_size": 16, "total_weight": 16.0}
    before = problem(np.float64, n_rows=16)[1].table
    without = trained(changes, dtype=np.float64, n_rows=16).network.table
    with_penalty = trained(changes | {"embedding_l2": 3.0}, dtype=np.float64, n_rows=16)
    assert with_penalty.shape.row_sparse == row_sparse
    assert_allclose(without - with_penalty.network.table, 0.5 * 3 / 16 * before, atol=1e-12)


def test_rows_that_few_batches_touch_are_pulled_as_hard_in_all():
    run = TrainingRun(*problem(n_rows=100), settings(embedding_l2=1.0, total_weight=100.0))
    run.close()
    shares = _batch_shape.touch_shares(run.source.columns, 100, 16, 0.0)
    assert_allclose(run.row_decay() * shares * 100, 1)


def test_lazy_adam_leaves_untouched_rows_alone(forced_row_sparse):
    source, network = problem()
    before = network.table.copy()
    run = TrainingRun(source, network, settings(optimizer="adam", max_steps=1, batch_size=4))
    train(run)
    moved = (run.network.table != before).any(axis=1)
    assert 0 < moved.sum() < len(before)
    X = source._rows[0]
    rows = dealt_batches(np.diff(X.indptr), 4, np.random.default_rng(0))[:4]
    touched = source.columns.compact(np.unique(X[rows].indices))
    assert np.flatnonzero(moved).tolist() == touched.tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_seed_same_bits(dtype):
    changes = {"optimizer": "adam", "dropout": 0.3}
    first, second = trained(changes, dtype=dtype), trained(changes, dtype=dtype)
    other = trained({**changes, "seed": 1}, dtype=dtype)
    for a, b in zip(weights(first), weights(second), strict=True):
        assert a.dtype == dtype
        assert_array_equal(a, b)
    assert (other.network.table != first.network.table).any()


def test_a_program_is_used_again_and_keeps_nothing_of_the_last_fit(monkeypatch):
    trainers = IdlePool(4)
    monkeypatch.setattr(_trainer, "_TRAINERS", trainers)
    first = trained({"optimizer": "adam"})
    assert len(trainers) == 1
    trained({"optimizer": "adam", "learning_rate": 0.1, "seed": 5})
    assert len(trainers) == 1
    again = trained({"optimizer": "adam"})
    for a, b in zip(weights(first), weights(again), strict=True):
        assert_array_equal(a, b)


def test_fits_in_threads_equal_fits_in_turn():
    expected = [weights(trained({"seed": seed})) for seed in range(4)]
    results = {}

    def fit(seed):
        results[seed] = weights(trained({"seed": seed}))

    threads = [threading.Thread(target=fit, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(4):
        for a, b in zip(expected[seed], results[seed], strict=True):
            assert_array_equal(a, b)


def test_a_batch_that_outgrows_the_plan_changes_nothing_but_the_shape(monkeypatch):
    expected = trained()
    monkeypatch.setattr(_batch_shape, "_most_entries", lambda lengths, size, dealt: 8.0)
    grown = trained()
    assert grown.shape.n_entries > 8
    for a, b in zip(weights(expected), weights(grown), strict=True):
        assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_a_run_continued_from_its_state_equals_one_run():
    source, network = problem(np.float64, n_rows=16)
    whole = TrainingRun(source, network, settings(optimizer="adam", max_epochs=6))
    train(whole)
    half = TrainingRun(source, network, settings(optimizer="adam", max_epochs=3))
    train(half)
    rest = TrainingRun(
        source, half.network, settings(optimizer="adam", max_epochs=3), half.optimizer_state
    )
    train(rest)
    for a, b in zip(weights(whole), weights(rest), strict=True):
        assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_steps_and_epochs_are_counted():
    assert trained({"max_epochs": 3}).n_steps == 3 * 7
    run = trained({"max_steps": 9})
    assert run.n_steps == 9
    assert len(run.history["loss"]) == 2


def test_sum_equals_mean_times_batch_for_sgd():
    mean = trained({"learning_rate": 0.32}, n_rows=96, dtype=np.float64)
    total = trained({"learning_rate": 0.02, "loss_reduction": "sum"}, n_rows=96, dtype=np.float64)
    for a, b in zip(weights(mean), weights(total), strict=True):
        assert_allclose(a, b, rtol=1e-6)


def test_dropout_zeroes_a_share_and_keeps_the_mean():
    import tensorflow as tf

    from skembed.training.keras._loop import Draws, _drop

    values = _drop(tf.ones((400, 100)), tf.constant(0.3), Draws(1, 2, 1, 0)).numpy()
    assert_allclose((values == 0).mean(), 0.3, atol=0.01)
    assert_allclose(values.mean(), 1, atol=0.02)


@pytest.mark.parametrize(
    "name", ["sgd", "adagrad", "adam", "adamw", "adamax", "nadam", "rmsprop", "adadelta", "ftrl"]
)
def test_every_elementwise_optimizer_trains_row_by_row(name, forced_row_sparse):
    import keras

    run = trained({"optimizer": name, "learning_rate": 0.05})
    assert run.shape.row_sparse
    slots = {v.shape for v in keras.optimizers.get(name).variables}
    assert all(slot.shape == run.network.table.shape for slot in run.optimizer_state.table_slots)
    assert run.history["loss"][-1] < run.history["loss"][0], slots


@pytest.mark.parametrize("name", ["adafactor", "lamb", "muon"])
def test_other_optimizers_take_the_dense_path(name, forced_row_sparse):
    run = trained({"optimizer": name, "learning_rate": 0.05})
    assert not run.shape.row_sparse
    assert np.isfinite(run.history["loss"]).all()


def test_divergence_names_the_step_and_the_remedy():
    with pytest.raises(FloatingPointError, match=r"not finite at step \d+.*learning_rate"):
        trained({"learning_rate": 1e38, "max_epochs": 50})  # a few steps leave float32


def test_masks_are_uniform_and_independent_of_each_other():
    from skembed.training.keras import _loop

    draws = np.array(
        [
            _loop._uniform((64, 32), _loop.Draws(seed, step, 1, 0), _loop.tf.float32)
            for seed in range(20)
            for step in range(20)
        ]
    ).reshape(400, -1)
    assert 0 <= draws.min() and draws.max() < 1
    counts, _ = np.histogram(draws, 50, (0, 1))
    expected = draws.size / 50
    assert ((counts - expected) ** 2 / expected).sum() < 100  # chi-square of 49: mean 49, sd 10
    deviation = 1 / np.sqrt(12)
    noise = deviation / np.sqrt(draws.shape[1])
    assert abs(draws.mean(axis=1) - 0.5).max() < 5 * noise
    assert abs(draws.mean(axis=0) - 0.5).max() < 5 * deviation / np.sqrt(400)
    centred = (draws - draws.mean(axis=1, keepdims=True)) / draws.std(axis=1, keepdims=True)
    others = np.corrcoef(centred) - np.eye(400)
    assert abs(others).max() < 6 / np.sqrt(draws.shape[1])
