"""Trained networks as Keras models and scikeras estimators, for `to_keras` and `to_scikeras`."""

from skembed.training.keras._tensorflow import tensorflow  # before keras, as it sets TensorFlow up

# isort: split
from typing import Any

import keras
import numpy as np
from scikeras.wrappers import KerasClassifier, KerasRegressor

from skembed.network._network import Network
from skembed.network._pooling import Pooling
from skembed.training._run import Settings
from skembed.training.keras._layers import FieldPooling, RowSizes, SparsePooling
from skembed.training.keras._losses import keras_loss
from skembed.training.keras._optimizers import new_optimizer


def keras_model(
    network: Network, settings: Settings, link: str, linear_model: np.ndarray | None = None
) -> keras.Model:
    """Compiled Keras model of sparse rows with the network's weights.

    `link` is the activation of the last layer: the model gives probabilities or means;
    `linear_model` has the weights (n_features, n_outputs) of a linear model beside the network.
    """
    tensorflow()  # refuses forks
    n_features, dtype = len(network.table), network.table.dtype.name
    inputs = keras.Input((n_features,), dtype=dtype, sparse=True, name="features")
    values = _hidden_units(network, settings.dropout, _dense_inputs(network, inputs))
    outputs = keras.layers.Dense(len(network.biases[-1]), dtype=dtype)(values)
    if n_linear := len(network.linear_scale):
        linear = _pooling_layer(n_linear, network.pooling, joined=False, dtype=dtype, name="linear")
        outputs = keras.layers.Add(dtype=dtype)([outputs, linear(inputs)])
    if linear_model is not None:
        beside = SparsePooling(len(linear_model.T), "sum", dtype=dtype, name="linear_model")
        outputs = keras.layers.Add(dtype=dtype)([outputs, beside(inputs)])
    outputs = keras.layers.Activation(link, dtype=dtype)(outputs)
    model = keras.Model(inputs, outputs, name="skembed")
    _set_weights(model, network)
    if linear_model is not None:
        model.get_layer("linear_model").set_weights([linear_model])
    _compile(model, settings)
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


def _dense_inputs(network: Network, inputs: keras.KerasTensor) -> keras.KerasTensor:
    """Pooled embeddings of the rows, preceded by their sizes where the network takes these."""
    dtype = network.table.dtype.name
    layer = _pooling_layer(
        network.embedding_dim, network.pooling, joined=True, dtype=dtype, name="pooling"
    )
    values = layer(inputs)
    if not network.sized:
        return values
    one_field = {"fields": [0] * len(network.table), "summed": [False]}
    layout = _layout_of(network.pooling) or one_field
    sizes = RowSizes(network.pooling.combiner, **layout, dtype=dtype)
    return keras.layers.Concatenate(dtype=dtype)([sizes(inputs), values])


def _hidden_units(network: Network, dropout: float, values: keras.KerasTensor) -> keras.KerasTensor:
    """Outputs of the last hidden layer."""
    dtype = network.table.dtype.name
    for bias in network.biases[:-1]:
        values = keras.layers.Dense(len(bias), network.activation, dtype=dtype)(values)
        if dropout > 0:
            values = keras.layers.Dropout(dropout, dtype=dtype)(values)
    return values


def _set_weights(model: keras.Model, network: Network) -> None:
    embedding_dim = network.embedding_dim
    model.get_layer("pooling").set_weights([network.table[:, :embedding_dim]])
    if len(network.linear_scale):
        linear = network.table[:, embedding_dim:] * network.linear_scale
        model.get_layer("linear").set_weights([linear])
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    for layer, kernel, bias in zip(dense, network.kernels, network.biases, strict=True):
        layer.set_weights([kernel, bias])


def _compile(model: keras.Model, settings: Settings) -> None:
    optimizer = new_optimizer(settings.optimizer)
    if settings.learning_rate is not None:
        optimizer.learning_rate = settings.learning_rate
    model.compile(optimizer, keras_loss(settings.loss))
    optimizer.build(model.trainable_variables)  # or Keras could save but not load the model


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
