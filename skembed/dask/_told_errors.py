"""Errors of training processes, as text for other processes and back."""

import builtins
import re
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any

# "Worker 1" or "worker 1 (127.0.0.1:4000)" in the messages of distributed fits.
_WORKER = re.compile(r"\b([Ww]orker) (\d+)( \([^)]*\))?")
_CHUNK = re.compile(r"That is chunk (\d+) of the stream")
# Those that only tell that another worker has failed.
_OF_OTHERS = ("WorkerError", "WorkerLost")


def told(error: BaseException, parts: Sequence[int]) -> dict[str, str]:
    """What JSON can hold of an error; `parts` are the numbers of the stream's chunks."""
    message = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    for note in getattr(error, "__notes__", []):
        if found := _CHUNK.search(note):
            message = f"in part {parts[int(found[1])]}: {message}"
    return {
        "module": type(error).__module__,
        "type": type(error).__qualname__,
        "message": message,
        "traceback": "".join(traceback.format_exception(error)),
    }


def is_of_another(error: dict[str, str]) -> bool:
    """Whether an error tells that another worker has failed."""
    return error["type"] in _OF_OTHERS


def retold(error: dict[str, str], index: int, addresses: Sequence[str]) -> Exception:
    """The error of a worker, of its own type where it is a common one; it names Dask's workers."""

    def named(found: re.Match) -> str:
        number = int(found[2])
        known = number < len(addresses)
        return f"{found[1]} {number} ({addresses[number]})" if known else found[0]

    message = f"Dask worker {addresses[index]}: {_WORKER.sub(named, error['message'])}"
    kind = _type_of(error)
    if kind is None:
        message = f"Dask worker {addresses[index]}: {error['type']}: {error['message']}"
    again = _made(kind or RuntimeError, message)
    again.add_note(f"In the training process of {addresses[index]}:\n{error['traceback']}")
    return again


def _made(kind: Any, message: str) -> Exception:
    try:
        return kind(message)
    except TypeError:  # such as UnicodeDecodeError, which takes more
        return RuntimeError(message)


def _type_of(error: dict[str, str]) -> Any:
    """The class of an error of Python's, scikit-learn's or ours; None for others."""
    name, module = error["type"], error["module"]
    if module == "builtins":
        kind = getattr(builtins, name, None)
    elif module.startswith("skembed.") or module == "sklearn.exceptions":
        kind = getattr(import_module(module), name, None)
    else:
        return None
    return kind if isinstance(kind, type) and issubclass(kind, Exception) else None
