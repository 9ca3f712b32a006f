"""Hooks of Keras callbacks around single batches, and around the rows held out."""

import skembed.training.keras._tensorflow  # noqa: F401  before keras, as it sets TensorFlow up

# isort: split
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import keras

from skembed.training._early_stopping import ValidationLoss
from skembed.training._run import TrainingRun

_TRAIN_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


class BatchHooks:
    """The callbacks, of those given, that want to be told of each batch.

    The program trains many batches in one call where there are none.
    """

    def __init__(self, callbacks: Iterable[keras.callbacks.Callback]) -> None:
        self._callbacks = [c for c in callbacks if any(_is_own(c, name) for name in _TRAIN_HOOKS)]

    def __bool__(self) -> bool:
        return bool(self._callbacks)

    def begin(self, batch: int) -> None:
        """Tell of a batch, numbered from the epoch's first, that will be trained on."""
        for callback in self._callbacks:
            callback.on_train_batch_begin(batch, {})

    def end(self, batch: int, loss: float) -> None:
        """Tell of a batch and the mean loss of the epoch so far."""
        for callback in self._callbacks:
            callback.on_train_batch_end(batch, {"loss": loss})


def _is_own(callback: keras.callbacks.Callback, name: str) -> bool:
    """Whether a callback has a hook of its own, in its class or, a function, set on itself."""
    own = getattr(type(callback), name, None)
    return name in vars(callback) or own is not getattr(keras.callbacks.Callback, name)


@contextmanager
def told_of_validation(callbacks: keras.callbacks.CallbackList, run: TrainingRun) -> Iterator[None]:
    """Tell of the rows held out, which are one batch, around the end of an epoch, if there are."""
    if not any(isinstance(observer, ValidationLoss) for observer in run.observers):
        yield
        return
    callbacks.on_test_begin()
    callbacks.on_test_batch_begin(0)
    yield
    logs = {"loss": run.history["val_loss"][-1]}
    callbacks.on_test_batch_end(0, logs)
    callbacks.on_test_end(logs)
