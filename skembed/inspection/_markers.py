"""Colour, size and opacity of the dots of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.NDArray[np.number[Any]]

# Seen on white and on black, and by the colour-blind: blue below 0, grey at it, red above.
DIVERGING = ("#2f6fd6", "#9a9a9a", "#d6492b")
MANY_TERMS = 2000
LEAST_AREA = 8.0


def diverging_map() -> Colormap:
    """Return matplotlib's colour map of these colours."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("skembed", DIVERGING)
    return colours.with_extremes(bad="#c4c4c4")


def colour_limit(values: Floats) -> float:
    """Return the value of full colour, on both sides of 0; one in fifty may lie beyond."""
    known = np.abs(values[~np.isnan(values)])
    limit = float(np.quantile(known, 0.98)) if len(known) else 0.0
    return limit or float(known.max(initial=0.0)) or 1.0


def crowd_scale(n_terms: int) -> float:
    """Return the factor of size and opacity, from 1 down to 0.3, that keeps a crowd readable."""
    return float(np.clip(np.sqrt(MANY_TERMS / n_terms), 0.3, 1))


def areas(shown: Numbers, counts: Numbers) -> Floats:
    """Return the areas in square points of dots with some of the counts, growing with the root."""
    share = np.nan_to_num(shown.astype(np.float64)) / np.nan_to_num(counts).max(initial=1)
    return LEAST_AREA * crowd_scale(len(counts)) * (1 + 8 * np.sqrt(share))


def dot_areas(n_terms: int, counts: Numbers | None, labelled: npt.NDArray[np.intp]) -> Floats:
    """Return the area of each dot; those with a label are large enough to be seen."""
    known = np.zeros(n_terms) if counts is None else counts
    sizes = areas(known, known)
    sizes[labelled] = sizes[labelled].clip(LEAST_AREA)
    return sizes


def round_counts(counts: Numbers) -> Floats:
    """Return up to four counts with one digit, from the least to the largest, evenly spread."""
    known = counts[counts > 0]
    if not len(known):
        return np.array([])
    spread = np.geomspace(known.min(), known.max(), 4)
    unit = 10 ** np.floor(np.log10(spread))
    return np.unique(np.round(spread / unit) * unit)
