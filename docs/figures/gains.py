"""Gain on the tuned linear model and time of the fit, from benchmarks/results/quality.md."""

import re
from pathlib import Path

import matplotlib.pyplot as plt

import skembed


def table(name):
    """Return the lines of the first table of a file with results, as dicts."""
    path = Path(skembed.__file__).parents[1] / "benchmarks" / "results" / name
    found = re.search(r"(?:^\|.*\n)+", path.read_text(), re.MULTILINE)
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines()
    ]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def seconds(text):
    """Read a time such as 993 ms."""
    number, unit = text.split()
    return float(number) * {"s": 1, "ms": 1e-3}[unit]


def gain(line):
    """Share of the linear model's loss (or R2, AUC) that ours is better by."""
    better = float(line["better than tuned by"].split("±")[0])
    ours = float(line["ours"])
    return better / (ours + better if line["score"] == "log loss" else ours - better)


lines = sorted(table("quality.md"), key=gain)
ratio = [seconds(line["fit, ours"]) / seconds(line["fit, tuned"]) for line in lines]
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True)
left.barh([line["data"] for line in lines], [100 * gain(line) for line in lines], color="tab:blue")
left.set_xlabel("better than the tuned linear model\nby % of its log loss (AUC, R2)")
right.barh([line["data"] for line in lines], ratio, color="tab:orange")
right.axvline(1, color="0.4", linewidth=1)
right.set_xlabel("time of the fit, in times of the\ntuned linear model's (log scale)")
right.set_xscale("log")
right.set_xticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
right.minorticks_off()
