"""Figure and axes of a picture: their size, limits and labels."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.floating[Any]]


def import_plotting() -> tuple[ModuleType, ModuleType]:
    """Import pyplot and textalloc, or say which extra brings them."""
    try:
        import matplotlib.pyplot as pyplot
        import textalloc
    except ImportError as error:
        raise ImportError(
            "EmbeddingDisplay needs matplotlib and textalloc, but at least one of them is not "
            "installed; install them with: pip install 'skembed[plot]'"
        ) from error
    return pyplot, textalloc


def root_figure(ax: Axes) -> Figure:
    """Return the figure of axes; textalloc cannot measure the axes of a subfigure."""
    from matplotlib.figure import Figure

    if not isinstance(ax.figure, Figure):
        raise ValueError(
            f"ax is in a {type(ax.figure).__name__}, where labels cannot be placed; "
            "pass axes that are directly in a Figure."
        )
    return ax.figure


def figure_size(n_labels: int) -> tuple[float, float]:
    """Return width and height in inches that leave each label the room it has among fifty."""
    scale = np.clip(np.sqrt(n_labels / 50), 1, 3)
    return 8 * scale, 6 * scale


def draw_axes(ax: Axes, coordinates: Floats, labels: Sequence[str]) -> None:
    """Set limits, labels and zero lines for coordinates (n_terms, 1) or (n_terms, 2)."""
    x, *y = coordinates.T
    ax.set(xlim=_limits(x), ylim=_limits(y[0]) if y else (-1, len(x)))
    ax.set_xlabel(labels[0])
    ax.axvline(0, color="0.5", alpha=0.3, linewidth=0.8, zorder=0)
    if y:
        ax.set_ylabel(labels[1])
        ax.axhline(0, color="0.5", alpha=0.3, linewidth=0.8, zorder=0)
    else:
        ax.set_yticks([])


def _limits(values: Floats) -> tuple[float, float]:
    """Return where an axis ends: at 1.2 times its extremes if they lie around zero."""
    low, high = float(values.min()), float(values.max())
    if low < 0 < high:
        return 1.2 * low, 1.2 * high
    margin = 0.1 * (high - low) or 0.2 * abs(high) or 1.0
    return low - margin, high + margin
