"""Callbacks of scikit-learn 1.9 and of Keras: what they are told, and what they may do."""

import pickle
import re
from functools import partial

import numpy as np
import pytest
import small_estimators
from idle_workers import assert_all_workers_idle
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skembed import ChunkStream, EmbeddingDNNClassifier, EmbeddingDNNRegressor
from skembed.training import _batch_shape

small = partial(small_estimators.small, max_epochs=4)
PLAIN = dict(dropout=0.0, embedding_l2=0.0, linear_l2=0.0)


@pytest.fixture(scope="module")
def fitted(binary_problem):
    return small().fit(*binary_problem)


# Callbacks of scikit-learn.


@pytest.fixture
def sklearn_callback(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # room for the names and numbers of progress bars
    return pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 brought callbacks")


def epochs_of(log):
    return [row for row in log.data if row["task_name"] == "epoch"]


def test_monitored_losses_are_those_of_the_history(sklearn_callback, binary_problem):
    """With one step an epoch, the loss after one is that before the next."""
    X, y = binary_problem
    monitor = sklearn_callback.ScoringMonitor(scoring="neg_log_loss")
    model = small(batch_size=400).set_callbacks(monitor).fit(X.astype(np.float64), y)
    scores = [-row["neg_log_loss"] for row in epochs_of(monitor.get_logs())]
    assert len(scores) == 4
    assert_allclose(scores[:-1], model.history_["loss"][1:], rtol=1e-7)


@pytest.mark.parametrize("cls", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
def test_monitored_scores_are_those_of_fits_that_end_there(cls, sklearn_callback, binary_problem):
    X, y = binary_problem
    weights = np.arange(400) % 3
    name = "accuracy" if cls is EmbeddingDNNClassifier else "r2"
    monitor = sklearn_callback.ScoringMonitor(scoring=name)
    small(cls).set_callbacks(monitor).fit(X, y, sample_weight=weights)
    for number, row in enumerate(epochs_of(monitor.get_logs())):
        shorter = small(cls, max_epochs=number + 1).fit(X, y, sample_weight=weights)
        assert_allclose(row[name], shorter.score(X, y, sample_weight=weights))


def test_the_whole_fit_is_a_task_that_ends(sklearn_callback, fitted, binary_problem):
    X, y = binary_problem
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    model = small().set_callbacks(monitor).fit(X, y)
    (whole,) = [row for row in monitor.get_logs().data if row["task_name"] == "fit"]
    assert whole["accuracy"] == model.score(X, y)
    assert_array_equal(model.embeddings_, fitted.embeddings_)


def test_a_progress_bar_reaches_its_end(sklearn_callback, binary_problem, capsys):
    pytest.importorskip("rich")
    small().set_callbacks(sklearn_callback.ProgressBar()).fit(*binary_problem)
    shown = capsys.readouterr().out
    assert "EmbeddingDNNClassifier - fit" in shown
    assert "100%" in shown
    assert not re.search(r"\b\d\d?%", shown)


def test_a_progress_bar_reaches_its_end_when_training_ends_early(
    sklearn_callback, binary_problem, capsys
):
    pytest.importorskip("rich")
    model = small(max_epochs=100, early_stopping=True, tol=10.0, n_iter_no_change=1, **PLAIN)
    model.set_callbacks(sklearn_callback.ProgressBar()).fit(*binary_problem)
    assert model.n_epochs_ == 2
    assert "100%" in capsys.readouterr().out


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_progress_bar_under_a_search(n_jobs, sklearn_callback, binary_problem, capsys):
    pytest.importorskip("rich")
    search = GridSearchCV(small(), {"learning_rate": [0.01, 0.02]}, cv=2, n_jobs=n_jobs)
    bar = sklearn_callback.ProgressBar(max_propagation_depth=2)
    search.set_callbacks(bar).fit(*binary_problem)
    shown = capsys.readouterr().out
    assert "GridSearchCV - fit" in shown
    assert shown.count("EmbeddingDNNClassifier - fit") == 2 * 2 + 1
    assert "100%" in shown
    assert not re.search(r"\b\d\d?%", shown)


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_monitoring_under_a_search(n_jobs, sklearn_callback, binary_problem):
    X, y = binary_problem
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    grid = {"learning_rate": [0.01, 0.02]}
    GridSearchCV(small().set_callbacks(monitor), grid, cv=2, n_jobs=n_jobs).fit(X, y)
    rows = epochs_of(monitor.get_logs())
    assert len(rows) == (2 * 2 + 1) * 4  # candidates x folds, and the last fit; 4 epochs each
    assert all(0.3 < row["accuracy"] <= 1 for row in rows)


def test_a_callback_may_stop_the_fit(sklearn_callback, binary_problem):
    class StopAfterTwo(Recorder):
        def on_fit_task_end(self, estimator, context):
            super().on_fit_task_end(estimator, context)
            return context.task_name == "epoch" and context.task_id == 1

    model = small().set_callbacks(StopAfterTwo()).fit(*binary_problem)
    assert model.n_epochs_ == 2
    assert_array_equal(model.embeddings_, small(max_epochs=2).fit(*binary_problem).embeddings_)
    several = small(n_members=3).set_callbacks(StopAfterTwo()).fit(*binary_problem)
    assert several.n_members_ == 1  # the next network does not begin
    assert_array_equal(several.embeddings_, model.embeddings_)


class Recorder:
    """A callback for scikit-learn that writes down what it is told."""

    def __init__(self):
        self.told = []

    def setup(self, estimator, context):
        self.told.append("setup")

    def on_fit_task_begin(self, estimator, context):
        self.told.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context):
        self.told.append(f"end {context.task_name}")

    def teardown(self, estimator, context):
        self.told.append("teardown")


def test_tasks_begin_and_end_in_order(sklearn_callback, binary_problem):
    recorder = Recorder()
    small(max_epochs=2).set_callbacks(recorder).fit(*binary_problem)
    epoch = ["begin epoch", "end epoch"]
    assert recorder.told == ["setup", "begin fit", *epoch, *epoch, "end fit", "teardown"]


def test_callbacks_are_torn_down_when_the_fit_fails(sklearn_callback, fitted, binary_problem):
    X, y = binary_problem
    recorder = Recorder()
    model = small(learning_rate=1e30, optimizer="sgd").set_callbacks(recorder)
    with pytest.raises(FloatingPointError, match="not finite"):
        model.fit(X, y)
    assert recorder.told[0] == "setup"
    assert recorder.told[-1] == "teardown"
    left = {name for name in vars(model) if "callback" in name}
    assert left == {"callbacks", "_skl_callbacks"}


def test_an_estimator_with_sklearn_callbacks_pickles(sklearn_callback, fitted, binary_problem):
    X, _ = binary_problem
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    model = small().set_callbacks(monitor).fit(*binary_problem)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), fitted.predict(X))
    assert clone(model).fit(*binary_problem).n_epochs_ == 4


# Callbacks of Keras.


def test_keras_callbacks_are_told_the_history(fitted, binary_problem):
    import keras

    told = []
    callback = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: told.append("begin"),
        on_epoch_begin=lambda epoch, logs: told.append(epoch),
        on_epoch_end=lambda epoch, logs: told.append((epoch, dict(logs))),
        on_train_end=lambda logs: told.append("end"),
    )
    model = small(callbacks=callback).fit(*binary_problem)
    epochs = [[n, (n, {"loss": loss})] for n, loss in enumerate(model.history_["loss"])]
    assert told == ["begin", *sum(epochs, []), "end"]
    assert callback.params["epochs"] == 4
    assert_array_equal(model.embeddings_, fitted.embeddings_)


def test_keras_callbacks_are_told_the_validation_loss(binary_problem):
    import keras

    history = keras.callbacks.History()
    model = small(callbacks=[history], early_stopping=True, **PLAIN).fit(*binary_problem)
    assert history.history == model.history_
    assert set(history.history) == {"loss", "val_loss"}


def test_a_keras_callback_ends_training(fitted, binary_problem):
    import keras

    stop = keras.callbacks.EarlyStopping("loss", patience=2, min_delta=10.0)
    model = small(callbacks=[stop]).fit(*binary_problem)
    assert model.n_epochs_ == 3
    assert_array_equal(model.embeddings_, small(max_epochs=3).fit(*binary_problem).embeddings_)
    again = clone(model).fit(*binary_problem)
    assert_array_equal(again.embeddings_, model.embeddings_)
    assert small(callbacks=[]).fit(*binary_problem).n_epochs_ == 4  # a shared program goes on


def test_a_keras_callback_may_put_the_best_weights_back(binary_problem):
    import keras

    stop = keras.callbacks.EarlyStopping("loss", patience=9, restore_best_weights=True)
    model = small(callbacks=stop, optimizer="sgd", learning_rate=0.001).fit(*binary_problem)
    plain = small(optimizer="sgd", learning_rate=0.001).fit(*binary_problem)
    assert np.argmin(model.history_["loss"]) == 3
    assert_array_equal(model.embeddings_, plain.embeddings_)


# Keras reads its own variable so; until it passes copy=True on.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")
def test_a_keras_callback_lowers_the_learning_rate(fitted, binary_problem):
    import keras

    slower = keras.callbacks.ReduceLROnPlateau("loss", factor=1e-6, patience=1, min_delta=10.0)
    model = small(callbacks=[slower]).fit(*binary_problem)
    losses = model.history_["loss"]
    assert_allclose(losses[:2], fitted.history_["loss"][:2])
    assert_allclose(losses[2], losses[3], rtol=1e-3)
    assert abs(losses[2] - losses[1]) > 1e-3 * losses[1]
    # the next fit with the same program has its own rate
    assert_array_equal(small().fit(*binary_problem).embeddings_, fitted.embeddings_)


def test_a_keras_callback_may_be_a_class_or_in_a_dict(binary_problem):
    import keras

    callbacks = keras.callbacks
    assert small(callbacks={"nan": callbacks.TerminateOnNaN()}).fit(*binary_problem).n_epochs_ == 4
    assert small(callbacks=[callbacks.TerminateOnNaN]).fit(*binary_problem).n_epochs_ == 4
    assert small(callbacks=callbacks.TerminateOnNaN).fit(*binary_problem).n_epochs_ == 4


@pytest.mark.parametrize("wrong", [[object()], [len], {"a": 1}])
def test_what_is_no_keras_callback_is_refused(wrong, binary_problem):
    with pytest.raises(TypeError, match="keras.callbacks.Callback"):
        small(callbacks=wrong).fit(*binary_problem)


@pytest.mark.parametrize("wrong", ["EarlyStopping", 3, print])
def test_a_parameter_that_cannot_be_callbacks_is_named(wrong, binary_problem):
    with pytest.raises(ValueError, match="The 'callbacks' parameter of EmbeddingDNNClassifier"):
        small(callbacks=wrong).fit(*binary_problem)


def test_an_estimator_with_keras_callbacks_pickles(fitted, binary_problem):
    import keras

    X, _ = binary_problem
    callbacks = [keras.callbacks.EarlyStopping("loss"), keras.callbacks.History()]
    model = small(callbacks=callbacks).fit(*binary_problem)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict_proba(X), fitted.predict_proba(X))
    assert_array_equal(clone(copy).fit(*binary_problem).embeddings_, fitted.embeddings_)


def test_keras_callbacks_hold_no_model_after_a_fit(binary_problem):
    import keras

    callback = keras.callbacks.History()
    small(callbacks=[callback]).fit(*binary_problem)
    assert callback.model is None


@pytest.mark.slow
def test_keras_callbacks_in_processes(binary_problem):
    import keras

    callbacks = [keras.callbacks.EarlyStopping("loss", patience=1, min_delta=10.0)]
    grid = {"learning_rate": [0.01, 0.02]}
    search = GridSearchCV(small(callbacks=callbacks), grid, cv=2, n_jobs=2, error_score="raise")
    assert search.fit(*binary_problem).best_estimator_.n_epochs_ == 2


def test_callbacks_are_told_once_when_a_batch_outgrows_the_plan(monkeypatch, binary_problem):
    import keras

    told = []
    callback = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: told.append("begin"),
        on_epoch_begin=lambda epoch, logs: told.append(epoch),
        on_train_end=lambda logs: told.append("end"),
    )
    monkeypatch.setattr(_batch_shape, "_most_entries", lambda lengths, size, dealt: 8.0)
    small(callbacks=callback, max_epochs=2).fit(*binary_problem)
    assert told == ["begin", 0, 1, "end"]


class BatchRecorder:
    """Makes a Keras callback that writes down its hooks of batches."""

    @staticmethod
    def make(told, *, stop_after=None, rate_after=None):
        import keras

        class Batches(keras.callbacks.Callback):
            def on_train_batch_begin(self, batch, logs=None):
                told.append(("begin", batch))

            def on_train_batch_end(self, batch, logs=None):
                told.append(("end", batch, logs["loss"]))
                if stop_after is not None and len(told) == 2 * stop_after:
                    self.model.stop_training = True
                if rate_after is not None and len(told) == 2 * rate_after:
                    self.model.optimizer.learning_rate = 0.0

            def on_test_begin(self, logs=None):
                told.append("test begin")

            def on_test_batch_end(self, batch, logs=None):
                told.append(("test batch", batch, logs["loss"]))

            def on_test_end(self, logs=None):
                told.append(("test end", logs["loss"]))

        return Batches()


def test_keras_callbacks_are_told_of_each_batch(binary_problem):
    told = []
    settings = dict(batch_size=256, max_epochs=3)
    model = small(callbacks=BatchRecorder.make(told), **settings).fit(*binary_problem)
    assert [one[:2] for one in told] == [
        (hook, batch) for _ in range(3) for batch in range(2) for hook in ("begin", "end")
    ]
    # as Keras has it, the loss is the mean of the epoch so far
    assert [one[2] for one in told[3::4]] == model.history_["loss"]
    assert told[1][2] != told[3][2]
    assert_array_equal(model.embeddings_, small(**settings).fit(*binary_problem).embeddings_)


def test_a_keras_callback_ends_training_within_an_epoch(binary_problem):
    told = []
    settings = dict(batch_size=256, max_epochs=3)
    callback = BatchRecorder.make(told, stop_after=3)
    model = small(callbacks=callback, **settings).fit(*binary_problem)
    assert (model.n_steps_, model.n_epochs_, len(told)) == (3, 2, 6)
    assert model.history_["loss"][1] == told[-1][2]
    shorter = small(**{**settings, "max_epochs": None}, max_steps=3).fit(*binary_problem)
    assert_array_equal(model.embeddings_, shorter.embeddings_)


def test_a_keras_callback_sets_the_learning_rate_within_an_epoch(binary_problem):
    told = []
    settings = dict(batch_size=256, optimizer="sgd")
    callback = BatchRecorder.make(told, rate_after=1)
    model = small(callbacks=callback, **settings).fit(*binary_problem)
    one_step = small(**{**settings, "max_epochs": None}, max_steps=1).fit(*binary_problem)
    assert_array_equal(model.embeddings_, one_step.embeddings_)
    assert len(told) == 16


def test_keras_callbacks_are_told_of_rows_held_out(binary_problem):
    told = []
    settings = dict(early_stopping=True, max_epochs=2, n_iter_no_change=5, **PLAIN)
    model = small(callbacks=BatchRecorder.make(told), **settings).fit(*binary_problem)
    tests = [one for one in told if one[0] not in ("begin", "end")]
    assert tests == [
        told
        for loss in model.history_["val_loss"]
        for told in ("test begin", ("test batch", 0, loss), ("test end", loss))
    ]


@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end"])
def test_keras_callbacks_of_functions_are_told_of_each_batch(hook, binary_problem):
    import keras

    told = []
    callback = keras.callbacks.LambdaCallback(**{hook: lambda batch, logs: told.append(batch)})
    small(callbacks=[callback], batch_size=256, max_epochs=2).fit(*binary_problem)
    assert told == [0, 1, 0, 1]


@pytest.mark.parametrize("hook", ["on_batch_begin", "on_batch_end"])
def test_keras_callbacks_have_hooks_of_batches_by_their_short_names(hook, binary_problem):
    import keras

    told = []
    kind = type("Short", (keras.callbacks.Callback,), {hook: lambda self, b, logs: told.append(b)})
    small(callbacks=kind, batch_size=256, max_epochs=2).fit(*binary_problem)
    assert told == [0, 1, 0, 1]


# A callback that raises.


class Interrupting(Recorder):
    def on_fit_task_end(self, estimator, context):
        if context.task_id == 1:
            raise KeyboardInterrupt


def keras_interrupting():
    import keras

    def interrupt(epoch, logs):
        if epoch == 1:
            raise KeyboardInterrupt

    return keras.callbacks.LambdaCallback(on_epoch_end=interrupt)


@pytest.mark.parametrize("kind", ["keras", "sklearn", "sklearn on a stream"])
def test_an_interrupt_in_a_callback_leaves_the_estimator_as_it_was(kind, fitted, binary_problem):
    X, y = binary_problem
    model = pickle.loads(pickle.dumps(fitted))
    if kind == "keras":
        model.set_params(callbacks=keras_interrupting())
    else:
        pytest.importorskip("sklearn.callback")
        model.set_callbacks(Interrupting())
    data = (ChunkStream(lambda: [(X, y)]),) if kind.endswith("stream") else (X, y)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data)
    assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))
    assert model.history_ == fitted.history_
    assert_all_workers_idle()
    assert_array_equal(small().fit(X, y).embeddings_, fitted.embeddings_)
