"""Traced functions as data: a graph that another process can call without tracing it again."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from skembed.training.keras._tensorflow import tf

_LENGTH_BYTES = 8


@dataclass(frozen=True)
class ProgramGraph:
    """A graph that calls a traced function, which XLA is to compile.

    Attributes
    ----------
    graph : bytes
        The function and those that it calls, under names that are the same in each process: the
        name is part of what TensorFlow looks compiled programs up by.
    n_inputs : int
        Tensors that the graph takes, variables' handles included.
    n_outputs : int
        Tensors that it returns.
    captured : list of int
        Places, among the variables of the caller, of those that the function reads or writes.
    """

    graph: bytes
    n_inputs: int
    n_outputs: int
    captured: list[int]

    @classmethod
    def of(
        cls, function: Callable, arguments: Any, variables: list[tf.Variable], name: str
    ) -> "ProgramGraph | None":
        """Trace a function; None where it captures anything but the variables."""
        traced = tf.function(function, autograph=False, jit_compile=True)
        traced = traced.get_concrete_function(*arguments)
        places = {id(variable.handle): place for place, variable in enumerate(variables)}
        captured = [places.get(id(handle)) for handle in traced.captured_inputs]
        if None in captured:
            return None
        body = traced.graph.as_graph_def()
        graph = type(body)(versions=body.versions)
        graph.library.CopyFrom(body.library)
        graph.library.function.append(traced.function_def)
        _rename(graph.library.function, name)
        signature = graph.library.function[-1].signature
        _add_call(graph, signature)
        sizes = len(signature.input_arg), len(signature.output_arg)
        return cls(graph.SerializeToString(), *sizes, [int(place or 0) for place in captured])

    def callable(self) -> Callable[[list[tf.Tensor]], list[tf.Tensor]]:
        """The function, of all input tensors and handles in one list."""
        # the one name from within TensorFlow: there is no public way to make a function known
        from tensorflow.python.eager import context

        graph = tf.compat.v1.GraphDef.FromString(self.graph)
        for function in graph.library.function:
            if not context.context().has_function(function.signature.name):
                context.context().add_function_def(function)
        del graph.library.function[:]
        outputs = [f"call:{number}" for number in range(self.n_outputs)]

        def call(inputs: list[tf.Tensor]) -> list[tf.Tensor]:
            named = {f"input_{place}": value for place, value in enumerate(inputs)}
            return tf.graph_util.import_graph_def(
                graph, input_map=named, return_elements=outputs, name=""
            )

        return call

    def to_bytes(self, files: dict[str, bytes]) -> bytes:
        """Put the graph and the files of its executables into one string of bytes."""
        parts = {"graph": self.graph, **files}
        heading = {
            "n_inputs": self.n_inputs,
            "n_outputs": self.n_outputs,
            "captured": self.captured,
            "parts": {name: len(contents) for name, contents in parts.items()},
        }
        text = json.dumps(heading).encode()
        return b"".join([len(text).to_bytes(_LENGTH_BYTES, "little"), text, *parts.values()])

    @classmethod
    def from_bytes(cls, data: bytes) -> "tuple[ProgramGraph, dict[str, bytes]]":
        """Graph and files that `to_bytes` has put together."""
        start = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
        heading = json.loads(data[_LENGTH_BYTES:start])
        parts = {}
        for name, size in heading["parts"].items():
            parts[name] = data[start : start + size]
            start += size
        sizes = heading["n_inputs"], heading["n_outputs"]
        return cls(parts.pop("graph"), *sizes, heading["captured"]), parts


def _rename(functions: Any, name: str) -> None:
    """Give functions, and all that calls them, names that say nothing of the process."""
    names = {f.signature.name: f"{name}_{place}" for place, f in enumerate(functions)}
    for function in functions:
        function.signature.name = names[function.signature.name]
        for node in function.node_def:
            for attribute in node.attr.values():
                called = [attribute.func] if attribute.HasField("func") else attribute.list.func
                for other in called:
                    other.name = names[other.name]


def _add_call(graph: Any, signature: Any) -> None:
    """Add placeholders to a graph, and a node that calls a function of its library with them."""
    call = type(graph)().node.add(name="call", op="StatefulPartitionedCall")
    for place, argument in enumerate(signature.input_arg):
        node = graph.node.add(name=f"input_{place}", op="Placeholder")
        node.attr["dtype"].type = argument.type
        call.input.append(node.name)
    call.attr["Tin"].list.type.extend(argument.type for argument in signature.input_arg)
    call.attr["Tout"].list.type.extend(result.type for result in signature.output_arg)
    call.attr["f"].func.name = signature.name
    call.attr["_XlaMustCompile"].b = True
    for name in ("config_proto", "executor_type"):
        call.attr[name].s = b""
    graph.node.append(call)
