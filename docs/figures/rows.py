"""Where who is better, against the number of training rows, from benchmarks/results/rows.md."""

from pathlib import Path

import matplotlib.pyplot as plt

import skembed

OURS, THEIRS, EVEN = "#1b6ca8", "#c05a1c", "0.4"


def table(name):
    """Return the lines of the first table of a file with results, as dicts."""
    path = Path(skembed.__file__).parents[1] / "benchmarks" / "results" / name
    lines = [line for line in path.read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def gain(line):
    """Return the gain on the tuned linear model and its standard error, in % of its loss."""
    value, error = (float(part) for part in line["than tuned by"].split("±"))
    return 100 * value / float(line["tuned"]), 100 * error / float(line["tuned"])


lines = table("rows.md")
names = list(dict.fromkeys(line["data"] for line in lines))
figure, axes = plt.subplots(
    2, -(-len(names) // 2), figsize=(10, 4.4), sharex=True, sharey=True, layout="constrained"
)
for ax, name in zip(axes.flat, names, strict=False):
    chosen = [line for line in lines if line["data"] == name]
    rows = [int(line["rows"].replace(",", "")) for line in chosen]
    ax.axhline(0, color=EVEN, linewidth=0.8)
    for x, (value, error) in zip(rows, map(gain, chosen), strict=True):
        colour = EVEN if abs(value) <= error else OURS if value > 0 else THEIRS
        marker = "_" if colour == EVEN else "^" if colour == OURS else "v"
        ax.errorbar(x, value, error, fmt=marker, color=colour, markersize=5)
    ax.set_title(name, fontsize=8)
    ax.set(xscale="log", ylim=(-12, 32))
for ax in axes.flat[len(names) :]:
    ax.set_axis_off()
for ax in axes[-1]:
    ax.set_xlabel("rows")
for ax in axes[:, 0]:
    ax.set_ylabel("better by, in %")
