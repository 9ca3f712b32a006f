"""Keras optimizers, made from a name or after an instance."""

import skembed.training.keras._tensorflow  # noqa: F401  before keras, as it sets TensorFlow up

# isort: split
from typing import Any

import keras


def new_optimizer(optimizer: Any) -> Any:
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
            f"optimizer={name!r} is not a Keras optimizer; pass one of {sorted(classes)} or an "
            "instance."
        )
    return classes[name.lower()]
