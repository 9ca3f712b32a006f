"""The Keras model that is trained."""

from skembed.training.keras._tensorflow import tf  # before keras, as it sets TensorFlow up

# isort: split
import keras

from skembed.training.keras._loop import segment_sums
from skembed.training.keras._program_key import ProgramKey


class EmbeddingNetwork(keras.Model):
    """Embedding lookup with pooling, then dense layers; the last gives the logits."""

    def __init__(self, key: ProgramKey) -> None:
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
        n_fields = shape.n_fields + shape.n_number_fields
        first = (key.embedding_dim + shape.sized) * n_fields
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

    def embed_numbers(self, batch: dict[str, tf.Tensor], n_fields: int) -> tf.Tensor:
        """Sums (n_rows, n_fields, width) of the table's rows, times the numbers of a field."""
        rows = tf.gather(tf.convert_to_tensor(self.table), batch["number_ids"])
        rows = tf.reshape(rows, [n_fields, -1, rows.shape[1]])
        numbers = tf.reshape(batch["numbers"], [-1, n_fields, rows.shape[1]])
        return tf.einsum("bfs,fsw->bfw", numbers, rows)
