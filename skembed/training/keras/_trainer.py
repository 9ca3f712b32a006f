"""Training by Keras and scikeras; imported when an estimator is fitted.

A trainer builds and compiles a Keras network through scikeras and trains it with the
compiled loop; trainers are kept for the life of the process, so that epochs, folds and
grid points share programs.
"""

from skembed.training.keras._tensorflow import tensorflow, tf  # before keras: sets TensorFlow up

# isort: split
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import keras
import numpy as np
from scikeras.wrappers import BaseWrapper
from sklearn import config_context

from skembed.distribution._agreement import any_worker, together
from skembed.network._network import Network
from skembed.parallel._idle_pool import IdlePool
from skembed.training._batches import Chunk
from skembed.training._run import OptimizerState, RunCancelled, Settings, TrainingRun
from skembed.training._run_state import Trained
from skembed.training.keras import _layers  # noqa: F401  registers the layers of saved models
from skembed.training.keras._batch_hooks import BatchHooks, told_of_validation
from skembed.training.keras._embedding_network import EmbeddingNetwork
from skembed.training.keras._joint_steps import JointSteps
from skembed.training.keras._loop import Rates, TrainingLoop, as_tensors
from skembed.training.keras._losses import keras_loss
from skembed.training.keras._optimizers import new_optimizer
from skembed.training.keras._program_key import ProgramKey
from skembed.training.keras._table_padding import enlarged, padded_rows, without_padding

# TensorFlow never frees an XLA program (10-14 MB each), so forgetting one that may be wanted
# again would cost both its second compilation and the memory of both.
_MAX_IDLE_TRAINERS = 64


class KerasTrainer(BaseWrapper):
    """scikeras wrapper whose fit runs the compiled loop over the chunks of a training run.

    After the first fit the network, the optimizer and the program are used again:
    each fit begins by giving the variables the run's values.
    """

    def __init__(self, key: ProgramKey, optimizer: Any, loss: str) -> None:
        super().__init__(optimizer=optimizer, loss=loss, warm_start=True, verbose=0)
        self._fit_callbacks: list[Any] = []
        self.key = key

    def _keras_build_fn(self, compile_kwargs: dict[str, Any]) -> keras.Model:
        network = EmbeddingNetwork(self.key)
        network.compile(**compile_kwargs)
        network.optimizer.build(network.trainable_variables)
        return network

    def _validate_data(self, X: Any = None, y: Any = None, **_: Any) -> tuple[Any, Any]:
        return X, y  # the estimator has validated the data of the run

    def _initialize(self, X: Any, y: Any = None) -> tuple[Any, Any]:
        X, y = super()._initialize(X, y)
        optimizer = self.model_.optimizer
        # a slot of the table is called after it, as in adam/embedding_table_momentum
        self._table_slots = [
            v
            for v in optimizer.variables
            if "embedding_table" in v.path and v.shape == self.model_.table.shape
        ]
        slots = {id(v) for v in self._table_slots}
        self._other_variables = [v for v in optimizer.variables if id(v) not in slots]
        self._keras_rate = float(optimizer.learning_rate)
        self._initial_fills = [float(v.numpy().flat[0]) for v in self._table_slots]
        self._initial_others = [v.numpy() for v in self._other_variables]
        self._small_variables = [
            *(v for layer in self.model_.dense_layers for v in (layer.kernel, layer.bias)),
            *self._other_variables,
        ]
        self._loop = TrainingLoop(
            self.model_,
            optimizer,
            self._table_slots,
            self.key.shape,
            self.key.loss,
            clips=self.key.clips,
            drops=self.key.drops,
            sums=self.key.sums,
            decays=self.key.decays,
            freezes=self.key.freezes,
            program_key=self.key.text,
        )
        return X, y

    def _fit_keras_model(self, X: TrainingRun, y: Any, *args: Any, **kwargs: Any) -> None:
        run = X
        self._tables = self._load(run)
        self._steps: TrainingLoop | JointSteps = self._loop
        if run.cluster is not None:
            self._steps = JointSteps(self._loop, run.cluster, self._tables, self._small_variables)
        settings = run.settings
        self._rates = Rates(
            clip_norm=settings.clip_norm or 0.0,
            dropout=settings.dropout,
            embedding_l2=settings.embedding_l2,
            linear_l2=settings.linear_l2,
            decay=1 / settings.total_weight,
            linear_scale=run.network.linear_scale,
        ).packed(run.network.table.dtype)
        callbacks = self._keras_callbacks(run)
        try:
            self._train_epochs(run, callbacks)
            run.network = self._network(run)
            if run.settings.keep_optimizer or not run.finished:
                run.optimizer_state = self._optimizer_state(run)
        finally:  # the caller's callbacks must not hold a network that others will train
            self.callbacks = None
            self._fit_callbacks = []
            for callback in (callbacks, *callbacks.callbacks):
                callback.set_model(None)
        self.history_ = run.history

    def _train_epochs(self, run: TrainingRun, callbacks: keras.callbacks.CallbackList) -> None:
        hooks = BatchHooks(callbacks.callbacks)
        while not run.finished and (chunk := run.next_chunk()) is not None:
            if run.begins_epoch:
                run.begin_epoch()
                number = len(run.history["loss"])
                together(run.cluster, partial(callbacks.on_epoch_begin, number))
            ends_epoch = self._train_chunk(run, chunk, hooks)
            if ends_epoch:
                with told_of_validation(callbacks, run):
                    run.end_epoch(lambda: self._network(run))
                epoch, logs = run.last_epoch()
                together(run.cluster, partial(callbacks.on_epoch_end, epoch, logs))
                run.end_where_any_does(run.finished or self.model_.stop_training)
            if run.keeper is not None and not run.finished:
                run.keeper.after_chunk(run, chunk, lambda: self._trained(run))
        if run.finished:
            callbacks.on_train_end()

    def _train_chunk(self, run: TrainingRun, chunk: Chunk, hooks: BatchHooks) -> bool:
        """Train on a chunk, batch by batch if callbacks want that; whether the epoch has ended."""
        first_step, step = run.n_steps, 1 if hooks else chunk.n_batches
        if not self._steps.is_ready:
            run.begin_compiling()
        for start in range(0, chunk.n_batches, step):
            batches = slice(start, start + step)
            hooks.begin(run.n_epoch_steps)
            losses = self._steps(
                chunk,
                self._tables if run.shape.row_sparse else [],
                batches=batches,
                first_step=first_step,
                seed=run.settings.seed,
                rates=self._rates,
            )
            run.record(chunk.batch_rows[batches], losses)
            if hooks:
                told = partial(hooks.end, run.n_epoch_steps - 1, run.epoch_loss)
                together(run.cluster, told)
            if hooks and any_worker(run.cluster, self.model_.stop_training):
                self.model_.stop_training = True
                return True
        return chunk.ends_epoch

    def _keras_callbacks(self, run: TrainingRun) -> keras.callbacks.CallbackList:
        """The run's callbacks, which scikeras has checked and, where classes, made."""
        self.model_.stop_training = False
        if run.keras_callbacks is not None:  # the run comes from a program of another shape
            run.keras_callbacks.set_model(self.model_)
            return run.keras_callbacks
        self.callbacks = run.settings.callbacks
        self._fit_callbacks = []
        if self.callbacks:
            self._initialize_callbacks()
        run.keras_callbacks = keras.callbacks.CallbackList(self._fit_callbacks, model=self.model_)
        run.keras_callbacks.set_params({"epochs": run.settings.max_epochs, "verbose": 0})
        run.keras_callbacks.on_train_begin()
        return run.keras_callbacks

    def _load(self, run: TrainingRun) -> list[Any]:
        """Give all variables the run's values; returns the table and its slots, whole."""
        self._load_small_variables(run)
        if run.n_steps == 0:  # else the optimizer's state has it, as callbacks left it
            self._set_learning_rate(run.settings)
        arrays = self._padded_tables(run)
        if self.key.shape.row_sparse:
            return [tf.Variable(array) for array in arrays]
        variables = [self.model_.table, *self._table_slots]
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        return variables

    def _load_small_variables(self, run: TrainingRun) -> None:
        """Give the dense layers and the optimizer's other variables the run's values."""
        network, state = run.network, run.optimizer_state
        layers = zip(self.model_.dense_layers, network.kernels, network.biases, strict=True)
        weights = [
            (enlarged(kernel, np.zeros(layer.kernel.shape, kernel.dtype)), bias)
            for layer, kernel, bias in layers
        ]
        others = self._initial_others if state is None else state.others
        whole = map(enlarged, others, self._initial_others)
        self._assign([*chain.from_iterable(weights), *whole])

    def _padded_tables(self, run: TrainingRun) -> list[tf.Tensor]:
        """The table and its slots as the program takes them; slots that are new are filled."""
        network, state = run.network, run.optimizer_state
        n_rows, dim = self.key.shape.n_table_rows, network.embedding_dim
        missing, dtype = self.key.embedding_dim - dim, network.table.dtype.type

        def padded(rows: np.ndarray, fill: float) -> tf.Tensor:
            whole = padded_rows(rows, n_rows, dim, missing, dtype(fill))
            return as_tensors({"rows": whole})["rows"]

        table = padded(network.table, 0)
        if state is None:
            return [table, *(tf.fill(table.shape, dtype(fill)) for fill in self._initial_fills)]
        pairs = zip(state.table_slots, self._initial_fills, strict=True)
        return [table, *(padded(rows, fill) for rows, fill in pairs)]

    def _assign(self, values: list[np.ndarray]) -> None:
        """Give the variables that are neither the table nor its slots their values.

        By TensorFlow's operation: Keras' own assign takes 0.25 ms a variable, and holds up the
        thread that packs.
        """
        for variable, value in zip(self._small_variables, values, strict=True):
            value = tf.constant(value, variable.value.dtype)
            tf.raw_ops.AssignVariableOp(resource=variable.value.handle, value=value)

    def _set_learning_rate(self, settings: Settings) -> None:
        rate: Any = settings.learning_rate
        if rate is None and not isinstance(settings.optimizer, str):
            rate = settings.optimizer.get_config()["learning_rate"]
        if isinstance(rate, dict):
            return  # a schedule, which the copy of the optimizer has
        self.model_.optimizer.learning_rate = self._keras_rate if rate is None else rate

    def _network(self, run: TrainingRun) -> Network:
        """Copy the weights from the variables."""
        layers = self.model_.dense_layers
        n_inputs = len(run.network.kernels[0])
        kernels = [layer.kernel.numpy() for layer in layers]
        return replace(
            run.network,
            table=self._unpadded(self._tables[0], run.network),
            kernels=[kernels[0][:n_inputs], *kernels[1:]],
            biases=[layer.bias.numpy() for layer in layers],
        )

    def _optimizer_state(self, run: TrainingRun) -> OptimizerState:
        """Copy the optimizer's state from the variables."""
        slots = [self._unpadded(slot, run.network) for slot in self._tables[1:]]
        others = [variable.numpy() for variable in self._other_variables]
        return OptimizerState(slots, self._initial_fills, others)

    def _trained(self, run: TrainingRun) -> Trained:
        return Trained(self._network(run), self._optimizer_state(run))

    def _unpadded(self, variable: Any, network: Network) -> np.ndarray:
        """Values of the table or a slot without the padding."""
        return without_padding(variable.numpy(), network, self.key.embedding_dim)


_TRAINERS: IdlePool[KerasTrainer] = IdlePool(_MAX_IDLE_TRAINERS)


def train(run: TrainingRun) -> None:
    """Train `run` to its end; its network, history and counters then hold the result."""
    tensorflow()  # refuses forks
    if run.keeper is not None and run.keeper.begin(run):
        run.close()
        return  # it was trained before
    broken_off: FloatingPointError | RunCancelled | None = None
    # scikeras has transformers within
    with closing(run), config_context(transform_output="default"):
        run.begin_packing(as_tensors)
        while not run.finished and broken_off is None:
            key = ProgramKey.of(run)
            with _TRAINERS.borrow(key, _trainer_maker(key, run.settings)) as trainer:
                try:
                    trainer.fit(run, None)
                except (FloatingPointError, RunCancelled) as error:
                    broken_off = error  # raised when the trainer, which is sound, is back
    if broken_off is not None:
        raise broken_off
    if run.keeper is not None:
        run.keeper.end(run)


def _trainer_maker(key: ProgramKey, settings: Settings) -> Callable[[], KerasTrainer]:
    loss = keras_loss(settings.loss)
    return lambda: KerasTrainer(key, new_optimizer(settings.optimizer), loss)
