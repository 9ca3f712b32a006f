"""Compiled functions that are traced once."""

from collections.abc import Callable
from typing import Any

from skembed.training.keras._tensorflow import tf


class TracedFunction:
    """A function of tensors whose shapes never change: traced by its first call.

    TensorFlow counts the traces of all functions of the same code, and where many were traced it
    warns of a retracing that is none: each trainer has its own program. What has been traced is
    called directly, which asks nothing.

    Parameters
    ----------
    function : callable
        Of tensors, variables and structures of them; it makes no variables.
    jit_compile : bool
        Whether XLA compiles it.
    """

    def __init__(self, function: Callable, *, jit_compile: bool = False) -> None:
        self._function = tf.function(function, jit_compile=jit_compile, autograph=False)
        self._traced: Any = None

    def __call__(self, *arguments: Any) -> Any:
        """Call it; all calls have arguments of the same structure, shapes and types."""
        if self._traced is None:
            self._traced = self._function.get_concrete_function(*arguments)
        return self._traced(*arguments)
