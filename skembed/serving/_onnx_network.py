"""Entries of features to outputs of the network, as nodes of an ONNX graph."""

import numpy as np

from skembed.network._network import Network
from skembed.serving._onnx_graph import INT64, ML, Graph, Part
from skembed.serving._portable_model import PortableModel, StatisticsTable


def network_outputs(graph: Graph, model: PortableModel, parts: list[Part]) -> str:
    """Outputs (n_rows, n_outputs), before they become probabilities."""
    rows = graph.joined(parts)
    beside = None
    if model.linear is not None:
        sums = _sums(graph, model.linear, rows.features, graph("Unsqueeze", rows.values, [1]))
        beside = graph("Squeeze", sums, [1])
    if model.derived is not None:
        rows = _extended(graph, model, rows)
    outputs = _outputs(graph, model.network, rows)
    return outputs if beside is None else graph("Add", outputs, beside)


def _outputs(graph: Graph, network: Network, rows: Part) -> str:
    pooling, layout = network.pooling, network.pooling.layout
    n_fields, dim, n_linear = pooling.n_fields, network.embedding_dim, len(network.linear_scale)
    values = graph("Unsqueeze", rows.values, [1])
    if layout is not None:  # (n_rows, n_fields, n_places), zeros but in the entry's own field
        own = graph("Unsqueeze", graph("Gather", layout.numbers, rows.features), [1])
        fields = np.arange(n_fields).reshape(1, -1, 1)
        values = graph("Where", graph("Equal", own, fields), values, graph.number(0))
    pooled = _sums(graph, network.table, rows.features, values)
    sizes = None
    if pooling.combiner != "sum":
        kind = "ReduceL1" if pooling.combiner == "mean" else "ReduceL2"
        divisors = graph(kind, values, [2], keepdims=0)
        by = graph("Where", graph("Equal", divisors, graph.number(0)), graph.number(1), divisors)
        sizes = graph("Log", graph("Add", divisors, graph.number(1)))
        if layout is not None and layout.summed.any():
            terms = (~layout.summed).astype(network.table.dtype)
            by = graph("Add", graph("Mul", by, terms), 1 - terms)
            sizes = graph("Mul", sizes, terms)
        pooled = graph("Div", pooled, graph("Unsqueeze", by, [2]))
    inputs = graph("Reshape", graph.cut(pooled, 0, dim, axis=2), [-1, n_fields * dim])
    if network.sized:
        if sizes is None:
            sizes = graph("Mul", graph("ReduceSum", values, [2], keepdims=0), graph.number(0))
        inputs = graph("Concat", sizes, inputs, axis=1)
    outputs = _dense_layers(graph, network, inputs)
    if n_linear:
        linear = graph("ReduceSum", graph.cut(pooled, dim, axis=2), [1], keepdims=0)
        outputs = graph("Add", outputs, graph("Mul", linear, network.linear_scale))
    return outputs


def _sums(graph: Graph, table: np.ndarray, features: str, values: str) -> str:
    """Rows of a table times values (n_rows, n_fields, n_places), added up over the places."""
    vectors = graph("Gather", np.ascontiguousarray(table), features)
    return graph("MatMul", values, vectors)


def _dense_layers(graph: Graph, network: Network, values: str) -> str:
    for number, (kernel, bias) in enumerate(zip(network.kernels, network.biases, strict=True)):
        if number:
            values = _activated(graph, network.activation, values)
        values = graph("Gemm", values, np.ascontiguousarray(kernel), bias)
    return values


def _activated(graph: Graph, name: str, z: str) -> str:
    if name == "linear":
        return z
    if name == "selu":
        return graph("Selu", z, alpha=1.6732632423543772, gamma=1.0507009873554805)
    if name == "silu":
        return graph("Mul", z, graph("Sigmoid", z))
    return graph(name.capitalize(), z)


def _extended(graph: Graph, model: PortableModel, rows: Part) -> Part:
    """Entries with the statistics behind, and without the categories where these go."""
    derived = model.derived
    assert derived is not None and model.statistics is not None
    there = graph("Not", graph("Equal", rows.values, graph.number(0)))
    column = graph("Where", there, graph("Gather", derived.codes.columns, rows.features), -1)
    codes = graph("Gather", derived.codes.codes, rows.features)
    numbers = _statistics(graph, model.statistics, column, codes)
    behind = model.n_features + np.arange(derived.statistics.n_numbers)
    features = graph("Add", graph("Mul", graph("Cast", numbers, to=INT64), 0), behind)
    if not derived.keeps_categories:
        kept = graph("Less", column, 0)
        rows = Part(rows.features, graph("Where", kept, rows.values, graph.number(0)))
    return graph.joined([rows, Part(features, numbers)])


def _statistics(graph: Graph, table: StatisticsTable, column: str, codes: str) -> str:
    """Statistics (n_rows, n_numbers) of entries with codes in coded columns."""
    of_columns = [
        graph(
            "ReduceMax", graph("Where", graph("Equal", column, number), codes, 0), [1], keepdims=1
        )
        for number in range(len(table.weights))
    ]
    keys = graph("MatMul", graph("Concat", *of_columns, axis=1), table.weights)
    combinations = np.arange(table.weights.shape[1])
    places = graph(
        "LabelEncoder", graph("Add", keys, combinations), domain=ML,
        keys_int64s=table.keys.tolist(), values_int64s=list(range(len(table.keys))),
        default_int64=-1,
    )  # fmt: skip
    unknown = graph("Less", places, 0)
    places = graph("Where", unknown, len(table.keys) + combinations, places)
    values = graph("Gather", table.values.astype(graph.dtype), places)
    return graph("Reshape", values, [0, -1])
