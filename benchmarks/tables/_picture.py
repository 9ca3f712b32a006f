"""The picture of the benchmark: what ours gains on each rival, a panel for each table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.shared._measured import Measured
from benchmarks.tables._models import MODELS

_OURS, _THEIRS, _EVEN = "#1b6ca8", "#c05a1c", "0.4"
_ERRORS = 2  # standard errors to either side


def draw(measured: Sequence[Measured], path: Path) -> None:
    """Save the picture; nothing where ours was not measured beside a rival."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    shown = [each for each in measured if each.best_rival() and "ours" in each.results]
    if not shown:
        return
    heights = [len(each.results) + 0.8 for each in shown]
    figure, axes = plt.subplots(
        len(shown),
        figsize=(8, 0.32 * sum(heights) + 0.8),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for ax, each in zip(axes[:, 0], shown, strict=True):
        _draw_panel(ax, each)
    figure.suptitle(f"make_embedding_pipeline against rivals (bars: ± {_ERRORS} standard errors)")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _draw_panel(ax: Any, each: Measured) -> None:
    """A line for each rival, the first on top."""
    rivals = [name for name in each.results if name != "ours"]
    for height, name in enumerate(reversed(rivals)):
        gain = each.gain_on(name)
        assert gain is not None
        spread = _ERRORS * gain.error
        better = _OURS if gain.value > 0 else _THEIRS
        colour = better if abs(gain.value) > spread else _EVEN
        ax.errorbar(gain.value, height, xerr=spread, fmt="o", color=colour, capsize=3)
        place = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 8}
        value = each.value(name, each.score)
        ax.annotate(f"{value:.4f}", (1.02, height), annotation_clip=False, **place)
    ax.axvline(0, color="0.4", linewidth=1, zorder=0)
    ax.set_yticks(
        range(len(rivals)), [MODELS[name].title_for(each.task) for name in reversed(rivals)]
    )
    ax.set_ylim(-0.6, len(rivals) - 0.4)
    ax.grid(axis="x", color="0.9")
    ax.set_axisbelow(True)
    title = f"{each.title}: ours {each.value('ours', each.score):.4f} in {each.score}; better by"
    ax.set_title(title, fontsize=9, loc="left")
