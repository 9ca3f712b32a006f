"""What is known of Keras' optimizers without importing Keras."""

import json
from typing import Any

# Optimizers whose update of an element depends on that element alone (and on norms of
# the whole gradient), so that updating the rows of a batch is the same as, or the
# "lazy" form of, updating all. Not so: adafactor, lamb, muon.
_ELEMENTWISE = frozenset("sgd adagrad adam adamw adamax nadam rmsprop adadelta ftrl lion".split())
# Where Keras' own default is far from what embeddings of rare terms need.
_LEARNING_RATES = {"adagrad": 0.1, "adam": 2e-3, "adamw": 2e-3, "nadam": 2e-3, "sgd": 0.1}
# Where held-out rows say when to end, a larger step only ends it earlier. Twice as large
# where a step follows twice as many rows as this, or more.
_HELD_OUT_RATES = {"adam": 4e-3, "adamw": 4e-3, "nadam": 4e-3}
_HELD_OUT_ROWS = 256
# About how far a step moves a weight of the linear part, with optimizers that move all by
# about the learning rate. It is larger than what suits embeddings, as the weights are.
_LINEAR_STEP = 0.04
_MAX_LINEAR_SCALE = 100.0
_NORMALIZING = frozenset("adagrad adam adamw adamax nadam rmsprop lion".split())


def optimizer_name(optimizer: Any) -> str:
    """Lower-case name of an optimizer that is given by name or as an instance."""
    return (optimizer if isinstance(optimizer, str) else type(optimizer).__name__).lower()


def is_elementwise(optimizer: Any) -> bool:
    """Whether the embedding table may be updated row by row."""
    own = isinstance(optimizer, str) or type(optimizer).__module__.startswith("keras.")
    return own and optimizer_name(optimizer) in _ELEMENTWISE


def default_learning_rate(optimizer: Any, *, held_out: bool, batch_size: int) -> float | None:
    """Rate of an optimizer given by name; None where the optimizer's own is kept."""
    if not isinstance(optimizer, str):
        return None
    name = optimizer.lower()
    if held_out and name in _HELD_OUT_RATES:
        return _HELD_OUT_RATES[name] * min(max(batch_size / _HELD_OUT_ROWS, 1.0), 2.0)
    return _LEARNING_RATES.get(name)


def linear_scale(optimizer: Any, rate: Any) -> float:
    """Factor of the linear part's weights that makes their steps as large as suits them."""
    if optimizer_name(optimizer) not in _NORMALIZING:
        return 1.0
    if rate is None and not isinstance(optimizer, str):
        rate = optimizer.get_config()["learning_rate"]
    if not isinstance(rate, float):  # a schedule, or Keras' default
        rate = 1e-3
    return min(_LINEAR_STEP / rate, _MAX_LINEAR_SCALE)


def optimizer_identity(optimizer: Any) -> str:
    """Text that is equal for optimizers that compile to the same program and share a state."""
    if isinstance(optimizer, str):
        return optimizer.lower()
    config = optimizer.get_config()
    if not isinstance(config["learning_rate"], dict):
        del config["learning_rate"]  # an argument of the program, unlike a schedule
    del config["name"]
    kind = f"{type(optimizer).__module__}.{type(optimizer).__qualname__}"
    return kind + json.dumps(config, sort_keys=True, default=repr)


def is_known(identity: str) -> bool:
    """Whether an optimizer of this identity is Keras' own, with a rate that is a number."""
    by_name = identity.isidentifier()
    return by_name or (identity.startswith("keras.") and '"learning_rate": {' not in identity)
