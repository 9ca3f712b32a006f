"""Log loss against the number of training rows, from benchmarks/results/rows.md."""

from pathlib import Path

import matplotlib.pyplot as plt

import skembed

SERIES = {"ours": "skembed, defaults", "stopped": "early_stopping=True", "C = 1": "logistic, C = 1"}


def table(name):
    """Return the lines of the first table of a file with results, as dicts."""
    path = Path(skembed.__file__).parents[1] / "benchmarks" / "results" / name
    lines = [line for line in path.read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


lines = table("rows.md")
names = list(dict.fromkeys(line["data"] for line in lines))
figure, axes = plt.subplots(1, len(names), figsize=(8, 2.9), sharey=True)
for ax, name in zip(axes, names, strict=True):
    for column, style in zip(SERIES, ("o-", ".:", "s--"), strict=True):
        chosen = [line for line in lines if line["data"] == name and line[column]]
        rows = [int(line["rows"].replace(",", "")) for line in chosen]
        ax.plot(rows, [float(line[column]) for line in chosen], style, markersize=4)
    ax.set(title=name, xlabel="rows", xscale="log")
axes[0].set_ylabel("log loss on test rows")
axes[-1].legend(SERIES.values(), frameon=False, fontsize=8)
