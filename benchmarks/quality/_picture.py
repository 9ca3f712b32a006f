"""The picture of the quality benchmark: what ours gains on the tuned linear model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.shared._measured import Measured

_OURS, _THEIRS, _EVEN = "#1b6ca8", "#c05a1c", "0.4"
_ERRORS = 2  # standard errors to either side


def panels(measured: Sequence[Measured]) -> dict[str, list[Measured]]:
    """Return the data sets of each panel: log loss, and what else a set is judged by."""
    found: dict[str, list[Measured]] = {}
    for score in ("log loss", "AUC", "R2"):
        sets = [
            each
            for each in measured
            if score in (each.score, "log loss") and each.gain_on("tuned", score) is not None
        ]
        if sets:
            found[score] = sets
    return found


def draw(measured: Sequence[Measured], path: Path) -> None:
    """Save the picture; nothing where ours and the tuned model have no set in common."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    found = panels(measured)
    if not found:
        return
    heights = [len(sets) + 1.2 for sets in found.values()]
    figure, axes = plt.subplots(
        len(found),
        figsize=(8, 0.42 * sum(heights) + 0.8),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for ax, (score, sets) in zip(axes[:, 0], found.items(), strict=True):
        _draw_panel(ax, score, sets)
    figure.suptitle("skembed at its defaults against a linear model tuned for each data set")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _draw_panel(ax: Any, score: str, sets: Sequence[Measured]) -> None:
    """A line for each data set, the first on top."""
    for height, each in enumerate(reversed(sets)):
        found = each.gain_on("tuned", score)
        assert found is not None
        spread = _ERRORS * found.error
        better = _OURS if found.value > 0 else _THEIRS
        colour = better if abs(found.value) > spread else _EVEN
        ax.errorbar(found.value, height, xerr=spread, fmt="o", color=colour, capsize=3)
        values = (each.value(model, score) for model in ("ours", "tuned"))
        text = " / ".join(f"{value:.4f}" for value in values)
        place = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 8}
        ax.annotate(text, (1.02, height), annotation_clip=False, **place)
    ax.axvline(0, color="0.4", linewidth=1, zorder=0)
    ax.set_yticks(range(len(sets)), [each.title for each in reversed(sets)])
    ax.set_ylim(-0.9, len(sets) - 0.4)
    ax.locator_params(axis="x", nbins=6)
    _put_zero_inside(ax)
    ax.grid(axis="x", color="0.9")
    ax.set_axisbelow(True)
    ax.set_title("ours / tuned", loc="right", x=1.02, ha="left", fontsize=8)
    ax.set_title(
        f"{score}: ours better by (bars: ± {_ERRORS} standard errors)", fontsize=9, loc="left"
    )
    _label_sides(ax)


def _put_zero_inside(ax: Any) -> None:
    """Leave room on either side of zero for its label."""
    low, high = ax.get_xlim()
    room = 0.3 * (max(high, 0) - min(low, 0))
    ax.set_xlim(min(low, -room), max(high, room))


def _label_sides(ax: Any) -> None:
    place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "fontsize": 8}
    ours = {"color": _OURS, "ha": "left", "va": "bottom"}
    theirs = {"color": _THEIRS, "ha": "right", "va": "bottom"}
    ax.annotate("ours better →", (0, 0), (6, 2), **place, **ours)
    ax.annotate("← tuned better", (0, 0), (-6, 2), **place, **theirs)
