"""Many minibatches in one XLA program: the training loop in TensorFlow.

The Keras network and optimizer come from the trainer; nothing here imports Keras.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from skembed.training._batch_shape import BatchShape
from skembed.training._batches import Chunk
from skembed.training.keras._compiled_program import CompiledProgram
from skembed.training.keras._losses import LOSSES
from skembed.training.keras._tensorflow import tf

_SPREAD = np.uint32(0x9E3779B1)  # odd, with bits all over: neighbours become far apart

Tensors = dict[str, tf.Tensor]


class Rates(NamedTuple):
    """Numbers that a compiled program takes, in the program or outside it."""

    clip_norm: Any
    dropout: Any
    embedding_l2: Any
    linear_l2: Any
    decay: Any  # factor of the penalties' gradient where all rows are updated
    linear_scale: Any  # (n_linear,)

    def packed(self, dtype: Any) -> tf.Tensor:
        """All numbers in one tensor: each argument of a call takes its time."""
        return tf.constant(np.hstack(self), dtype)

    @classmethod
    def unpacked(cls, packed: tf.Tensor) -> "Rates":
        """The numbers that `packed` has put together."""
        n_scalars = len(cls._fields) - 1
        return cls._make([*tf.unstack(packed[:n_scalars]), packed[n_scalars:]])


class RowPlaces(NamedTuple):
    """Which rows of a batch those of a part are: `first`, and each further one of `stride`."""

    stride: Any
    first: Any


WHOLE = RowPlaces(1, 0)


class Draws(NamedTuple):
    """What the hidden units that are dropped in a step depend on."""

    seed: Any
    step: Any
    stride: Any
    first: Any


class TrainingLoop:
    """A compiled program that trains `network` on a chunk of batches.

    With a row-sparse shape the network's table holds only the rows that a batch
    touches: each step loads these rows, and those of the optimizer's slots, from
    the whole `tables` and stores them back, so a step costs what its batch touches.

    Parameters
    ----------
    network : keras.Model
        With `table`, the first of its variables, whose last `n_linear` columns are added to
        the logits, `embed(batch, n_segments)` and `dense_layers`.
    optimizer : keras.optimizers.Optimizer
        Built on the network's trainable variables.
    table_slots : list of keras.Variable
        The optimizer's variables that have the table's shape.
    shape : BatchShape
        Shape of the chunks.
    loss : str
        Name in `LOSSES`.
    clips, drops, sums, decays, freezes : bool
        Whether gradients are clipped, hidden units dropped, the gradient of a batch's
        mean loss, clipped, multiplied by its rows, the table's weights penalized, and
        the embeddings left as they are. The numbers are arguments of a call.
    program_key : str or None
        All that the program depends on, see `CompiledProgram`.
    """

    def __init__(
        self,
        network: Any,
        optimizer: Any,
        table_slots: list[Any],
        shape: BatchShape,
        loss: str,
        *,
        clips: bool,
        drops: bool,
        sums: bool,
        decays: bool,
        freezes: bool,
        program_key: str | None,
    ) -> None:
        self._network = network
        self._optimizer = optimizer
        self._shape = shape
        self._rows = [network.table, *table_slots]
        self._loss = LOSSES[loss]
        self._clips = clips
        self._drops = drops
        self._sums = sums
        self._decays = decays
        self._freezes = freezes
        variables = [v.value for v in (*network.variables, *optimizer.variables)]
        self._program = CompiledProgram(self._run, variables, program_key)

        def of_one_step(name: str, function: Callable) -> CompiledProgram:
            key = None if program_key is None else f"{name} of {program_key}"
            return CompiledProgram(function, variables, key)

        self._gradient_program = of_one_step("gradients", self._run_gradients)
        self._update_program = of_one_step("update", self._run_update)

    @property
    def is_ready(self) -> bool:
        """Whether a program has been compiled."""
        return self._program.is_ready or self._update_program.is_ready

    def __call__(
        self,
        chunk: Chunk,
        tables: list[tf.Variable],
        *,
        batches: slice,
        first_step: int,
        seed: int,
        rates: tf.Tensor,
        places: RowPlaces = WHOLE,
    ) -> np.ndarray:
        """Train on some batches of `chunk`, tensors; returns their losses, float (n_batches,).

        `first_step` is the number of the chunk's first step, `rates` are `Rates.packed`.
        """
        counters = tf.constant([batches.start, batches.stop, first_step, seed, *places], tf.int32)
        losses = self._program(counters, rates, chunk.arrays, tables)
        return losses.numpy()[batches]

    def gradients(
        self,
        chunk: Chunk,
        tables: list[tf.Variable],
        *,
        batch: int,
        first_step: int,
        seed: int,
        rates: tf.Tensor,
        places: RowPlaces,
    ) -> tf.Tensor:
        """Gradients of the loss of one batch, and the loss, in one vector (n_numbers,)."""
        counters = tf.constant([batch, batch + 1, first_step, seed, *places], tf.int32)
        return self._gradient_program(counters, rates, chunk.arrays, tables)

    def update(
        self,
        gradients: tf.Tensor,
        chunk: Chunk,
        tables: list[tf.Variable],
        *,
        batch: int,
        rates: tf.Tensor,
    ) -> tf.Tensor:
        """Make a step by the gradients of a batch that `gradients` was called for; its loss."""
        return self._update_program(
            tf.constant(batch, tf.int32), rates, gradients, chunk.arrays, tables
        )

    def _run(
        self, counters: tf.Tensor, packed: tf.Tensor, batches: Tensors, tables: list[tf.Variable]
    ) -> tf.Tensor:
        first, end, first_step, seed, *places = tf.unstack(counters)
        rates = Rates.unpacked(packed)

        def step(i: tf.Tensor, losses: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            batch = {name: array[i] for name, array in batches.items()}
            self._load(batch, tables)
            draws = Draws(seed, first_step + i, *places)
            loss, gradients = self._loss_gradients(batch, rates, draws)
            self._apply(gradients, batch, rates)
            self._store(batch, tables)
            return i + 1, tf.tensor_scatter_nd_update(losses, [[i]], [loss])

        start = first, tf.zeros(self._shape.n_batches, self._network.table.dtype)
        return tf.while_loop(lambda i, _: i < end, step, start)[1]

    def _run_gradients(
        self, counters: tf.Tensor, packed: tf.Tensor, batches: Tensors, tables: list[tf.Variable]
    ) -> tf.Tensor:
        i, _, first_step, seed, *places = tf.unstack(counters)
        batch = _batch(batches, i)
        self._load(batch, tables)
        draws = Draws(seed, first_step + i, *places)
        loss, gradients = self._loss_gradients(batch, Rates.unpacked(packed), draws)
        return tf.concat([*(tf.reshape(g, [-1]) for g in gradients), loss[None]], axis=0)

    def _run_update(
        self,
        i: tf.Tensor,
        packed: tf.Tensor,
        flat: tf.Tensor,
        batches: Tensors,
        tables: list[tf.Variable],
    ) -> tf.Tensor:
        batch = _batch(batches, i)
        shapes = [variable.shape for variable in self._network.trainable_variables]
        *parts, loss = tf.split(flat, [*(shape.num_elements() for shape in shapes), 1])
        gradients = [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]
        self._apply(gradients, batch, Rates.unpacked(packed))
        self._store(batch, tables)
        return loss[0]

    def _load(self, batch: Tensors, tables: list[tf.Variable]) -> None:
        for rows, table in zip(self._rows, tables, strict=False):
            rows.assign(tf.gather(table, batch["rows"]))

    def _store(self, batch: Tensors, tables: list[tf.Variable]) -> None:
        for rows, table in zip(self._rows, tables, strict=False):
            table.scatter_nd_update(batch["rows"][:, None], tf.convert_to_tensor(rows))

    def _loss_gradients(
        self, batch: Tensors, rates: Rates, draws: Draws
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Loss of a batch, and its gradients by the trainable variables."""
        with tf.GradientTape() as tape:
            logits = self._logits(batch, rates, draws)
            loss = tf.reduce_sum(
                self._loss(logits, self._targets(batch, logits.shape)) * batch["weights"]
            )
        found = tape.gradient(loss, self._network.trainable_variables)  # the table is the first
        return loss, [tf.convert_to_tensor(gradient) for gradient in found]

    def _apply(self, gradients: list[tf.Tensor], batch: Tensors, rates: Rates) -> None:
        """Make a step by the gradients of a batch's loss."""
        if self._decays:
            gradients[0] += self._penalty_gradient(batch, rates)
        if self._freezes:
            gradients[0] *= self._per_column(tf.zeros_like(rates.dropout), 1.0)
        if self._clips:
            gradients, _ = tf.clip_by_global_norm(gradients, rates.clip_norm)
        if self._sums:
            gradients = [gradient * batch["batch_rows"] for gradient in gradients]
        self._optimizer.apply(gradients, self._network.trainable_variables)

    def _targets(self, batch: Tensors, shape: tf.TensorShape) -> tf.Tensor:
        """Targets of the rows, dense; `shape` is that of the logits."""
        if not self._shape.n_target_entries:
            return batch["targets"]
        places = tf.stack([batch["target_rows"], batch["target_ids"]], axis=1)
        dense = tf.scatter_nd(places, batch["target_values"], [shape[0] + 1, shape[1]])
        return dense[:-1]  # the last row is padding

    def _penalty_gradient(self, batch: Tensors, rates: Rates) -> tf.Tensor:
        """Gradient of the penalties on the rows of the table that are trained."""
        scale = tf.square(rates.linear_scale)
        factors = self._per_column(rates.embedding_l2, rates.linear_l2 * scale)
        rows = tf.convert_to_tensor(self._network.table) * factors
        return rows * (batch["decay"][:, None] if "decay" in batch else rates.decay)

    def _per_column(self, embedding: tf.Tensor, linear: Any) -> tf.Tensor:
        """Numbers of the table's columns: one for the embeddings', one for each linear one."""
        n_linear = self._network.n_linear
        width = self._network.table.shape[1]
        linear = tf.zeros(n_linear, embedding.dtype) + linear
        return tf.concat([tf.fill([width - n_linear], embedding), linear], axis=0)

    def _logits(self, batch: Tensors, rates: Rates, draws: Draws) -> tf.Tensor:
        values, linear = self._pooled_inputs(batch)
        if self._shape.sized:
            sizes = tf.reshape(batch["sizes"], [self._shape.batch_size, -1])
            if self._shape.n_number_fields:
                sizes = tf.pad(sizes, [[0, 0], [0, self._shape.n_number_fields]])
            values = tf.concat([sizes, values], axis=1)
        *hidden, last = self._network.dense_layers
        for number, layer in enumerate(hidden):
            values = layer(values)
            if self._drops:
                # keras.layers.Dropout costs ten times a small step: its seed generator
                of_layer = draws._replace(seed=draws.seed + number * 1_000_003)
                values = _drop(values, rates.dropout, of_layer)
        logits = last(values)
        if linear is not None:
            logits += linear * rates.linear_scale
        return logits + batch["offsets"] if self._shape.offset else logits

    def _pooled_inputs(self, batch: Tensors) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Embeddings (batch_size, n_inputs) of the rows, and sums of the linear columns, if any."""
        shape, n_linear = self._shape, self._network.n_linear
        pooled = self._network.embed(batch, shape.n_segments)
        values = pooled[:, : pooled.shape[1] - n_linear] if n_linear else pooled
        linear = pooled[:, -n_linear:] if n_linear else None
        if shape.n_fields > 1:  # a row's segments side by side
            values = tf.reshape(values, [shape.batch_size, -1])
            if n_linear:
                by_field = [shape.batch_size, shape.n_fields, n_linear]
                linear = tf.reduce_sum(tf.reshape(linear, by_field), axis=1)
        if shape.n_number_fields:
            numbers = self._network.embed_numbers(batch, shape.n_number_fields)
            dim = numbers.shape[2] - n_linear
            side_by_side = tf.reshape(numbers[:, :, :dim], [shape.batch_size, -1])
            values = tf.concat([values, side_by_side], axis=1)
            if n_linear:
                linear += tf.reduce_sum(numbers[:, :, dim:], axis=1)
        return values, linear


def segment_sums(vectors: tf.Tensor, segments: tf.Tensor, n_segments: int) -> tf.Tensor:
    """Sums (n_segments, width) of the vectors (n_entries, width) of each segment.

    Those of a further segment, which are padding, have no sum and a gradient of zero.
    TensorFlow's own gradient asks of each entry whether its segment is there.
    """

    @tf.custom_gradient
    def summed(vectors: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        sums = tf.math.unsorted_segment_sum(vectors, segments, n_segments + 1)

        def gradient(of_sums: tf.Tensor) -> tf.Tensor:
            # by an update, as XLA would ask for the place of each entry in what was padded
            padded = tf.zeros((n_segments + 1, vectors.shape[1]), vectors.dtype)
            places = tf.range(n_segments)[:, None]
            return tf.gather(tf.tensor_scatter_nd_update(padded, places, of_sums), segments)

        return sums[:n_segments], gradient

    return summed(vectors)


def as_tensors(arrays: dict[str, Any]) -> Tensors:
    """The arrays as tensors of the same memory."""
    share = tf.experimental.dlpack.from_dlpack
    return {name: share(array.__dlpack__()) for name, array in arrays.items()}


def _batch(batches: Tensors, i: tf.Tensor) -> Tensors:
    """Arrays of one batch, outside of loops: there XLA would take `array[i]` for a constant place.

    It would compile the program anew for each batch.
    """
    return {name: tf.gather(array, i) for name, array in batches.items()}


def _drop(values: tf.Tensor, rate: tf.Tensor, draws: Draws) -> tf.Tensor:
    """Zero a share `rate` of the values, drawn at random, and scale the others up."""
    kept = _uniform(values.shape, draws, values.dtype) >= rate
    return tf.where(kept, values / (1 - rate), tf.zeros((), values.dtype))


def _uniform(shape: Any, draws: Draws, dtype: tf.DType) -> tf.Tensor:
    """Numbers (n_rows, width) from [0, 1): the elements' places, hashed with seed and step.

    tf.random.stateless_uniform takes a hundred times as long in a compiled program, many
    times the rest of a step.
    """
    seed, step = (tf.cast(number, tf.uint32) for number in (draws.seed, draws.step))
    key = _hashed(seed + _hashed(step * _SPREAD))
    rows = tf.range(shape[0], dtype=tf.int32) * draws.stride + draws.first
    places = rows[:, None] * shape[1] + tf.range(shape[1], dtype=tf.int32)
    words = _hashed(tf.cast(places, tf.uint32) * _SPREAD + key)
    numbers = tf.cast(tf.bitwise.right_shift(words, np.uint32(8)), dtype)  # 24 bits: exact
    return numbers * tf.constant(2.0**-24, dtype)


def _hashed(words: tf.Tensor) -> tf.Tensor:
    """The finalizer of MurmurHash3 (Appleby, 2011): each bit depends on all bits."""
    for shift, factor in (16, 0x85EBCA6B), (13, 0xC2B2AE35):
        words = tf.bitwise.bitwise_xor(words, tf.bitwise.right_shift(words, np.uint32(shift)))
        words *= np.uint32(factor)
    return tf.bitwise.bitwise_xor(words, tf.bitwise.right_shift(words, np.uint32(16)))
