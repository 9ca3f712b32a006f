"""The bridge to Keras: the only module that imports keras and scikeras.

It is imported when an estimator is fitted. A trainer builds and compiles a Keras
network through scikeras and trains it with the compiled loop; trainers are kept
for the life of the process, so that epochs, folds and grid points share programs.
"""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scikeras.wrappers import BaseWrapper

from skembed._idle import IdlePool
from skembed._loop import TrainingLoop
from skembed._network import Network
from skembed._optimizers import default_learning_rate
from skembed._packing import BatchShape
from skembed._run import OptimizerState, Settings, TrainingRun

_MAX_IDLE_TRAINERS = 16


@dataclass(frozen=True)
class TrainerKey:
    """All that a compiled program depends on; the rest are its arguments."""

    shape: BatchShape
    embedding_dim: int
    layer_units: tuple[int, ...]
    activation: str
    dtype: str
    loss: str
    optimizer: str
    clips: bool
    drops: bool
    sums: bool

    @classmethod
    def of(cls, run: TrainingRun) -> "TrainerKey":
        """Key of the program that trains `run` now."""
        network, settings = run.network, run.settings
        return cls(
            shape=run.shape,
            embedding_dim=network.table.shape[1],
            layer_units=tuple(len(bias) for bias in network.biases),
            activation=network.activation,
            dtype=network.table.dtype.name,
            loss=settings.loss,
            optimizer=_optimizer_identity(settings.optimizer),
            clips=settings.clip_norm is not None,
            drops=settings.dropout > 0,
            sums=settings.loss_reduction == "sum",
        )


class EmbeddingNetwork(keras.Model):
    """Embedding lookup with pooling, then dense layers; the last gives the logits."""

    def __init__(self, key: TrainerKey) -> None:
        super().__init__(dtype=key.dtype)
        shape = key.shape
        rows = shape.n_batch_rows if shape.row_sparse else shape.n_table_rows
        self.table = self.add_weight(
            shape=(rows, key.embedding_dim), initializer="zeros", name="embedding_table"
        )
        *hidden, last = key.layer_units
        self.dense_layers = [
            *(self._dense(units, key.activation, key.dtype) for units in hidden),
            self._dense(last, "linear", key.dtype),
        ]
        for layer, n_inputs in zip(
            self.dense_layers, (key.embedding_dim, *key.layer_units), strict=False
        ):
            layer.build((None, n_inputs))
        self.built = True

    @staticmethod
    def _dense(units: int, activation: str, dtype: str) -> keras.layers.Dense:
        return keras.layers.Dense(
            units, activation=activation, kernel_initializer="zeros", dtype=dtype
        )

    def embed(
        self, ids: tf.Tensor, segments: tf.Tensor, values: tf.Tensor, n_rows: int
    ) -> tf.Tensor:
        """Pooled embeddings (n_rows, embedding_dim); entries of segment n_rows are padding."""
        vectors = tf.gather(tf.convert_to_tensor(self.table), ids) * values[:, None]
        return tf.math.unsorted_segment_sum(vectors, segments, n_rows + 1)[:n_rows]

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor, tf.Tensor, int]) -> tf.Tensor:
        """Logits (n_rows, n_outputs) of (ids, segments, values, n_rows)."""
        values = self.embed(*inputs)
        for layer in self.dense_layers:
            values = layer(values)
        return values


class KerasTrainer(BaseWrapper):
    """scikeras wrapper whose fit runs the compiled loop over the chunks of a training run.

    After the first fit the network, the optimizer and the program are used again:
    each fit begins by giving the variables the run's values.
    """

    def __init__(self, key: TrainerKey, optimizer: Any, loss: str) -> None:
        super().__init__(optimizer=optimizer, loss=loss, warm_start=True, verbose=0)
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
        self._loop = TrainingLoop(
            self.model_,
            optimizer,
            self._table_slots,
            self.key.shape,
            self.key.loss,
            clips=self.key.clips,
            drops=self.key.drops,
            sums=self.key.sums,
        )
        return X, y

    def _fit_keras_model(self, X: TrainingRun, y: Any, *args: Any, **kwargs: Any) -> None:
        run, settings = X, X.settings
        tables = self._load(run)
        while not run.finished and (chunk := run.next_chunk()) is not None:
            losses = self._loop(
                chunk,
                tables if run.shape.row_sparse else [],
                first_step=run.n_steps,
                seed=settings.seed,
                clip_norm=settings.clip_norm or 0.0,
                dropout=settings.dropout,
            )
            run.record(chunk, losses)
            if chunk.ends_epoch:
                if run.on_epoch is not None:
                    self._store(run, tables)
                run.end_epoch()
        self._store(run, tables)
        self.history_ = run.history

    def _load(self, run: TrainingRun) -> list[Any]:
        """Give all variables the run's values; returns the table and its slots, whole."""
        network, state = run.network, run.optimizer_state
        n_used, size = len(network.table), self.key.shape.n_table_rows
        for layer, kernel, bias in zip(
            self.model_.dense_layers, network.kernels, network.biases, strict=True
        ):
            layer.kernel.assign(kernel)
            layer.bias.assign(bias)
        others = self._initial_others if state is None else state.others
        for variable, value in zip(self._other_variables, others, strict=True):
            variable.assign(value)
        self._set_learning_rate(run.settings)
        shape = (size - n_used, network.table.shape[1])
        arrays = [_stacked(network.table, np.zeros(shape, network.table.dtype))]
        for number, fill in enumerate(self._initial_fills):
            rows = n_used if state is None else 0
            padding = np.full((rows + shape[0], shape[1]), fill, network.table.dtype)
            arrays.append(
                padding if state is None else _stacked(state.table_slots[number], padding)
            )
        if self.key.shape.row_sparse:
            return [tf.Variable(array) for array in arrays]
        variables = [self.model_.table, *self._table_slots]
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        return variables

    def _set_learning_rate(self, settings: Settings) -> None:
        rate = settings.learning_rate or default_learning_rate(settings.optimizer)
        if rate is None and not isinstance(settings.optimizer, str):
            rate = settings.optimizer.get_config()["learning_rate"]
        if isinstance(rate, dict):
            return  # a schedule, which the copy of the optimizer has
        self.model_.optimizer.learning_rate = self._keras_rate if rate is None else rate

    def _store(self, run: TrainingRun, tables: list[Any]) -> None:
        """Copy weights and optimizer state from the variables to the run."""
        n_used = len(run.network.table)
        table, *slots = (variable.numpy()[:n_used] for variable in tables)
        layers = self.model_.dense_layers
        run.network = Network(
            table,
            [layer.kernel.numpy() for layer in layers],
            [layer.bias.numpy() for layer in layers],
            run.network.activation,
            run.network.combiner,
        )
        others = [variable.numpy() for variable in self._other_variables]
        run.optimizer_state = OptimizerState(slots, self._initial_fills, others)


def _stacked(rows: np.ndarray, padding: np.ndarray) -> np.ndarray:
    return np.concatenate([rows, padding])


_TRAINERS: IdlePool[KerasTrainer] = IdlePool(_MAX_IDLE_TRAINERS)


def train(run: TrainingRun) -> None:
    """Train `run` to its end; its network, history and counters then hold the result."""
    with closing(run):
        while not run.finished:
            key = TrainerKey.of(run)
            with _TRAINERS.borrow(key, _maker(key, run.settings)) as trainer:
                trainer.fit(run, None)


def _maker(key: TrainerKey, settings: Settings) -> Callable[[], KerasTrainer]:
    return lambda: KerasTrainer(key, _new_optimizer(settings.optimizer), settings.loss)


def _new_optimizer(optimizer: Any) -> Any:
    """Copy an optimizer, so that the caller's never holds our variables."""
    if isinstance(optimizer, str):
        return _optimizer_class(optimizer)()
    return type(optimizer).from_config(optimizer.get_config())


def _optimizer_class(name: str) -> type:
    classes = {
        key.lower(): value
        for key, value in vars(keras.optimizers).items()
        if isinstance(value, type) and value is not keras.optimizers.Optimizer
    }
    if name.lower() not in classes:
        raise ValueError(
            f"optimizer={name!r} is not a Keras optimizer; name one of {sorted(classes)} or pass "
            "an instance."
        )
    return classes[name.lower()]


def _optimizer_identity(optimizer: Any) -> str:
    """Text that is equal for optimizers that compile to the same program."""
    if isinstance(optimizer, str):
        return optimizer.lower()
    config = optimizer.get_config()
    if not isinstance(config["learning_rate"], dict):
        del config["learning_rate"]  # an argument of the program, unlike a schedule
    kind = f"{type(optimizer).__module__}.{type(optimizer).__qualname__}"
    return kind + json.dumps(config, sort_keys=True, default=repr)
