"""Values and arrays as bytes that can be read without running code."""

import io
import json
from typing import Any

import numpy as np

Message = tuple[Any, dict[str, np.ndarray]]


def to_bytes(values: Any, arrays: dict[str, np.ndarray] | None = None) -> bytes:
    """Write what JSON has, and arrays of numbers and strings."""
    text = json.dumps([values, list(arrays or {})], default=_plain).encode()
    out = io.BytesIO()
    out.write(len(text).to_bytes(8, "little"))
    out.write(text)
    for array in (arrays or {}).values():
        np.lib.format.write_array(out, np.asarray(array), allow_pickle=False)
    return out.getvalue()


def _plain(value: Any) -> Any:
    """A number of numpy's as one of Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot send a {type(value).__name__} to other workers")


def from_bytes(message: bytes) -> Message:
    """Read what `to_bytes` has written; arrays of objects are refused."""
    data = io.BytesIO(message)
    n_bytes = int.from_bytes(data.read(8), "little")
    values, names = json.loads(data.read(n_bytes))
    arrays = {name: np.lib.format.read_array(data, allow_pickle=False) for name in names}
    return values, arrays
