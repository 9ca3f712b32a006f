"""Pictures of contributions: those to one prediction, and the effect of each feature."""

from typing import Any

import numpy as np
import pandas as pd

from skembed.inspection._axes import import_plotting
from skembed.inspection._labels import by_telling, write_labels

# Points of terms that raise an output, and of those that lower it.
_UP, _DOWN = "C0", "C1"
# Classes whose curves are drawn, the most frequent, and columns, those that drifted most.
_MOST_CURVES, _MOST_COLUMNS = 6, 12


def draw_row(table: pd.DataFrame, base: float, output: Any, top: int, ax: Any) -> Any:
    """Draw the contributions to one prediction as bars, the largest at the top."""
    import matplotlib.pyplot as plt

    names, values = table["feature"].tolist(), table["contribution"].tolist()
    if len(values) > top:
        n_others = len(values) - top
        names = [*names[:top], f"{n_others} others"]
        values = [*values[:top], sum(values[top:])]
    if ax is None:
        height = 1.1 + 0.28 * len(names)
        _, ax = plt.subplots(figsize=(6.4, height), layout="constrained")
    colours = [_UP if value >= 0 else _DOWN for value in values]
    hatches = ["" if value >= 0 else "///" for value in values]  # also in black and white
    places = np.arange(len(names))[::-1]
    ax.barh(places, values, color=colours, hatch=hatches, edgecolor="white")
    ax.set_yticks(places, [_plain(name) for name in names])
    ax.axvline(0, color="0.5", linewidth=0.8)
    ax.set_xlabel(
        f"contribution to the output for {_plain(output)}: "
        f"{base:+.2f} for an empty row, {base + sum(values):+.2f} in all"
    )
    return ax


def draw_summary(table: pd.DataFrame, output: Any, top: int, ax: Any) -> Any:
    """Draw mean contributions against numbers of rows, the most telling features labelled."""
    pyplot, textalloc = import_plotting()
    if ax is None:
        _, ax = pyplot.subplots(figsize=(7.2, 5.2), layout="constrained")
    rows = table["n_rows"].to_numpy(np.float64)
    means = table["mean_contribution"].to_numpy(np.float64)
    ax.set_xscale("log")
    for up, colour, marker in ((True, _UP, "^"), (False, _DOWN, "v")):
        own = (means >= 0) == up
        ax.scatter(rows[own], means[own], s=14, c=colour, marker=marker, alpha=0.6, linewidths=0)
    ax.axhline(0, color="0.5", linewidth=0.8)
    ax.set_xlabel("rows with the feature")
    ax.set_ylabel(f"mean contribution to the output for {_plain(output)}")
    points = np.column_stack([rows, means])
    names = [str(name) for name in table["feature"]]
    ax.margins(0.08)
    ax.figure.canvas.draw()
    write_labels(textalloc, ax, points, names, by_telling(points, means, rows)[:top], 9)
    return ax


def draw_reliability(
    calibration: pd.DataFrame, losses: pd.DataFrame, drift: pd.DataFrame, axes: Any
) -> np.ndarray:
    """Draw curves of calibration and, beside them, the stability of columns."""
    import matplotlib.pyplot as plt

    drift = drift.dropna(subset=["stability_index"]) if len(drift) else drift
    if axes is None:
        n = 1 + bool(len(drift))
        _, axes = plt.subplots(1, n, figsize=(5 * n, 4.6), layout="constrained")
    axes = np.atleast_1d(axes)
    axes[0].plot([0, 1], [0, 1], color="0.6", linewidth=0.8, linestyle="--")
    sizes = calibration.assign(n=calibration["n_rows"] * calibration["share"])
    frequent = sizes.groupby("class", sort=False)["n"].sum().nlargest(_MOST_CURVES).index
    for number, name in enumerate(frequent):
        curve = calibration[calibration["class"] == name]
        loss, miscalibration = losses.loc[name, ["log_loss", "miscalibration"]]
        axes[0].errorbar(
            curve["mean_predicted"],
            curve["share"],
            curve["standard_error"],
            color=f"C{number}",
            marker="osD^vP"[number],
            markersize=4,
            linewidth=1,
            label=f"{_plain(name)}: log loss {loss:.3f}, miscalibration {miscalibration:.3f}",
        )
    axes[0].set(xlabel="mean probability", ylabel="share of rows", xlim=(0, 1), ylim=(0, 1))
    axes[0].legend(loc="upper left", fontsize=8, frameon=False)
    if len(drift) and len(axes) > 1:
        shown = drift.nlargest(_MOST_COLUMNS, "stability_index")[::-1]
        places = np.arange(len(shown))
        axes[1].barh(places, shown["stability_index"], color="C0", label="these rows")
        axes[1].plot(
            shown["stability_index_by_chance"], places, "k|", markersize=12, label="by chance"
        )
        labels = [
            f"{_plain(name)} ({share:.0%} unknown)"
            for name, share in zip(shown.index, shown["unknown"], strict=True)
        ]
        axes[1].set_yticks(places, labels)
        axes[1].set_xlabel("population stability index")
        axes[1].locator_params(axis="x", nbins=4)
        axes[1].legend(fontsize=8, frameon=False)
    return axes


def _plain(name: Any) -> str:
    """A name as matplotlib shows it, without its markup."""
    return str(name).replace("$", r"\$")
