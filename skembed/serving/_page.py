"""Fitted models as pages: a form, and the prediction as one types."""

import base64
import html
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from skembed._replaced_file import replacing
from skembed.inspection._escapes import escaped
from skembed.inspection._templates import filled, script_json
from skembed.network._quantized_rows import QuantizedRows, column_gains
from skembed.serving._portable_model import (
    NumberColumn,
    PortableModel,
    TermColumns,
    portable_model,
)
from skembed.vocabulary._tokenizer import WORD_PATTERN, every_character, python_class

# Terms that the picture shows, at most.
_PICTURED = 5000


def to_page(
    model: Any,
    path: str | PathLike[str],
    *,
    quantize: bool = True,
    title: str = "What does the model say?",
    samples: dict[str, Any] | None = None,
) -> Path:
    """Export a fitted model to an interactive HTML page that predicts in the browser.

    Use it to share or demonstrate a model. You enter a text, select terms or fill in the
    columns of a table, and the page shows the probabilities and the contribution of each term
    as you type. A plot shows the embeddings of the terms and labels those of the input. The
    file contains the whole model. It needs no server, loads no other files and sends no data.

    Parameters
    ----------
    model : Pipeline
        Fitted Pipeline with a transformer before the network. The same pipelines as for
        `to_onnx` are supported, except those with hash buckets or another `token_pattern`
        than the default.
    path : str or path-like
        File to write, such as "model.html".
    quantize : bool, default=True
        Whether to store the embedding table with two bytes per number instead of four. The
        probabilities then differ from those of the model by up to 1e-3, instead of 1e-6.
    title : str, default="What does the model say?"
        Title of the page.
    samples : dict of str to str, float or list of str, default=None
        Initial values of the form by input name. The name of an input is that of its column.
        Without columns it is "tokens" (for a text) or "terms" (for a list). None leaves the
        form empty.

    Returns
    -------
    pathlib.Path
        Path of the file.

    Raises
    ------
    TypeError
        If a step cannot be converted to the page. The message names the step.
    ValueError
        If a vocabulary contains the empty string, or if `samples` has an unknown input name.

    See Also
    --------
    explain : Compute contributions in Python.
    TermEmbeddings : Find neighbours of terms and plot their embeddings.

    Notes
    -----
    The contributions follow the rescale rule of DeepLIFT, as those of `explain` for long rows.
    For a table they are added up by column.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.pipeline import make_pipeline
    >>> from skembed import EmbeddingDNNClassifier, VocabularyTransformer, to_page
    >>> model = make_pipeline(
    ...     VocabularyTransformer(tokenizer="word"), EmbeddingDNNClassifier(2, random_state=0)
    ... )
    >>> model = model.fit(["A good film.", "A bad film."] * 30, ["pos", "neg"] * 30)
    >>> path = to_page(
    ...     model, Path(tempfile.mkdtemp()) / "model.html", samples={"tokens": "Good!"}
    ... )
    >>> path.stat().st_size < 100_000
    True
    """
    portable, encoders = portable_model(model)
    _check(portable)
    inputs = [column for group in portable.terms for column in group.columns]
    names = [column.name for column in inputs] + [number.name for number in portable.numbers]
    unknown = sorted((samples or {}).keys() - set(names))
    if unknown:
        raise ValueError(
            f"samples has the input {unknown[0]!r}, expected names among {', '.join(names)}."
        )
    is_table = len(names) > 1
    data = {
        **_network_data(portable, quantize),
        **_statistics_data(portable, _column_labels(portable, is_table)),
        "groups": [_group_data(group, portable, is_table) for group in portable.terms],
        "numbers": [_number_data(column) for column in portable.numbers],
        "samples": samples or {},
        **_text_rules(portable),
        **_picture(portable),
    }
    package = resources.files("skembed.serving")
    n_terms = sum(len(column.terms) for column in inputs)
    parts = {
        "title": html.escape(escaped(title)),
        "about": html.escape(f"It knows {n_terms:,} terms." if n_terms else ""),
        "data": script_json(data),
        "program": package.joinpath("_page.js").read_text(encoding="utf-8"),
    }
    template = package.joinpath("_page.html").read_text(encoding="utf-8")
    with replacing(path) as aside:
        Path(aside).write_text(filled(template, parts), encoding="utf-8")
    return Path(path)


def _check(model: PortableModel) -> None:
    if model.is_bare:
        raise TypeError(
            "to_page needs a transformer before the network; pass a Pipeline that encodes terms, "
            "such as make_pipeline(VocabularyTransformer(), network)."
        )
    for group in model.terms:
        if any(len(column.buckets) for column in group.columns):
            raise TypeError(
                "Hash buckets cannot be exported to a page; use a vocabulary without "
                "num_oov_buckets and num_hash_buckets."
            )
        if group.tokens is not None and group.tokens["pattern"] != WORD_PATTERN:
            raise TypeError(
                f"The vocabulary has the token_pattern {group.tokens['pattern']!r:.60}, but a page "
                "supports only the default token_pattern."
            )


def _network_data(model: PortableModel, quantize: bool) -> dict[str, Any]:
    network, layout = model.network, model.network.pooling.layout
    dim = network.embedding_dim
    if quantize:
        gains = column_gains(network.kernels, network.linear_scale, dim)
        rows = QuantizedRows.of(network.table, gains, fine=True)
        table = {
            "rows": _packed(rows.codes),
            "basis": _packed(rows.basis),
            "mean": _packed(rows.mean),
        }
    else:
        table = {"rows": _packed(network.table)}
    n_fields = network.pooling.n_fields
    return {
        **table,
        "beside": None if model.linear is None else _packed(model.linear),
        "fields": None if layout is None else _packed(layout.numbers),
        "summed": [False] * n_fields if layout is None else layout.summed.tolist(),
        "layers": [
            {"kernel": _packed(kernel), "bias": _packed(bias)}
            for kernel, bias in zip(network.kernels, network.biases, strict=True)
        ],
        "activation": network.activation,
        "combiner": network.pooling.combiner,
        "linearScale": network.linear_scale.tolist(),
        "sized": network.sized,
        "width": network.table.shape[1],
        "dim": dim,
        "nFields": n_fields,
        "nFeatures": model.n_features,
        "nOutputs": len(network.biases[-1]),
        "link": model.link,
        "classes": None
        if model.classes is None
        else [str(name) for name in model.classes.tolist()],
    }


def _column_labels(model: PortableModel, is_table: bool) -> np.ndarray:
    """Name of the column of each feature."""
    labels = np.full(model.n_features, "", dtype=object)
    for group in model.terms:
        for column in group.columns:
            labels[column.features] = column.name
            if column.missing is not None:
                labels[column.missing] = column.name
    for number in model.numbers:
        for features in number.features:
            labels[features] = number.name
    return labels


def _statistics_data(model: PortableModel, labels: np.ndarray) -> dict[str, Any]:
    derived = model.derived
    if derived is None:
        return {"keepsCategories": True}
    codes, statistics = derived.codes, derived.statistics
    columns = [labels[np.argmax(codes.columns == number)] for number in range(codes.n_columns)]
    members = [row[row >= 0].tolist() for row in statistics.members]
    keys = []
    for number, (start, end) in enumerate(
        zip(statistics.offsets, statistics.offsets[1:], strict=False)
    ):
        rest, parts = statistics.keys[start:end].copy(), []
        for member in members[number][::-1]:
            parts.append(rest % statistics.sizes[member])
            rest = rest // statistics.sizes[member]
        rows = np.stack(parts[::-1], axis=1).tolist()
        keys += [f"{number}:{','.join(map(str, row))}" for row in rows]
    return {
        "keepsCategories": derived.keeps_categories,
        "codeColumns": _packed(codes.columns),
        "codes": _packed(codes.codes),
        "codeSizes": codes.sizes.tolist(),
        "members": members,
        "memberLabels": [list(dict.fromkeys(columns[m] for m in row)) for row in members],
        "keys": keys,
        "statistics": _packed(np.vstack([statistics.values, statistics.unknown])),
        "nStatistics": statistics.unknown.shape[1],
    }


def _group_data(group: TermColumns, model: PortableModel, is_table: bool) -> dict[str, Any]:
    inputs = []
    for column in group.columns:
        kind = "category" if column.is_category else "list" if group.tokens is None else "text"
        inputs.append(
            {
                "name": column.name,
                "kind": kind,
                "terms": column.terms,
                "start": int(column.features[0]) if len(column.features) else 0,
                "missing": -1 if column.missing is None else column.missing,
                "byColumn": is_table and column.is_category,
            }
        )
    idf = None
    if group.idf is not None:
        idf = [group.idf[feature] for feature in sorted(group.idf)]
    return {
        "inputs": inputs,
        "weighting": group.weighting,
        "idf": idf,
        "ngrams": group.ngram_range,
        "stopTerms": group.stop_terms,
        "lowercase": group.tokens is not None and group.tokens["lowercase"],
    }


def _number_data(column: NumberColumn) -> dict[str, Any]:
    edges = np.concatenate(column.edges) if column.edges else np.zeros(1)
    scale = None if column.scale is None else column.scale.tolist()
    known = edges if column.scale is None else column.scale[0]
    return {
        "name": column.name,
        "encoding": column.encoding,
        "bins": [
            {"edges": of.tolist(), "start": int(features[0])}
            for of, features in zip(column.edges, column.features, strict=True)
        ],
        "scale": scale,
        "number": column.number,
        "range": [float(f"{known.min():.6g}"), float(f"{known.max():.6g}")]
        if len(known)
        else [0, 0],
    }


def _text_rules(model: PortableModel) -> dict[str, Any]:
    """Character classes and lower case of this Python, which browsers may not share."""
    if not any(group.tokens for group in model.terms):
        return {"lower": [], "wordClass": "\\w", "spaceClass": "\\s"}
    lower = [part for c in every_character() if (low := c.lower()) != c for part in (c, low)]
    classes = [python_class(run, r"\u{{{0:x}}}-\u{{{1:x}}}") for run in (r"\w+", r"\s+")]
    return {"lower": lower, "wordClass": classes[0], "spaceClass": classes[1]}


def _picture(model: PortableModel) -> dict[str, Any]:
    """Places of the terms of the first input with many, along two axes, from -127 to 127."""
    columns = [column for group in model.terms for column in group.columns]
    sizes = [len(column.terms) for column in columns]
    if len(columns) + len(model.numbers) > 1 or not sizes or max(sizes) < 3:
        return {"positions": None}
    table = model.network.table[columns[0].features[:_PICTURED], : model.network.embedding_dim]
    centred = table.astype(np.float64) - table.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    along = centred @ axes[:, ::-1][:, :2]
    if along.shape[1] < 2:
        along = np.pad(along, [(0, 0), (0, 1)])
    most = np.quantile(np.abs(along), 0.998, axis=0)
    places = np.clip(along / np.where(most > 0, most, 1), -1, 1) * 127
    return {"positions": _packed(np.rint(places).astype(np.int8)), "picturedInput": 0}


def _packed(array: np.ndarray) -> list[str]:
    kind = {"f": f"f{array.dtype.itemsize}", "i": f"i{array.dtype.itemsize}"}[array.dtype.kind]
    data = np.ascontiguousarray(array.astype(f"<{kind}"))
    return [kind, base64.b64encode(data.tobytes()).decode()]
