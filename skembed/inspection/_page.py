"""A page to explore terms in a browser."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from skembed._replaced_file import replacing
from skembed.inspection._cosine import unit_rows
from skembed.inspection._escapes import escaped
from skembed.inspection._markers import DIVERGING, MANY_TERMS, areas, colour_limit, crowd_scale
from skembed.inspection._templates import filled, script_json

Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.NDArray[np.number[Any]]


# Share of the value of full colour below which a term has hardly any effect.
_WEAK = 0.1


@dataclass
class PageContent:
    """What the page shows."""

    terms: Sequence[str]
    positions: Floats  # (n_terms, 2)
    vectors: Floats  # (n_terms, embedding_dim)
    counts: Numbers | None
    values: Floats | None
    value_name: str
    directions: tuple[str, str] | None  # what values below 0 and above point to
    axis_labels: Sequence[str]
    by_telling: npt.NDArray[np.intp]  # terms, the most telling first
    usage_vectors: Floats | None  # of terms alike in use, beside those of `vectors`


def write_page(path: str | PathLike[str], content: PageContent, title: str, topn: int) -> Path:
    """Write one file with the program, the data and plotly."""
    graph_objects, offline = _import_plotly()
    figure = _figure(graph_objects, content).to_plotly_json()
    template = (
        resources.files("skembed.inspection").joinpath("_page.html").read_text(encoding="utf-8")
    )
    usage = content.usage_vectors
    parts = {
        "title": html.escape(escaped(title)),
        "n_terms": f"{len(content.terms):,}",
        "dimensions": str((content.vectors if usage is None else usage).shape[1]),
        "topn": str(topn),
        "data": script_json({**_data(content, topn), "figure": figure}),
        "plotly": offline.get_plotlyjs(),
    }
    page = filled(template, parts).encode()
    with replacing(path) as partial, open(partial, "wb") as file:
        file.write(page)
    return Path(path)


def _import_plotly() -> tuple[ModuleType, ModuleType]:
    """Import what the page takes from plotly, or say which extra brings it."""
    try:
        import plotly.graph_objects as graph_objects
        import plotly.offline as offline
    except ImportError as error:
        raise ImportError(
            "EmbeddingDisplay.to_html needs plotly, which is not installed; "
            "install it with: pip install 'skembed[interactive]'"
        ) from error
    return graph_objects, offline


def _data(content: PageContent, topn: int) -> dict[str, Any]:
    """Return what the page's own program reads."""
    values = content.values
    lists = [content.usage_vectors, content.vectors]
    return {
        "terms": [escaped(term) for term in content.terms],
        "counts": None if content.counts is None else _numbers(content.counts),
        "values": None if values is None else _numbers(values),
        "valueName": content.value_name,
        "directions": None
        if content.directions is None
        else list(map(escaped, content.directions)),
        "weak": None if values is None else _WEAK * colour_limit(values),
        "byTelling": content.by_telling.tolist(),
        "lists": [_units(vectors) for vectors in lists if vectors is not None],
        "topn": topn,
    }


def _units(vectors: Floats) -> dict[str, Any]:
    """Return vectors of length 1 as the page reads them."""
    units = unit_rows(vectors.astype(np.float64)).astype("<f4")
    return {
        "units": base64.b64encode(units.tobytes()).decode(),
        "dimensions": units.shape[1],
    }


def _figure(graph_objects: ModuleType, content: PageContent) -> Any:
    """Return plotly's figure: the dots of all terms, and rings for those that are chosen."""
    # Browsers draw many dots quickly only by WebGL; few need none, and stay sharp.
    is_crowd = len(content.terms) > MANY_TERMS
    scatter = graph_objects.Scattergl if is_crowd else graph_objects.Scatter
    dots = scatter(
        x=_numbers(content.positions[:, 0]),
        y=_numbers(content.positions[:, 1]),
        mode="markers",
        marker=_marker(content),
        hovertemplate="%{text}<extra></extra>",
    )
    ring = {"symbol": "circle-open", "size": 13, "line": {"width": 2}}
    chosen = scatter(x=[], y=[], mode="markers", marker=ring, hoverinfo="skip")
    axes = [
        {"title": {"text": html.escape(label)}, "zeroline": True} for label in content.axis_labels
    ]
    layout = graph_objects.Layout(
        xaxis=axes[0],
        yaxis={**axes[1], "showticklabels": bool(content.axis_labels[1])},
        showlegend=False,
        hovermode="closest",
        dragmode="pan",
        margin={"l": 60, "r": 16, "t": 40, "b": 48},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return graph_objects.Figure([dots, chosen], layout)


def _marker(content: PageContent) -> dict[str, Any]:
    n_terms = len(content.terms)
    counts = np.zeros(n_terms) if content.counts is None else content.counts
    diameters = 1.5 + 1.6 * np.sqrt(areas(counts, counts))  # pixels
    marker = {
        "size": _numbers(diameters.round(1)) if content.counts is not None else diameters[0],
        "line": {"width": 0},
    }
    faint = crowd_scale(n_terms) ** 2  # what is dense in a crowd can be seen through
    if content.values is None:
        return {**marker, "opacity": 0.2 + 0.7 * faint, "color": DIVERGING[0]}
    limit = colour_limit(content.values)
    strength = np.clip(np.abs(np.nan_to_num(content.values)) / limit, 0, 1)
    least = 0.1 + 0.7 * faint
    lines = [content.value_name]
    if content.directions is not None:
        lines += [
            f"{sign} {name}" for sign, name in zip("\u2212+", content.directions, strict=True)
        ]
    title = {"text": "<br>".join(html.escape(escaped(line)[:24]) for line in lines), "side": "top"}
    return {
        **marker,
        "opacity": _numbers((least + (0.9 - least) * strength).round(2)),
        "color": _numbers(np.nan_to_num(content.values)),
        "cmin": -limit,
        "cmax": limit,
        "colorscale": [
            [place, colour] for place, colour in zip([0, 0.5, 1], DIVERGING, strict=True)
        ],
        "colorbar": {"title": title, "thickness": 12, "outlinewidth": 0},
    }


def _numbers(array: Numbers) -> list[float | None]:
    """Return numbers with six digits, None for NaN."""
    if array.dtype.kind in "iu":
        return array.tolist()
    rounded = [float(f"{number:.6g}") for number in array.tolist()]
    return [None if number != number else number for number in rounded]
