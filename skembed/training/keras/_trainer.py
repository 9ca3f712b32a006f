"""The bridge to Keras: the only module that imports keras and scikeras.

It is imported when an estimator is fitted. A trainer builds and compiles a Keras
network through scikeras and trains it with the compiled loop; trainers are kept
for the life of the process, so that epochs, folds and grid points share programs.
"""

from skembed.training.keras._tensorflow import tf  # sets TensorFlow up, so before Keras imports it

# isort: split
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import keras
import numpy as np
from scikeras.wrappers import BaseWrapper, KerasClassifier, KerasRegressor

from skembed.network._network import Network
from skembed.network._pooling import Pooling
from skembed.parallel._idle_pool import IdlePool
from skembed.training._batches import BatchShape, Chunk, aligned
from skembed.training._optimizers import is_elementwise, optimizer_identity
from skembed.training._run import OptimizerState, Settings, TrainingRun
from skembed.training.keras._loop import Rates, TrainingLoop, as_tensors, segment_sums

# TensorFlow never frees an XLA program (10-14 MB each), so forgetting one that may be wanted
# again would cost both its second compilation and the memory of both.
_MAX_IDLE_TRAINERS = 64
# Embedding dimensions below 16 are trained as the next multiple of this.
_DIM_STEP = 4
# What Keras calls a loss, where it is not what the loop calls it.
_KERAS_LOSSES = {
    "multilabel_crossentropy": "binary_crossentropy",
    "squared_error": "mean_squared_error",
    "absolute_error": "mean_absolute_error",
}


@dataclass(frozen=True)
class TrainerKey:
    """All that a compiled program depends on; the rest are its arguments."""

    shape: BatchShape
    embedding_dim: int  # padded, see `_padded_dim`
    n_linear: int
    layer_units: tuple[int, ...]
    activation: str
    dtype: str
    loss: str
    optimizer: str
    clips: bool
    drops: bool
    sums: bool
    decays: bool
    freezes: bool

    @classmethod
    def of(cls, run: TrainingRun) -> "TrainerKey":
        """Key of the program that trains `run` now."""
        network, settings = run.network, run.settings
        return cls(
            shape=run.shape,
            embedding_dim=_padded_dim(network, settings),
            n_linear=len(network.linear_scale),
            layer_units=tuple(len(bias) for bias in network.biases),
            activation=network.activation,
            dtype=network.table.dtype.name,
            loss=settings.loss,
            optimizer=optimizer_identity(settings.optimizer),
            clips=settings.clip_norm is not None,
            drops=settings.dropout > 0,
            sums=settings.loss_reduction == "sum",
            decays=run.decays,
            freezes=not settings.trains_embeddings,
        )


def _padded_dim(network: Network, settings: Settings) -> int:
    """Columns of the table as it is trained: small dimensions share programs.

    Columns and kernel rows of zeros have gradients of zero, so an optimizer that goes by
    elements leaves them zero, and the others as they would be. Whoever may look at the
    network (callbacks) or at more than an element (an optimizer) gets the true size, and
    so do fields, whose kernel rows lie side by side.
    """
    embedding_dim, one_field = network.embedding_dim, network.pooling.n_fields == 1
    if settings.callbacks or not is_elementwise(settings.optimizer) or not one_field:
        return embedding_dim
    return -(-embedding_dim // _DIM_STEP) * _DIM_STEP if embedding_dim < 16 else embedding_dim


class EmbeddingNetwork(keras.Model):
    """Embedding lookup with pooling, then dense layers; the last gives the logits."""

    def __init__(self, key: TrainerKey) -> None:
        super().__init__(dtype=key.dtype)
        shape = key.shape
        rows = shape.n_batch_rows if shape.row_sparse else shape.n_table_rows
        self.table = self.add_weight(
            shape=(rows, key.embedding_dim + key.n_linear),
            initializer="zeros",
            name="embedding_table",
        )
        self.n_linear = key.n_linear
        *hidden, last = key.layer_units
        self.dense_layers = [
            *(self._dense(units, key.activation, key.dtype) for units in hidden),
            self._dense(last, "linear", key.dtype),
        ]
        first = (key.embedding_dim + shape.sized) * shape.n_fields
        for layer, n_inputs in zip(self.dense_layers, (first, *key.layer_units), strict=False):
            layer.build((None, n_inputs))
        self.built = True

    @staticmethod
    def _dense(units: int, activation: str, dtype: str) -> keras.layers.Dense:
        return keras.layers.Dense(
            units, activation=activation, kernel_initializer="zeros", dtype=dtype
        )

    def embed(self, batch: dict[str, tf.Tensor], n_segments: int) -> tf.Tensor:
        """Pooled rows of the table (n_segments, width)."""
        ids, segments = (tf.cast(batch[name], tf.int32) for name in ("ids", "segments"))
        vectors = tf.gather(tf.convert_to_tensor(self.table), ids)
        if "values" in batch:
            vectors *= batch["values"][:, None]
        sums = segment_sums(vectors, segments, n_segments)
        return sums * batch["scales"][:, None] if "scales" in batch else sums


class KerasTrainer(BaseWrapper):
    """scikeras wrapper whose fit runs the compiled loop over the chunks of a training run.

    After the first fit the network, the optimizer and the program are used again:
    each fit begins by giving the variables the run's values.
    """

    def __init__(self, key: TrainerKey, optimizer: Any, loss: str) -> None:
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
        self._assign_small = tf.function(self._assign, autograph=False)
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
        )
        return X, y

    def _fit_keras_model(self, X: TrainingRun, y: Any, *args: Any, **kwargs: Any) -> None:
        run = X
        self._tables = self._load(run)
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
        while not run.finished and (chunk := run.next_chunk()) is not None:
            if run.begins_epoch:
                run.begin_epoch()
                callbacks.on_epoch_begin(len(run.history["loss"]))
            run.record(chunk, self._train_chunk(run, chunk))
            if chunk.ends_epoch:
                run.end_epoch(lambda: self._network(run))
                epoch, logs = run.last_epoch()
                callbacks.on_epoch_end(epoch, logs)
                run.finished = run.finished or self.model_.stop_training
        if run.finished:
            callbacks.on_train_end()

    def _train_chunk(self, run: TrainingRun, chunk: Chunk) -> np.ndarray:
        return self._loop(
            chunk,
            self._tables if run.shape.row_sparse else [],
            first_step=run.n_steps,
            seed=run.settings.seed,
            rates=self._rates,
        )

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
        network, state = run.network, run.optimizer_state
        n_rows, dim = self.key.shape.n_table_rows, network.embedding_dim
        missing = self.key.embedding_dim - dim
        layers = zip(self.model_.dense_layers, network.kernels, network.biases, strict=True)
        weights = [
            (_enlarged(kernel, np.zeros(layer.kernel.shape, kernel.dtype)), bias)
            for layer, kernel, bias in layers
        ]
        others = self._initial_others if state is None else state.others
        enlarged = map(_enlarged, others, self._initial_others)
        self._assign_small([*chain.from_iterable(weights), *enlarged])
        if run.n_steps == 0:  # else the optimizer's state has it, as callbacks left it
            self._set_learning_rate(run.settings)
        slots = state.table_slots if state is not None else [None] * len(self._table_slots)
        dtype = network.table.dtype.type
        arrays = [_padded(network.table, n_rows, dim, missing, dtype(0))]
        for rows, fill in zip(slots, self._initial_fills, strict=True):
            if rows is None:
                arrays.append(tf.fill(arrays[0].shape, dtype(fill)))
            else:
                arrays.append(_padded(rows, n_rows, dim, missing, dtype(fill)))
        if self.key.shape.row_sparse:
            return [tf.Variable(array) for array in arrays]
        variables = [self.model_.table, *self._table_slots]
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        return variables

    def _assign(self, values: list[tf.Tensor]) -> None:
        """Give the variables that are neither the table nor its slots their values.

        In one call: Keras' own assign takes 0.25 ms a variable, and holds up the thread that packs.
        """
        for variable, value in zip(self._small_variables, values, strict=True):
            variable.assign(value)

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
            table=self._cut(self._tables[0], run.network),
            kernels=[kernels[0][:n_inputs], *kernels[1:]],
            biases=[layer.bias.numpy() for layer in layers],
        )

    def _optimizer_state(self, run: TrainingRun) -> OptimizerState:
        """Copy the optimizer's state from the variables."""
        slots = [self._cut(slot, run.network) for slot in self._tables[1:]]
        others = [variable.numpy() for variable in self._other_variables]
        return OptimizerState(slots, self._initial_fills, others)

    def _cut(self, variable: Any, network: Network) -> np.ndarray:
        """Values of the table or a slot without the padding."""
        values = variable.numpy()[: len(network.table)]
        if values.shape[1] == network.table.shape[1]:
            return values
        kept = np.r_[: network.embedding_dim, self.key.embedding_dim : values.shape[1]]
        return values[:, kept]


def _padded(rows: np.ndarray, n_rows: int, dim: int, missing: int, fill: np.floating) -> tf.Tensor:
    """Rows with `missing` columns of `fill` behind the first `dim`, and rows of it below."""
    out = aligned((n_rows, rows.shape[1] + missing), rows.dtype)
    out[: len(rows), :dim] = rows[:, :dim]
    out[: len(rows), dim : dim + missing] = fill
    out[: len(rows), dim + missing :] = rows[:, dim:]
    out[len(rows) :] = fill
    return as_tensors({"rows": out})["rows"]


def _enlarged(value: np.ndarray, initial: np.ndarray) -> np.ndarray:
    """Copy of `initial` with `value`, which may be smaller, at its top left."""
    if np.shape(value) == np.shape(initial):
        return value
    out = initial.copy()
    out[tuple(slice(size) for size in value.shape)] = value
    return out


_TRAINERS: IdlePool[KerasTrainer] = IdlePool(_MAX_IDLE_TRAINERS)


def train(run: TrainingRun) -> None:
    """Train `run` to its end; its network, history and counters then hold the result."""
    divergence: FloatingPointError | None = None
    with closing(run):
        run.begin_packing(as_tensors)
        while not run.finished and divergence is None:
            key = TrainerKey.of(run)
            with _TRAINERS.borrow(key, _maker(key, run.settings)) as trainer:
                try:
                    trainer.fit(run, None)
                except FloatingPointError as error:
                    divergence = error  # raised when the trainer, which is sound, is back
    if divergence is not None:
        raise divergence


def _maker(key: TrainerKey, settings: Settings) -> Callable[[], KerasTrainer]:
    loss = _KERAS_LOSSES.get(settings.loss, settings.loss)
    return lambda: KerasTrainer(key, _new_optimizer(settings.optimizer), loss)


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


@keras.saving.register_keras_serializable(package="skembed")
class SparsePooling(keras.layers.Layer):
    """Pooled embeddings of rows of features: the product with the table, divided as asked.

    Parameters
    ----------
    embedding_dim : int
        Columns of the table.
    combiner : {"mean", "sum", "sqrtn"}
        How a row's vectors are pooled, see `EmbeddingDNNClassifier`.
    """

    def __init__(self, embedding_dim: int, combiner: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.embedding_dim = embedding_dim
        self.combiner = combiner

    def build(self, input_shape: tuple[int | None, int]) -> None:
        """Make the table, one row a feature."""
        shape = (input_shape[-1], self.embedding_dim)
        self.table = self.add_weight(shape=shape, initializer="zeros", name="embedding_table")

    def call(self, inputs: Any) -> tf.Tensor:
        """Pooled embeddings (n_rows, embedding_dim) of a dense or sparse tensor."""
        table = tf.convert_to_tensor(self.table)
        if isinstance(inputs, tf.SparseTensor):
            sums = tf.sparse.sparse_dense_matmul(inputs, table)
        else:
            sums = inputs @ table
        if self.combiner == "sum":
            return sums
        if self.combiner == "mean":
            return tf.math.divide_no_nan(sums, _row_sums(inputs, tf.abs))
        return tf.math.divide_no_nan(sums, tf.sqrt(_row_sums(inputs, tf.square)))

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        """Return the shape and type of the output, which is dense for sparse rows too."""
        return keras.KerasTensor((inputs.shape[0], self.embedding_dim), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor takes."""
        own = {"embedding_dim": self.embedding_dim, "combiner": self.combiner}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="skembed")
class FieldPooling(SparsePooling):
    """Pooled embeddings of each field of a row of features.

    Parameters
    ----------
    embedding_dim, combiner
        As for `SparsePooling`.
    fields : list of int
        Number of each feature's field.
    summed : list of bool
        Whether the vectors of each field are added up, whatever the combiner.
    joined : bool
        Whether the fields' vectors go side by side; if not, they are added up.
    """

    def __init__(
        self,
        embedding_dim: int,
        combiner: str,
        *,
        fields: list[int],
        summed: list[bool],
        joined: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(embedding_dim, combiner, **kwargs)
        self.fields, self.summed, self.joined = fields, summed, joined

    def call(self, inputs: Any) -> tf.Tensor:
        """Pooled embeddings (n_rows, n_fields * embedding_dim), or their sums over fields."""
        columns, values, total = _by_field(inputs, self.fields, len(self.summed))
        pooled = total(values * tf.gather(tf.convert_to_tensor(self.table), columns))
        if self.combiner != "sum":
            sizes = _field_sizes(values, total, self.combiner)
            added = tf.constant(self.summed)[None, :, None]
            pooled = tf.where(added, pooled, tf.math.divide_no_nan(pooled, sizes))
        if self.joined:
            return tf.reshape(pooled, (-1, len(self.summed) * self.embedding_dim))
        return tf.reduce_sum(pooled, axis=1)

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        """Return the shape and type of the output."""
        width = self.embedding_dim * (len(self.summed) if self.joined else 1)
        return keras.KerasTensor((inputs.shape[0], width), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor takes."""
        own = {"fields": self.fields, "summed": self.summed, "joined": self.joined}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="skembed")
class RowSizes(keras.layers.Layer):
    """Size of each field of a row of features: log(1 + what its combiner divides by).

    Parameters
    ----------
    combiner, fields, summed
        As for `FieldPooling`; the size of a field that is summed is 0.
    """

    def __init__(
        self, combiner: str, *, fields: list[int], summed: list[bool], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.combiner, self.fields, self.summed = combiner, fields, summed

    def call(self, inputs: Any) -> tf.Tensor:
        """Sizes (n_rows, n_fields) of a dense or sparse tensor."""
        _, values, total = _by_field(inputs, self.fields, len(self.summed))
        sizes = tf.math.log1p(_field_sizes(values, total, self.combiner))[:, :, 0]
        return tf.where(tf.constant(self.summed)[None, :], tf.zeros_like(sizes), sizes)

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        """Return the shape and type of the output."""
        return keras.KerasTensor((inputs.shape[0], len(self.summed)), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor takes."""
        own = {"combiner": self.combiner, "fields": self.fields, "summed": self.summed}
        return {**super().get_config(), **own}


def _by_field(
    inputs: Any, fields: list[int], n_fields: int
) -> tuple[tf.Tensor, tf.Tensor, Callable]:
    """Columns (n_entries,) and values (n_entries, 1), and what adds entries up by row and field."""
    if not isinstance(inputs, tf.SparseTensor):
        inputs = tf.sparse.from_dense(inputs)
    n_rows = tf.cast(inputs.dense_shape[0], tf.int32)
    rows, columns = tf.unstack(tf.cast(inputs.indices, tf.int32), axis=1)
    segments = rows * n_fields + tf.gather(tf.constant(fields, tf.int32), columns)

    def total(entries: tf.Tensor) -> tf.Tensor:
        sums = tf.math.unsorted_segment_sum(entries, segments, n_rows * n_fields)
        return tf.reshape(sums, (n_rows, n_fields, entries.shape[1]))

    return columns, inputs.values[:, None], total


def _field_sizes(values: tf.Tensor, total: Callable, combiner: str) -> tf.Tensor:
    """What the combiner divides each field (n_rows, n_fields, 1) by."""
    return tf.sqrt(total(values**2)) if combiner == "sqrtn" else total(tf.abs(values))


def _layout_of(pooling: Pooling) -> dict[str, list]:
    """The fields as a layer takes them: one for all features where there are none."""
    if (layout := pooling.layout) is None:
        return {}
    return {"fields": layout.numbers.tolist(), "summed": layout.summed.tolist()}


def _pooling_layer(width: int, pooling: Pooling, *, joined: bool, **kwargs: Any) -> SparsePooling:
    """Layer that pools as `pooling` does."""
    if pooling.layout is None:
        return SparsePooling(width, pooling.combiner, **kwargs)
    return FieldPooling(width, pooling.combiner, **_layout_of(pooling), joined=joined, **kwargs)


def _row_sums(inputs: Any, function: Callable) -> tf.Tensor:
    """Sum (n_rows, 1) of the function of each row's values."""
    if isinstance(inputs, tf.SparseTensor):
        ones = tf.ones((inputs.shape[1], 1), inputs.dtype)
        return tf.sparse.sparse_dense_matmul(tf.sparse.map_values(function, inputs), ones)
    return tf.reduce_sum(function(inputs), axis=1, keepdims=True)


def keras_model(network: Network, settings: Settings, link: str) -> keras.Model:
    """Compiled Keras model of sparse rows with the network's weights.

    `link` is the activation of the last layer: the model gives probabilities or means.
    """
    n_features, embedding_dim = len(network.table), network.embedding_dim
    dtype = network.table.dtype.name
    inputs = keras.Input((n_features,), dtype=dtype, sparse=True, name="features")
    pooling = _pooling_layer(
        embedding_dim, network.pooling, joined=True, dtype=dtype, name="pooling"
    )
    values = pooling(inputs)
    if network.sized:
        layout = _layout_of(network.pooling) or {"fields": [0] * n_features, "summed": [False]}
        sizes = RowSizes(network.pooling.combiner, **layout, dtype=dtype)
        values = keras.layers.Concatenate(dtype=dtype)([sizes(inputs), values])
    for bias in network.biases[:-1]:
        values = keras.layers.Dense(len(bias), network.activation, dtype=dtype)(values)
        if settings.dropout > 0:
            values = keras.layers.Dropout(settings.dropout, dtype=dtype)(values)
    last = keras.layers.Dense(len(network.biases[-1]), dtype=dtype)
    outputs = last(values)
    if n_linear := len(network.linear_scale):
        linear = _pooling_layer(n_linear, network.pooling, joined=False, dtype=dtype, name="linear")
        outputs = keras.layers.Add(dtype=dtype)([outputs, linear(inputs)])
    outputs = keras.layers.Activation(link, dtype=dtype)(outputs)
    model = keras.Model(inputs, outputs, name="skembed")
    pooling.set_weights([network.table[:, :embedding_dim]])
    if n_linear:
        linear.set_weights([network.table[:, embedding_dim:] * network.linear_scale])
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    for layer, kernel, bias in zip(dense, network.kernels, network.biases, strict=True):
        layer.set_weights([kernel, bias])
    optimizer = _new_optimizer(settings.optimizer)
    if settings.learning_rate is not None:
        optimizer.learning_rate = settings.learning_rate
    model.compile(optimizer, _KERAS_LOSSES.get(settings.loss, settings.loss))
    optimizer.build(model.trainable_variables)  # or Keras could save but not load the model
    return model


def scikeras_estimator(model: keras.Model, labels: np.ndarray | None, n_outputs: int) -> Any:
    """Fitted scikeras wrapper of a model: a classifier of `labels`, or a regressor."""
    X = np.zeros((max(2, n_outputs if labels is None else len(labels)), model.input_shape[1]))
    X = X.astype(model.input.dtype)
    if labels is not None:
        return KerasClassifier(model=model, verbose=0).initialize(X, labels)
    y = np.zeros((len(X), n_outputs))
    y[0] = 0.5  # not integers: scikeras tells classes from numbers by them
    return KerasRegressor(model=model, verbose=0).initialize(X, y[:, 0] if n_outputs == 1 else y)
