"""A portable model as an ONNX graph, and runs of it."""

from importlib.util import find_spec
from typing import Any

import numpy as np
import onnx

from skembed.serving._onnx_encoders import dense_part, number_part, term_part
from skembed.serving._onnx_graph import FLOAT, INT64, STRING, Graph
from skembed.serving._onnx_network import network_outputs
from skembed.serving._portable_model import PortableModel


def onnx_model(model: PortableModel, metadata: dict[str, str]) -> Any:
    """Make the graph, checked by onnx."""
    graph = Graph(model.network.table.dtype)
    if model.is_bare:
        parts = [dense_part(graph, model.n_features)]
    else:
        parts = [term_part(graph, group, model.n_features) for group in model.terms]
        parts += [number_part(graph, model.numbers)] if model.numbers else []
    made = graph.model(_outputs(graph, model, network_outputs(graph, model, parts)), metadata)
    onnx.checker.check_model(made, full_check=True)
    return made


def _outputs(graph: Graph, model: PortableModel, logits: str) -> dict[str, tuple[str, int, list]]:
    """Outputs by name: what is computed, its type and shape."""
    n = len(model.network.biases[-1])
    if model.classes is None:
        values = graph("Exp", logits) if model.link == "exp" else logits
        return {"variable": (graph("Cast", values, to=FLOAT), FLOAT, ["N", n])}
    if model.link == "labels":
        label = graph("Cast", graph("Greater", logits, graph.number(0)), to=INT64)
        probabilities = graph("Cast", graph("Sigmoid", logits), to=FLOAT)
        return {
            "label": (label, INT64, ["N", n]),
            "probabilities": (probabilities, FLOAT, ["N", n]),
        }
    if model.link == "sigmoid":
        both = graph("Concat", graph("Neg", logits), logits, axis=1)
        chosen = graph("Cast", graph("Greater", logits, graph.number(0)), to=INT64)
        chosen, values = graph("Squeeze", chosen, [1]), graph("Sigmoid", both)
    else:
        chosen = graph("ArgMax", logits, axis=1, keepdims=0)
        values = graph("Softmax", logits, axis=1)
    label, kind = _label(graph, model.classes, chosen)
    return {
        "label": (label, kind, ["N"]),
        "probabilities": (graph("Cast", values, to=FLOAT), FLOAT, ["N", len(model.classes)]),
    }


def _label(graph: Graph, classes: np.ndarray, chosen: str) -> tuple[str, int]:
    """The chosen classes: whole numbers as such, all others as strings."""
    if classes.dtype.kind in "iu":
        return graph("Gather", classes.astype(np.int64), chosen), INT64
    names = graph("Constant", value_strings=[str(name) for name in classes.tolist()])
    return graph("Gather", names, chosen), STRING


def run(made: Any, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """Probabilities or predicted numbers, by onnxruntime where it is installed."""
    if find_spec("onnxruntime") is None:
        return run_by_onnx(made, inputs)
    import onnxruntime

    session = onnxruntime.InferenceSession(
        made.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, inputs)[-1])


def run_by_onnx(made: Any, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """The same by the reference implementation of onnx, which is slow."""
    from onnx.reference import ReferenceEvaluator

    outputs: Any = ReferenceEvaluator(made).run(None, inputs)
    return np.asarray(outputs[-1])
