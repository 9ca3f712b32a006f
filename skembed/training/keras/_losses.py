"""Losses of logits, one number a row, and Keras' names for them."""

from collections.abc import Callable

from skembed.training.keras._tensorflow import tf

# What Keras calls a loss, where it is not what the loop calls it.
_KERAS_LOSSES = {
    "multilabel_crossentropy": "binary_crossentropy",
    "multinomial": "categorical_crossentropy",
    "squared_error": "mean_squared_error",
    "absolute_error": "mean_absolute_error",
}


def _binary(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    return tf.nn.sigmoid_cross_entropy_with_logits(targets, logits[:, 0])


def _categorical(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)


def _multilabel(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits), axis=1)


def _squared(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.square(logits - targets), axis=1)


def _absolute(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(logits - targets), axis=1)


def _multinomial(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Cross entropy of each item of a row, summed."""
    totals = tf.reduce_sum(targets, axis=1)
    return totals * tf.reduce_logsumexp(logits, axis=1) - tf.reduce_sum(targets * logits, axis=1)


def _poisson(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.exp(logits) - targets * logits, axis=1)


LOSSES: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "binary_crossentropy": _binary,
    "sparse_categorical_crossentropy": _categorical,
    "multilabel_crossentropy": _multilabel,
    "squared_error": _squared,
    "absolute_error": _absolute,
    "poisson": _poisson,
    "multinomial": _multinomial,
}


def keras_loss(name: str) -> str:
    """What Keras calls the loss of this name."""
    return _KERAS_LOSSES.get(name, name)
