"""Python values as JSON nodes and arrays, and back: fixed types only, and no code.

A node is null, a bool, an int, a finite float, a str, a list of nodes, or an object
whose "kind" says what it is: an array or a long list, of which the node holds the
name of the tensors, or one of the few other types that estimators hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from skembed._checked_file import ModelFormatError

if TYPE_CHECKING:
    import pyarrow as pa

# Lists from this length on are stored as arrays.
_LONG = 64
_MAX_DEPTH = 20
_DTYPES = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split()
)
_TYPES: dict[str, type] = {"float32": np.float32, "float64": np.float64}

# Classes of which instances are stored field by field: module and fields.
RECORDS = {
    "DerivedFeatures": (
        "skembed.training._derived_features",
        ("codes", "statistics", "keeps_categories"),
    ),
    "FieldCodes": ("skembed.training._field_codes", ("columns", "codes", "sizes")),
    "FieldLayout": ("skembed.network._field_layout", ("numbers", "n_fields", "summed")),
    "Field": (
        "skembed.vocabulary._output_columns",
        ("vocabulary", "n_buckets", "has_missing", "hashed"),
    ),
    "PlannedColumn": ("skembed.tables._table_plan", ("name", "kind", "why", "with_hours")),
    "OptimizerState": ("skembed.training._checkpoint", ("table_slots", "fills", "others")),
    "QuantizedRows": ("skembed.network._quantized_rows", ("codes", "basis", "mean")),
    "TargetStatistics": (
        "skembed.training._target_statistics",
        ("sizes", "members", "offsets", "keys", "values", "unknown"),
    ),
    "Tracked": ("skembed.vocabulary._counting", ("counts", "entered", "error")),
    "Vocabulary": ("skembed.vocabulary._counting", ("terms", "document_counts", "term_counts")),
}


class Writer:
    """Turns values into nodes, and gathers the arrays in `tensors`.

    `nested` gives the node of a value that is an estimator, None for other values.
    """

    def __init__(self, nested: Callable[[Any, Writer, str], dict | None] | None = None) -> None:
        self._nested = nested
        self.tensors: dict[str, np.ndarray] = {}
        self._known: dict[int, tuple[Any, dict]] = {}  # the value is kept, so that ids stay unique

    def node(self, value: Any, path: str) -> Any:
        """Return the node of a value; `path` names its tensors, and the value in errors."""
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if math.isfinite(value) else {"kind": "float", "value": repr(value)}
        if kind in (np.ndarray, np.memmap) or _is_strings(value):
            return self._shared(value, path)
        if kind is list:
            return self._list(value, path)
        return self._object(value, path)

    def _object(self, value: Any, path: str) -> dict[str, Any]:
        kind = type(value)
        if kind is tuple:
            return {"kind": "tuple", "items": self._list(list(value), path)}
        if kind in (set, frozenset):
            items = sorted(value, key=lambda item: (type(item).__name__, item))
            return {"kind": kind.__name__, "items": self._list(items, path)}
        if kind is dict:
            keys = self._list(list(value), f"{path}.keys")
            return {
                "kind": "dict",
                "keys": keys,
                "values": self._list(list(value.values()), f"{path}.values"),
            }
        if kind is np.random.RandomState:
            return self._random_state(value, path)
        if isinstance(value, np.generic):
            return {"kind": "scalar", "array": self._array(np.asarray(value), path)}
        if kind is type and value in _TYPES.values():
            return {"kind": "type", "name": value.__name__}
        name = kind.__name__
        if name in RECORDS and kind.__module__ == RECORDS[name][0]:
            fields = {f: self.node(getattr(value, f), f"{path}.{f}") for f in RECORDS[name][1]}
            return {"kind": "record", "name": name, "fields": fields}
        node = None if self._nested is None else self._nested(value, self, path)
        if node is None:
            raise _unsupported(path, f"{value!r:.80} of type {kind.__module__}.{kind.__qualname__}")
        return node

    def _list(self, items: list, path: str) -> Any:
        """Return the node of a list, as an array where it is long and all of one type."""
        kinds = set(map(type, items)) if len(items) >= _LONG else set()
        if kinds == {str}:
            return self._text(items, "list", path)
        if kinds == {float} or (kinds == {int} and max(map(abs, items)) < 2**63):
            dtype = np.float64 if kinds == {float} else np.int64
            return {**self._array(np.array(items, dtype), path), "of": "list"}
        return [self.node(item, f"{path}.{i}") for i, item in enumerate(items)]

    def _shared(self, value: Any, path: str) -> dict[str, Any]:
        """Return the node of an array; the same one wherever the same array is."""
        if id(value) not in self._known:
            self._known[id(value)] = value, self._array(value, path)
        return self._known[id(value)][1]

    def _array(self, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, np.ndarray):
            return self._text(value, str(value.type), path)
        if value.dtype == object:
            return self._text(value, "object", path)
        if value.dtype.kind == "U" and value.dtype.itemsize:
            characters = np.array(value, value.dtype.newbyteorder("="), order="C")
            self.tensors[path] = characters[..., None].view(np.uint32)
            return {"kind": "array", "tensor": path, "of": "characters"}
        if value.dtype.name not in _DTYPES:
            raise _unsupported(path, f"an array of dtype {value.dtype}")
        in_columns = value.flags.f_contiguous and not value.flags.c_contiguous
        rows = value.T if in_columns else value
        self.tensors[path] = np.asarray(rows, value.dtype.newbyteorder("="), order="C")
        return {"kind": "array", "tensor": path, "of": "columns" if in_columns else "rows"}

    def _text(self, strings: Any, container: str, path: str) -> dict[str, Any]:
        """Store strings as UTF-8 bytes and offsets."""
        import pyarrow as pa

        if isinstance(strings, np.ndarray):
            other = [item for item in strings.ravel() if type(item) is not str]
            if strings.ndim != 1 or other:
                found = f"{other[0]!r:.80}" if other else f"shape {strings.shape}"
                raise _unsupported(path, f"an object array with {found}; only str in 1-D is")
        try:
            arrow = pa.array(strings, pa.large_string())
        except UnicodeEncodeError as error:
            raise ValueError(f"{path} has a string that is not Unicode text: {error}.") from None
        if arrow.null_count:
            raise _unsupported(path, "an array with missing values")
        data, offsets = _buffers(arrow)
        self.tensors[f"{path}.bytes"], self.tensors[f"{path}.offsets"] = data, offsets
        return {"kind": "text", "tensor": path, "of": container}

    def _random_state(self, value: np.random.RandomState, path: str) -> dict[str, Any]:
        state = value.get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            raise _unsupported(path, f"a RandomState on {state['bit_generator']}")
        keys = self._array(state["state"]["key"], path)
        rest = [state["state"]["pos"], state["has_gauss"], state["gauss"]]
        return {"kind": "RandomState", "keys": keys, "rest": rest}


class Reader:
    """Turns nodes into values; any that `Writer` cannot have made is a ModelFormatError.

    `nested` makes the estimators among them, of which there are none without it.
    """

    def __init__(
        self,
        tensors: dict[str, np.ndarray],
        nested: Callable[[dict, Reader, int], Any] | None = None,
    ) -> None:
        self._nested = nested
        self._tensors = tensors
        self._used: set[str] = set()
        self._known: dict[tuple[str, str, str], Any] = {}
        self._kinds: dict[str, tuple[Callable[..., Any], set[str]]] = {
            "array": (self._array, {"tensor", "of"}),
            "dict": (self._dict, {"keys", "values"}),
            "estimator": (self._estimator, {"class", "parameters", "fitted"}),
            "float": (self._float, {"value"}),
            "frozenset": (self._set, {"items"}),
            "RandomState": (self._random_state, {"keys", "rest"}),
            "record": (self._record, {"name", "fields"}),
            "scalar": (self._scalar, {"array"}),
            "set": (self._set, {"items"}),
            "text": (self._text, {"tensor", "of"}),
            "tuple": (self._tuple, {"items"}),
            "type": (self._type, {"name"}),
        }

    def value(self, node: Any, depth: int = 0) -> Any:
        """Return the value of a node."""
        if depth > _MAX_DEPTH:
            raise ModelFormatError("the manifest is nested too deeply.")
        if isinstance(node, list):
            return [self.value(item, depth + 1) for item in node]
        if not isinstance(node, dict):
            return node
        kind = node.get("kind")
        if not isinstance(kind, str) or kind not in self._kinds:
            raise _malformed(node)
        read, keys = self._kinds[kind]
        if node.keys() != keys | {"kind"}:
            raise _malformed(node)
        return read(node, depth + 1)

    def check_all_used(self) -> None:
        """Raise if there is a tensor that no node named."""
        extra = sorted(self._tensors.keys() - self._used)
        if extra:
            raise ModelFormatError(f"there is a tensor {extra[0]!r} that nothing uses.")

    def _array(self, node: dict, depth: int) -> Any:
        tensor, form = self._tensor(node["tensor"]), node["of"]
        if form == "columns":
            return tensor.T
        if form == "characters":
            return _characters(tensor, node["tensor"])
        if form == "list":
            return self._once(node, tensor.tolist)
        if form != "rows":
            raise _malformed(node)
        return tensor

    def _text(self, node: dict, depth: int) -> Any:
        container = node["of"]
        if not isinstance(container, str) or not isinstance(node["tensor"], str):
            raise _malformed(node)
        if container not in ("list", "object", "string", "large_string"):
            raise _malformed(node)
        return self._once(node, lambda: _contained(self._strings(node["tensor"]), container))

    def _strings(self, path: str) -> pa.LargeStringArray:
        data, offsets = self._tensor(f"{path}.bytes"), self._tensor(f"{path}.offsets")
        if data.dtype != np.uint8 or offsets.dtype != np.int64 or data.ndim * offsets.ndim != 1:
            raise ModelFormatError(f"the strings {path!r} are not bytes and int64 offsets.")
        ends = len(offsets) and offsets[0] == 0 and offsets[-1] == len(data)
        if not ends or (np.diff(offsets) < 0).any():
            raise ModelFormatError(
                f"the offsets of the strings {path!r} do not rise from 0 to {len(data)}."
            )
        import pyarrow as pa

        buffers = pa.py_buffer(offsets), pa.py_buffer(data)
        strings = pa.LargeStringArray.from_buffers(len(offsets) - 1, *buffers)
        try:
            strings.validate(full=True)
        except pa.ArrowInvalid as error:
            raise ModelFormatError(f"the strings {path!r} are malformed: {error}.") from None
        return strings

    def _once(self, node: dict, make: Callable[[], Any]) -> Any:
        """Make a value only the first time: small files cannot become much in memory."""
        key = node["kind"], node["tensor"], node["of"]
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def _tensor(self, name: Any) -> np.ndarray:
        if not isinstance(name, str) or name not in self._tensors:
            raise ModelFormatError(f"there is no tensor {name!r:.80}.")
        self._used.add(name)
        return self._tensors[name]

    def _dict(self, node: dict, depth: int) -> dict:
        keys, values = self.value(node["keys"], depth), self.value(node["values"], depth)
        if not isinstance(keys, list) or not isinstance(values, list) or len(keys) != len(values):
            raise _malformed(node)
        content = dict(zip(_hashable(keys, node), values, strict=True))
        if len(content) < len(keys):
            raise _malformed(node)
        return content

    def _set(self, node: dict, depth: int) -> set | frozenset:
        items = _hashable(self._items(node, depth), node)
        return set(items) if node["kind"] == "set" else frozenset(items)

    def _tuple(self, node: dict, depth: int) -> tuple:
        return tuple(self._items(node, depth))

    def _items(self, node: dict, depth: int) -> list:
        items = self.value(node["items"], depth)
        if not isinstance(items, list):
            raise _malformed(node)
        return items

    def _scalar(self, node: dict, depth: int) -> Any:
        array = self.value(node["array"], depth)
        if not isinstance(array, np.ndarray) or array.ndim or array.dtype == object:
            raise _malformed(node)
        return array[()]

    def _float(self, node: dict, depth: int) -> float:
        if node["value"] not in ("nan", "inf", "-inf"):
            raise _malformed(node)
        return float(node["value"])

    def _type(self, node: dict, depth: int) -> type:
        if not isinstance(node["name"], str) or node["name"] not in _TYPES:
            raise _malformed(node)
        return _TYPES[node["name"]]

    def _record(self, node: dict, depth: int) -> Any:
        name, fields = node["name"], node["fields"]
        if not isinstance(name, str) or name not in RECORDS or not isinstance(fields, dict):
            raise _malformed(node)
        module, names = RECORDS[name]
        if tuple(fields) != names:
            raise _malformed(node)
        values = {field: self.value(value, depth) for field, value in fields.items()}
        return getattr(import_module(module), name)(**values)

    def _estimator(self, node: dict, depth: int) -> Any:
        if self._nested is None:
            raise _malformed(node)
        return self._nested(node, self, depth)

    def _random_state(self, node: dict, depth: int) -> np.random.RandomState:
        keys, rest = self.value(node["keys"], depth), self.value(node["rest"], depth)
        generator = np.random.RandomState(0)
        try:
            position, has_gauss, gauss = rest
            if keys.dtype != np.uint32 or keys.shape != (624,) or type(gauss) is not float:
                raise _malformed(node)
            if position not in range(625) or has_gauss not in (0, 1):
                raise _malformed(node)
            generator.set_state(("MT19937", keys, int(position), int(has_gauss), gauss))
        except (AttributeError, TypeError, ValueError):
            raise _malformed(node) from None
        return generator


def _is_strings(value: Any) -> bool:
    """Whether a value is an Arrow array of strings."""
    return f"{type(value).__module__}.{type(value).__name__}" in (
        "pyarrow.lib.LargeStringArray",
        "pyarrow.lib.StringArray",
    )


def _buffers(strings: pa.LargeStringArray) -> tuple[np.ndarray, np.ndarray]:
    """Bytes uint8 (n_bytes,) and offsets int64 (n + 1,) of an Arrow array."""
    if not len(strings):
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    _, offsets, data = strings.buffers()
    part = slice(strings.offset, strings.offset + len(strings) + 1)
    ends = np.frombuffer(offsets, np.int64)[part]
    text = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return text[ends[0] : ends[-1]], ends - ends[0]


def _contained(strings: pa.LargeStringArray, container: str) -> Any:
    """Return strings in the container that they came in."""
    import pyarrow as pa

    if container == "list":
        return strings.to_pylist()
    if container == "object":
        return np.array(strings.to_pylist(), dtype=object)
    if container == "large_string":
        return strings
    try:
        return strings.cast(pa.string())
    except pa.ArrowInvalid as error:
        raise ModelFormatError(f"strings are too long: {error}.") from None


def _characters(tensor: np.ndarray, path: str) -> np.ndarray:
    """Return strings of fixed width from their code points (..., width)."""
    if tensor.dtype != np.uint32 or not tensor.ndim or not tensor.shape[-1]:
        raise ModelFormatError(f"the strings {path!r} are not uint32 code points.")
    if tensor.max(initial=0) > 0x10FFFF:
        raise ModelFormatError(f"the strings {path!r} have code points beyond Unicode.")
    return tensor.view(f"U{tensor.shape[-1]}")[..., 0]


def _hashable(keys: list, node: dict) -> list:
    """Return keys, none of which is a container.

    Integers have 64 bits at most: among larger ones so many can have one hash that a set of them
    takes minutes.
    """
    if not all(key is None or isinstance(key, str | int | float | np.generic) for key in keys):
        raise _malformed(node)
    if any(isinstance(key, int) and abs(key) >= 2**64 for key in keys):
        raise ModelFormatError("a set or dict holds an integer of more than 64 bits.")
    return keys


def _unsupported(path: str, found: str) -> TypeError:
    name = path.removeprefix("parameters.").removeprefix("fitted.")
    return TypeError(
        f"{name} is {found}, which skembed.save cannot store. Set another value, or use pickle, "
        "joblib or skops."
    )


def _malformed(node: Any) -> ModelFormatError:
    return ModelFormatError(f"the manifest has no valid value in {str(node)[:80]}.")
