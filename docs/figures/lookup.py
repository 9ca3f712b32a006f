"""A sparse row times the embedding table, with numbers."""

import matplotlib.pyplot as plt
import numpy as np

TERMS = ["horse", "antelope", "television", "radio"]
ROW = np.array([[1, 0, 1, 0]])
TABLE = np.array([[0.9, 0.1, 0.3], [0.8, 0.2, 0.3], [0.1, 1.0, 0.2], [0.2, 0.9, 0.1]])
BLUE, GREY = "#cfe3f5", "#f1f1f1"


def draw(ax, numbers, left, top, shown, form):
    """Draw cells with numbers, those of the rows or columns that count in colour."""
    for (row, column), number in np.ndenumerate(numbers):
        colour = BLUE if shown(row, column) else GREY
        corner = (left + column, -(top + row + 1))
        ax.add_patch(plt.Rectangle(corner, 1, 1, facecolor=colour, edgecolor="white", lw=2))
        ax.text(
            left + column + 0.5,
            -(top + row + 0.5),
            form.format(number),
            ha="center",
            va="center",
            color="black" if shown(row, column) else "0.55",
        )


used = ROW[0] > 0
figure, ax = plt.subplots(figsize=(7.6, 2.9))
draw(ax, ROW, 0, 1.5, lambda row, column: used[column], "{:d}")
draw(ax, TABLE, 7, 0, lambda row, column: used[row], "{:.1f}")
draw(ax, ROW @ TABLE, 12, 1.5, lambda row, column: True, "{:.1f}")
for column, term in enumerate(TERMS):
    ax.text(column + 0.45, -1.4, term, rotation=40, ha="left", va="bottom", fontsize=9)
    ax.text(6.9, -(column + 0.5), term, ha="right", va="center", fontsize=9)
ax.text(4.5, -2, "×", ha="center", va="center", fontsize=16)
ax.text(11, -2, "=", ha="center", va="center", fontsize=16)
for left, label in ((2, "sparse row S\n1 × N"), (8.5, "table E\nN × M"), (13.5, "S × E\n1 × M")):
    ax.text(left, -4.2, label, ha="center", va="top", fontsize=9)
ax.set(xlim=(-0.2, 15.2), ylim=(-5.2, 0.2), aspect="equal")
ax.axis("off")
