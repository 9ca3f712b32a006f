"""Many minibatches in one XLA program: the training loop in TensorFlow.

The Keras network and optimizer come from the trainer; nothing here imports Keras.
"""

import math
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
        variables = [*network.variables, *optimizer.variables]
        self._program = CompiledProgram(self._run, [v.value for v in variables], program_key)

    @property
    def is_ready(self) -> bool:
        """Whether the program has been compiled."""
        return self._program.is_ready

    def __call__(
        self,
        chunk: Chunk,
        tables: list[tf.Variable],
        *,
        batches: slice,
        first_step: int,
        seed: int,
        rates: tf.Tensor,
    ) -> Any:
        """Train on some batches of `chunk`, tensors; returns their losses, float (n_batches,).

        `first_step` is the number of the chunk's first step, `rates` are `Rates.packed`.
        """
        counters = tf.constant([batches.start, batches.stop, first_step, seed], tf.int32)
        losses = self._program(counters, rates, chunk.arrays, tables)
        return losses.numpy()[batches]

    def _run(
        self, counters: tf.Tensor, packed: tf.Tensor, batches: Tensors, tables: list[tf.Variable]
    ) -> tf.Tensor:
        first, end, first_step, seed = tf.unstack(counters)
        rates = Rates.unpacked(packed)

        def step(i: tf.Tensor, losses: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            batch = {name: array[i] for name, array in batches.items()}
            self._load(batch, tables)
            loss = self._train_step(batch, rates, [seed, first_step + i])
            self._store(batch, tables)
            return i + 1, tf.tensor_scatter_nd_update(losses, [[i]], [loss])

        start = first, tf.zeros(self._shape.n_batches, self._network.table.dtype)
        return tf.while_loop(lambda i, _: i < end, step, start)[1]

    def _load(self, batch: Tensors, tables: list[tf.Variable]) -> None:
        for rows, table in zip(self._rows, tables, strict=False):
            rows.assign(tf.gather(table, batch["rows"]))

    def _store(self, batch: Tensors, tables: list[tf.Variable]) -> None:
        for rows, table in zip(self._rows, tables, strict=False):
            table.scatter_nd_update(batch["rows"][:, None], tf.convert_to_tensor(rows))

    def _train_step(self, batch: Tensors, rates: Rates, seed: list[tf.Tensor]) -> tf.Tensor:
        variables = self._network.trainable_variables  # the table is the first
        with tf.GradientTape() as tape:
            logits = self._logits(batch, rates, seed)
            loss = tf.reduce_sum(
                self._loss(logits, self._targets(batch, logits.shape)) * batch["weights"]
            )
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]
        if self._decays:
            gradients[0] += self._penalty_gradient(batch, rates)
        if self._freezes:
            gradients[0] *= self._per_column(tf.zeros_like(rates.dropout), 1.0)
        if self._clips:
            gradients, _ = tf.clip_by_global_norm(gradients, rates.clip_norm)
        if self._sums:
            gradients = [gradient * batch["batch_rows"] for gradient in gradients]
        self._optimizer.apply(gradients, variables)
        return loss

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

    def _logits(self, batch: Tensors, rates: Rates, seed: list[tf.Tensor]) -> tf.Tensor:
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
                layer_seed = [seed[0] + number * 1_000_003, seed[1]]
                values = _drop(values, rates.dropout, layer_seed)
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


def _drop(values: tf.Tensor, rate: tf.Tensor, seed: list[tf.Tensor]) -> tf.Tensor:
    """Zero a share `rate` of the values, drawn by `seed`, and scale the others up."""
    kept = _uniform(values.shape, seed, values.dtype) >= rate
    return tf.where(kept, values / (1 - rate), tf.zeros((), values.dtype))


def _uniform(shape: Any, seed: list[tf.Tensor], dtype: tf.DType) -> tf.Tensor:
    """Numbers from [0, 1): the hashed places of the elements, keyed by two integers.

    tf.random.stateless_uniform takes a hundred times as long in a compiled program, many
    times the rest of a step.
    """
    first, second = (tf.cast(number, tf.uint32) for number in seed)
    key = _hashed(first + _hashed(second * _SPREAD))
    places = tf.range(math.prod(shape), dtype=tf.int32)
    words = _hashed(tf.cast(places, tf.uint32) * _SPREAD + key)
    numbers = tf.cast(tf.bitwise.right_shift(words, np.uint32(8)), dtype)  # 24 bits: exact
    return tf.reshape(numbers * tf.constant(2.0**-24, dtype), shape)


def _hashed(words: tf.Tensor) -> tf.Tensor:
    """The finalizer of MurmurHash3 (Appleby, 2011): each bit depends on all bits."""
    for shift, factor in (16, 0x85EBCA6B), (13, 0xC2B2AE35):
        words = tf.bitwise.bitwise_xor(words, tf.bitwise.right_shift(words, np.uint32(shift)))
        words *= np.uint32(factor)
    return tf.bitwise.bitwise_xor(words, tf.bitwise.right_shift(words, np.uint32(16)))
