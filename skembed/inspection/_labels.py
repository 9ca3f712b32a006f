"""Which terms of a picture to label, and where the labels go."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.preprocessing import minmax_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.NDArray[np.number[Any]]
Rows = npt.NDArray[np.intp]

# Labels keep clear of the dots of all terms up to this number, beyond it only of their own.
_MAX_OBSTACLES = 2000


def by_telling(coordinates: Floats, values: Floats | None, counts: Numbers | None) -> Rows:
    """Return the terms, the most telling first.

    That is the one with the largest value, whatever its sign, or without values the one
    farthest from the origin; counts c multiply this by log(1 + c). Terms without a value
    come last.
    """
    size = np.linalg.norm(coordinates, axis=1) if values is None else np.abs(values)
    if counts is not None:
        size = size * np.log1p(np.nan_to_num(counts))
    return np.argsort(-np.nan_to_num(size, nan=-1.0), kind="stable")


def check_max_terms(max_terms: int | None) -> int | None:
    """Return the number of labels, None for one a term."""
    if max_terms is not None and max_terms < 0:
        raise ValueError(f"max_terms is {max_terms}, expected an int >= 0, or None for all terms.")
    return max_terms


def short_names(terms: Sequence[str]) -> Sequence[str]:
    """Terms without the names of the transformers before them, where each has one.

    A ColumnTransformer calls a column "text__review_superb". Terms that would become equal
    stay as they are.
    """
    short = [term.partition("__")[2] for term in terms]
    return short if all(short) and len(set(short)) == len(short) else terms


def write_labels(
    textalloc: ModuleType,
    ax: Axes,
    positions: Floats,
    terms: Sequence[str],
    labelled: Rows,
    fontsize: float,
) -> tuple[list[Text], list[Line2D]]:
    """Write terms where they hide neither each other nor the dots; also draw lines to them."""
    if not len(labelled):
        return [], []
    from matplotlib import rcParams
    from matplotlib.patheffects import withStroke

    obstacles = positions if len(positions) <= _MAX_OBSTACLES else positions[labelled]
    order = labelled[_by_crowding(positions[labelled])]
    halo = withStroke(linewidth=1.5, foreground=ax.get_facecolor())
    _, _, texts, lines = textalloc.allocate(
        ax,
        *positions[order].T,
        [_printable(terms[index]) for index in order],
        x_scatter=obstacles[:, 0],
        y_scatter=obstacles[:, 1],
        textsize=fontsize,
        textcolor=rcParams["text.color"],
        linecolor="0.5",
        linewidth=0.5,
        margin=0.004,
        min_distance=0.008,
        max_distance=0.6,
        nbr_candidates=16_000,
        va="bottom",
        parse_math=False,
        in_layout=False,
        path_effects=[halo],
    )
    in_order = [texts[place] for place in np.argsort(order)]
    return in_order, [line for line in lines if line is not None]


def _by_crowding(positions: Floats) -> Rows:
    """Order points by the number of others near them, the most crowded first."""
    # A label has more places to go than room close by: those with the least room choose first.
    crowding = rbf_kernel(minmax_scale(positions), gamma=1 / 0.06**2).sum(axis=1)
    return np.argsort(-crowding, kind="stable")


def _printable(term: str) -> str:
    """Return what to write for a term: lone surrogates escaped, quotation marks if it is blank."""
    shown = term.encode(errors="backslashreplace").decode()
    return shown if shown.strip() else repr(shown)
