"""An estimator in several threads: one fit at a time, and predictions that see one state."""

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, TypeVar

E = TypeVar("E")
F = TypeVar("F", bound=Callable[..., Any])

_LOCK = Lock()
_FITTED_NOW: set[int] = set()  # ids of the estimators


def one_fit_at_a_time(method: F) -> F:
    """Decorate a method that fits: a second thread that calls it meanwhile gets an error."""

    @wraps(method)
    def alone(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _LOCK:
            if id(self) in _FITTED_NOW:
                raise RuntimeError(
                    f"Another thread is fitting this {type(self).__name__}, and an estimator "
                    "allows only one fit at a time. Wait for it, or fit clones "
                    "(sklearn.base.clone)."
                )
            _FITTED_NOW.add(id(self))
        try:
            return method(self, *args, **kwargs)
        finally:
            with _LOCK:
                _FITTED_NOW.discard(id(self))

    return alone  # type: ignore[return-value]


def as_now(estimator: E) -> E:
    """The estimator in its present state, whatever another thread fits meanwhile."""
    now = object.__new__(type(estimator))
    vars(now).update(vars(estimator).copy())  # the copy is one step: no thread comes between
    return now


__all__ = ["as_now", "one_fit_at_a_time"]
