"""Inputs of strings and numbers to entries of features, as nodes of an ONNX graph."""

import numpy as np

from skembed.serving._onnx_graph import (
    BOOL,
    DOUBLE,
    FLOAT,
    INT64,
    MICROSOFT,
    ML,
    STRING,
    Graph,
    Part,
)
from skembed.serving._portable_model import MISSING, PADDING, NumberColumn, TermColumn, TermColumns


def dense_part(graph: Graph, n_features: int) -> Part:
    """Entries of an input "X" of the features themselves."""
    name = graph.input("X", graph.type, n_features)
    places = graph.first_places(graph("Not", graph("Equal", name, graph.number(0))))
    features = graph("Min", places, n_features - 1)
    values = graph("GatherElements", name, features, axis=1)
    there = graph("Less", places, n_features)
    return Part(features, graph("Where", there, values, graph.number(0)))


def term_part(graph: Graph, group: TermColumns, n_features: int) -> Part:
    """Entries of the inputs of one `VocabularyTransformer`."""
    parts = [part for column in group.columns for part in _term_features(graph, column, group)]
    features = graph("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    if all(column.is_category for column in group.columns) and group.weighting != "tfidf":
        there = graph("GreaterOrEqual", features, 0)
        return Part(graph("Max", features, 0), graph("Cast", there, to=graph.type))
    features, counts = _counted(graph, features)
    values = _weighted(graph, group, features, counts, n_features)
    return Part(features, graph("Cast", values, to=graph.type))


def _term_features(graph: Graph, column: TermColumn, group: TermColumns) -> list[str]:
    """Features (n_rows, n_places) of the terms and n-grams of an input, -1 where there is none."""
    shortest, longest = group.ngram_range
    terms = graph.input(column.name, STRING, 1 if column.is_category else f"{column.name}_length")
    there = graph("Not", graph.equals(terms, PADDING))
    if group.stop_terms:
        stops = graph(
            "LabelEncoder", terms, domain=ML, keys_strings=group.stop_terms,
            values_int64s=[1] * len(group.stop_terms), default_int64=0,
        )  # fmt: skip
        there = graph("And", there, graph("Equal", stops, 0))
        if longest > 1:
            terms, there = _moved_together(graph, terms, there)
    parts = []
    if column.missing is not None:
        lost = graph.equals(terms, MISSING)
        there = graph("And", there, graph("Not", lost))
        if column.is_category:
            lost = graph("Or", lost, graph.equals(terms, PADDING))
        parts.append(graph("Where", lost, column.missing, -1))
    grams, whole = terms, there
    for length in range(1, longest + 1):
        if length > 1:
            cut = graph.cut(grams, 0, -1)
            grams = graph(
                "StringConcat",
                graph("StringConcat", cut, graph("Constant", value_string=" ")),
                graph.cut(terms, length - 1),
            )
            whole = graph(
                "And",
                graph.cut(whole, 0, -1),
                graph.cut(there, length - 1),
            )
        if length >= shortest:
            parts.append(graph("Where", whole, _looked_up(graph, grams, column), -1))
    return parts


def _moved_together(graph: Graph, terms: str, there: str) -> tuple[str, str]:
    """Terms that are there before those that are not, in order."""
    length = graph("Shape", terms, start=1, end=2)
    places = graph("Range", 0, graph("Squeeze", length, [0]), 1)
    order = graph(
        "Add", places, graph("Mul", graph("Cast", graph("Not", there), to=INT64), length)
    )  # those of no term behind all others
    _, moved = graph.several("TopK", 2, order, length, largest=0, axis=1)
    there = graph("GatherElements", graph("Cast", there, to=INT64), moved, axis=1)
    return graph("GatherElements", terms, moved, axis=1), graph("Cast", there, to=BOOL)


def _looked_up(graph: Graph, terms: str, column: TermColumn) -> str:
    if column.terms:
        features = graph(
            "LabelEncoder", terms, domain=ML, keys_strings=column.terms,
            values_int64s=column.features.tolist(), default_int64=-1,
        )  # fmt: skip
    else:
        features = graph("Where", graph.equals(terms, PADDING), -1, -1)
    if not len(column.buckets):
        return features
    hashes = graph("MurmurHash3", terms, domain=MICROSOFT, seed=0, positive=1)
    numbers = graph("Mod", graph("Cast", hashes, to=INT64), len(column.buckets))
    buckets = graph("Gather", column.buckets, numbers)
    return graph("Where", graph("Less", features, 0), buckets, features)


def _counted(graph: Graph, features: str) -> tuple[str, str]:
    """Distinct features of each row, and their counts: (n_rows, n_most), counts of 0 behind.

    Sorted, equal features stand side by side: a count is where the next feature begins, less
    where this one does.
    """
    width = graph("Shape", features, start=1, end=2)
    ordered, _ = graph.several("TopK", 2, features, width, largest=0, axis=1)
    others = graph(
        "Not",
        graph(
            "Equal",
            graph.cut(ordered, 1),
            graph.cut(ordered, 0, -1),
        ),
    )
    first = graph("GreaterOrEqual", graph.cut(ordered, 0, 1), -1)
    starts = graph.first_places(graph("Concat", first, others, axis=1))
    last = graph("Expand", width, graph("Concat", graph.n_rows, np.array([1]), axis=0))
    ends = graph("Concat", graph.cut(starts, 1), last, axis=1)
    found = graph("GatherElements", ordered, graph("Min", starts, graph("Sub", width, 1)), axis=1)
    counts = graph("Where", graph("Less", found, 0), 0, graph("Sub", ends, starts))
    return graph("Max", found, 0), counts


def _weighted(graph: Graph, group: TermColumns, features: str, counts: str, n_features: int) -> str:
    """Values of counts."""
    numbers = graph("Cast", counts, to=DOUBLE)
    if group.weighting == "binary":
        return graph("Min", numbers, np.float64(1))
    if group.weighting == "sublinear":
        made = graph("Add", graph("Log", graph("Max", numbers, np.float64(1))), np.float64(1))
        return graph("Where", graph("Greater", counts, 0), made, np.float64(0))
    if group.idf is not None:
        idf = np.ones(n_features)
        idf[list(group.idf)] = list(group.idf.values())
        values = graph("Mul", numbers, graph("Gather", idf, features))
        length = graph("ReduceL2", values, [1], keepdims=1)
        empty = graph("Equal", length, np.float64(0))
        return graph("Div", values, graph("Where", empty, np.float64(1), length))
    return numbers


def number_part(graph: Graph, columns: list[NumberColumn]) -> Part:
    """Entries of the inputs of numbers."""
    features, values = [], []
    for column in columns:
        x = graph.input(column.name, DOUBLE, 1)
        lost = graph("IsNaN", x)
        for edges, own in zip(column.edges, column.features, strict=True):
            made, shares = _binned(graph, x, lost, edges, own, column.encoding)
            features += made
            values += shares
        if column.scale is not None:
            quantile = graph("Where", lost, np.float64(0), _interpolated(graph, x, column.scale))
            features.append(graph("Where", lost, column.number, column.number))
            values.append(quantile)
    cells = graph("Cast", graph("Concat", *values, axis=1), to=graph.type)
    return Part(graph("Concat", *features, axis=1), cells)


def _binned(
    graph: Graph, x: str, lost: str, edges: np.ndarray, features: np.ndarray, encoding: str
) -> tuple[list[str], list[str]]:
    """Features and values, (n_rows, 1) each, of numbers in bins or between knots."""
    n = len(edges)
    if encoding == "bin":
        place = graph("Where", lost, n + 1, _below(graph, x, edges))
        one = graph("Where", lost, np.float64(1), np.float64(1))
        return [graph("Gather", features, place)], [one]
    place = graph("Clip", graph("Sub", _below(graph, x, edges), 1), 0, n - 1)
    start = graph("Gather", edges, place)
    stop = graph("Gather", edges, graph("Min", graph("Add", place, 1), n - 1))
    inside = graph("Clip", x, edges[0], edges[-1])
    half = np.float64(0.5)
    length = graph("Sub", graph("Mul", stop, half), graph("Mul", start, half))
    length = graph("Where", graph("Greater", length, np.float64(0)), length, np.float64(1))
    share = graph("Sub", graph("Mul", inside, half), graph("Mul", start, half))
    share = graph("Where", lost, np.float64(1), graph("Div", share, length))
    # shares are rounded before their rests, as in NumberEncoder
    share = graph("Cast", graph("Cast", share, to=FLOAT), to=DOUBLE)
    place = graph("Where", lost, n - 1, place)
    pair = [graph("Gather", features, place), graph("Gather", features, graph("Add", place, 1))]
    return pair, [graph("Sub", np.float64(1), share), share]


def _below(graph: Graph, x: str, edges: np.ndarray) -> str:
    """How many of ascending numbers (n_edges,) are at most x, (n_rows, 1); 0 where it is NaN."""
    if not len(edges):
        return graph("Mul", graph("Cast", graph("IsNaN", x), to=INT64), 0)
    there = graph("Cast", graph("GreaterOrEqual", x, np.asarray(edges, np.float64)), to=INT64)
    return graph("ReduceSum", there, [1], keepdims=1)


def _interpolated(graph: Graph, x: str, scale: np.ndarray) -> str:
    """Value at x of lines between knots (2, n), constant beyond them."""
    knots, heights = scale.astype(np.float64)
    n = len(knots)
    if n == 1:
        return graph("Where", graph("IsNaN", x), heights[0], heights[0])
    place = graph("Clip", graph("Sub", _below(graph, x, knots), 1), 0, n - 2)
    lengths = np.diff(knots)
    slopes = np.divide(np.diff(heights), lengths, out=np.zeros(n - 1), where=lengths > 0)
    inside = graph("Clip", x, knots[0], knots[-1])
    run = graph("Sub", inside, graph("Gather", knots, place))
    return graph(
        "Add", graph("Mul", graph("Gather", slopes, place), run), graph("Gather", heights, place)
    )
