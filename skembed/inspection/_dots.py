"""Drawing the dots of a picture, with the scales of their colours and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from skembed.inspection._markers import (
    MANY_TERMS,
    areas,
    colour_limit,
    crowd_scale,
    diverging_map,
    round_counts,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.colorbar import Colorbar
    from matplotlib.legend import Legend

Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.NDArray[np.number[Any]]


def draw_dots(
    ax: Axes,
    positions: Floats,
    sizes: Floats,
    values: Floats | None,
    labelled: npt.NDArray[np.intp],
) -> PathCollection:
    """Draw a dot for each term, coloured by its value, a paler one where it has no label."""
    x, y = positions.T
    shade = np.full(len(x), 0.3 * crowd_scale(len(x)))
    shade[labelled] = 1.0
    colours: dict[str, Any] = {}
    if values is not None:
        limit = colour_limit(values)
        colours = {"c": values, "cmap": diverging_map(), "vmin": -limit, "vmax": limit}
    points = ax.scatter(x, y, sizes, linewidths=0, plotnonfinite=True, **colours)
    points.set_alpha(shade)  # type: ignore[arg-type]
    points.set_rasterized(len(x) > MANY_TERMS)
    return points


def draw_colorbar(ax: Axes, points: PathCollection, values: Floats, name: str) -> Colorbar:
    """Draw the scale of the colours beside the axes."""
    beyond = np.nanmax(np.abs(values), initial=0) > colour_limit(values)
    extend = "both" if beyond else "neither"
    return ax.figure.colorbar(points, ax=ax, label=name, extend=extend)


def draw_size_legend(ax: Axes, counts: Numbers) -> Legend:
    """Draw the scale of the sizes below the axes."""
    from matplotlib.lines import Line2D

    shown = round_counts(counts)
    sizes = np.sqrt(areas(shown, counts))
    handles = [
        Line2D([], [], color="0.5", marker="o", markersize=size, markeredgewidth=0, linestyle="")
        for size in sizes
    ]
    return ax.legend(
        handles,
        [f"{count:,.0f}" for count in shown],
        title="documents with the term",
        loc="upper center",
        bbox_to_anchor=(0.5, -0.1),
        ncols=4,
        frameon=False,
    )
