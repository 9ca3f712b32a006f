"""WideMLP: one wide hidden layer on tf-idf (Galke and Scherp, 2022), trained by Keras.

1,024 units, ReLU, a dropout of one half, Adam at 0.001. Batches have 128 rows in place of 16, which
is much faster, and a tenth of the rows says when to end in place of 100 epochs.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.model_selection import train_test_split

# Columns beyond which the weights and Adam's moments do not fit into memory, or hours.
MOST_COLUMNS = 50_000
_N_UNITS, _DROPOUT, _LEARNING_RATE = 1024, 0.5, 0.001
_BATCH_ROWS, _MOST_EPOCHS, _PATIENCE = 128, 100, 2


class WideMLP(BaseEstimator):
    """For classes, or for sets of labels if `labels`."""

    def __init__(self, *, labels: bool = False, seed: int = 0) -> None:
        self.labels = labels
        self.seed = seed

    def fit(self, X: sp.csr_matrix, y: np.ndarray) -> "WideMLP":
        """Weight the columns, and train until the rows held out have had their lowest loss."""
        import keras

        keras.utils.set_random_seed(self.seed)
        self.weighting_ = TfidfTransformer().fit(X)
        n_outputs = y.shape[1] if self.labels else int(y.max()) + 1
        loss, link = (
            ("binary_crossentropy", "sigmoid")
            if self.labels
            else ("sparse_categorical_crossentropy", "softmax")
        )
        self.model_ = keras.Sequential(
            [
                keras.Input((X.shape[1],), sparse=True),
                keras.layers.Dense(_N_UNITS, activation="relu"),
                keras.layers.Dropout(_DROPOUT),
                keras.layers.Dense(n_outputs, activation=link),
            ]
        )
        self.model_.compile(keras.optimizers.Adam(_LEARNING_RATE), loss)
        train, held_out = train_test_split(
            np.arange(len(y)), test_size=0.1, random_state=self.seed, stratify=self._strata(y)
        )
        weighted = self.weighting_.transform(X).astype(np.float32)
        stop = keras.callbacks.EarlyStopping(patience=_PATIENCE, restore_best_weights=True)
        rng = np.random.default_rng(self.seed)
        self.model_.fit(
            _batches(weighted[train], y[train], rng),
            validation_data=_batches(weighted[held_out], y[held_out]),
            epochs=_MOST_EPOCHS,
            callbacks=[stop],
            shuffle=False,  # the batches come in a new order anyway
            verbose=0,
        )
        return self

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        return None if self.labels else y

    def predict_proba(self, X: sp.csr_matrix) -> np.ndarray:
        """Predict probabilities."""
        weighted = self.weighting_.transform(X).astype(np.float32)
        return self.model_.predict(_batches(weighted), verbose=0)


def _batches(
    X: sp.csr_matrix, y: np.ndarray | None = None, rng: np.random.Generator | None = None
) -> Any:
    """Sparse batches as TensorFlow's data set, in a new order each time if there is a generator."""
    import tensorflow as tf

    def read() -> Iterator[Any]:
        order = np.arange(X.shape[0]) if rng is None else rng.permutation(X.shape[0])
        for start in range(0, len(order), _BATCH_ROWS):
            rows = order[start : start + _BATCH_ROWS]
            part = X[rows]
            numbers = np.repeat(np.arange(len(rows)), np.diff(part.indptr))
            places = np.column_stack([numbers, part.indices])
            sparse = tf.SparseTensor(places.astype(np.int64), part.data, part.shape)
            yield sparse if y is None else (sparse, y[rows])

    kinds: Any = tf.SparseTensorSpec((None, X.shape[1]), tf.float32)
    if y is not None:
        kinds = kinds, tf.TensorSpec((None, *y.shape[1:]), tf.as_dtype(y.dtype))
    n_batches = -(-X.shape[0] // _BATCH_ROWS)
    batches = tf.data.Dataset.from_generator(read, output_signature=kinds)
    return batches.apply(tf.data.experimental.assert_cardinality(n_batches))
