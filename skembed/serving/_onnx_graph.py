"""Nodes of an ONNX graph, one after the other: what each makes is named by itself."""

from typing import Any, NamedTuple

import numpy as np
from onnx import TensorProto, helper, numpy_helper

# Operator sets: the first with StringConcat, and that whose LabelEncoder has tensors.
OPSET, ML_OPSET = 20, 4
ML, MICROSOFT = "ai.onnx.ml", "com.microsoft"

STRING, BOOL, INT64 = TensorProto.STRING, TensorProto.BOOL, TensorProto.INT64
FLOAT, DOUBLE = TensorProto.FLOAT, TensorProto.DOUBLE

# End of a part that goes as far as there is anything.
_ALL = 2**31

Value = str | np.ndarray | list[int] | int | float | bool


class Part(NamedTuple):
    """Entries of the rows of a sparse matrix: two arrays (n_rows, n_places), by name."""

    features: str
    values: str  # 0 where there is no entry


class Graph:
    """A graph that grows by calls: ``graph("Add", a, 1.0)`` gives the name of the sum."""

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = np.dtype(dtype)
        self.nodes: list[Any] = []
        self.inputs: list[Any] = []
        self.domains: set[str] = set()
        self._constants: dict[tuple, tuple[str, np.ndarray]] = {}
        self._size: str | None = None

    @property
    def type(self) -> int:
        """Type of the network's numbers."""
        return int(helper.np_dtype_to_tensor_dtype(self.dtype))

    def __call__(self, kind: str, *inputs: Value, domain: str = "", **attributes: Any) -> str:
        return self.several(kind, 1, *inputs, domain=domain, **attributes)[0]

    def several(
        self, kind: str, n_outputs: int, *inputs: Value, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node with so many outputs."""
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        made = [f"{kind}_{len(self.nodes)}_{number}" for number in range(n_outputs)]
        self.nodes.append(helper.make_node(kind, names, made, domain=domain, **attributes))
        self.domains.add(domain)
        return made

    def constant(self, value: Value) -> str:
        """Name of an array that is part of the model; whole numbers are int64."""
        array = np.asarray(value)
        if array.dtype.kind in "iu":
            array = array.astype(np.int64)
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._constants:
            self._constants[key] = f"constant_{len(self._constants)}", array
        return self._constants[key][0]

    def number(self, value: float) -> np.ndarray:
        """A number of the network's type."""
        return np.asarray(value, self.dtype)

    def equals(self, strings: str, one: str) -> str:
        """Whether each of some strings is a given one."""
        number = self(
            "LabelEncoder",
            strings,
            domain=ML,
            keys_strings=[one],
            values_int64s=[1],
            default_int64=0,
        )
        return self("Equal", number, 1)

    def input(self, name: str, kind: int, width: str | int) -> str:
        """Add an input of as many rows as the others, and so many columns."""
        self.inputs.append(helper.make_tensor_value_info(name, kind, ["N", width]))
        if self._size is None:
            self._size = self("Shape", name, start=0, end=1)
        return name

    @property
    def n_rows(self) -> str:
        """Number of rows, an array (1,)."""
        assert self._size is not None
        return self._size

    def cut(self, matrix: str, start: int, end: int = _ALL, axis: int = 1) -> str:
        """Part of a matrix from `start` to before `end`, by columns."""
        return self("Slice", matrix, [start], [end], [axis])

    def first_places(self, mask: str) -> str:
        """Places (n_rows, n_most) of the true values of each row of a mask, in order.

        Behind the last one there is the width of the mask.
        """
        width = self("Shape", mask, start=1, end=2)
        places = self("Range", 0, self("Squeeze", width, [0]), 1)
        most = self("ReduceMax", self("ReduceSum", self("Cast", mask, to=INT64), [1]), keepdims=0)
        most = self("Max", self("Reshape", most, [1]), np.array([1]))
        places = self("Where", mask, places, width)
        return self.several("TopK", 2, places, most, largest=0, axis=1)[0]

    def joined(self, parts: list[Part]) -> Part:
        """Entries of several parts."""
        if len(parts) == 1:
            return parts[0]
        return Part(*(self("Concat", *of, axis=1) for of in zip(*parts, strict=True)))

    def model(self, outputs: dict[str, tuple[str, int, list]], metadata: dict[str, str]) -> Any:
        """The finished model: outputs by name, as what is computed, its type and shape."""
        for name, (made, _, _) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [made], [name]))
        graph = helper.make_graph(
            self.nodes,
            "skembed",
            self.inputs,
            [helper.make_tensor_value_info(name, *of[1:]) for name, of in outputs.items()],
            [numpy_helper.from_array(array, name) for name, array in self._constants.values()],
        )
        versions = {"": OPSET, ML: ML_OPSET, MICROSOFT: 1}
        opsets = [helper.make_opsetid(of, versions[of]) for of in sorted(self.domains | {""})]
        made = helper.make_model(graph, opset_imports=opsets, producer_name="skembed")
        made.ir_version = 9  # that of the operator set
        helper.set_model_props(made, metadata)
        return made
