"""Keras layers of exported models: they take rows of features, dense or sparse."""

from skembed.training.keras._tensorflow import tf  # before keras, as it sets TensorFlow up

# isort: split
from collections.abc import Callable
from typing import Any

import keras


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


def _row_sums(inputs: Any, function: Callable) -> tf.Tensor:
    """Sum (n_rows, 1) of the function of each row's values."""
    if isinstance(inputs, tf.SparseTensor):
        ones = tf.ones((inputs.shape[1], 1), inputs.dtype)
        return tf.sparse.sparse_dense_matmul(tf.sparse.map_values(function, inputs), ones)
    return tf.reduce_sum(function(inputs), axis=1, keepdims=True)
