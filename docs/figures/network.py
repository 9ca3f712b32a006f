"""The network: table, pooling, hidden layer, and the linear part beside them."""

import matplotlib.pyplot as plt

BLUE, ORANGE, GREY = "#cfe3f5", "#fbe0c3", "#ececec"
BOXES = {
    "row": (0, 0, "sparse row\n1 × N", GREY),
    "pooled": (3, 0.9, "embedding table,\npooled\n1 × 16", BLUE),
    "hidden": (6, 0.9, "hidden layer\n64 units, ReLU", BLUE),
    "linear": (4.5, -0.9, "linear part\na weight a term", ORANGE),
    "logits": (9, 0, "logits", GREY),
}
ARROWS = [
    ("row", "pooled"),
    ("pooled", "hidden"),
    ("hidden", "logits"),
    ("row", "linear"),
    ("linear", "logits"),
]
WIDTH, HEIGHT = 2.2, 0.95

figure, ax = plt.subplots(figsize=(7.6, 2.5))
for x, y, label, colour in BOXES.values():
    box = plt.Rectangle((x, y - HEIGHT / 2), WIDTH, HEIGHT, facecolor=colour, edgecolor="0.4")
    ax.add_patch(box)
    ax.text(x + WIDTH / 2, y, label, ha="center", va="center", fontsize=9)
for start, end in ARROWS:
    (x0, y0, *_), (x1, y1, *_) = BOXES[start], BOXES[end]
    ax.annotate("", (x1, y1), (x0 + WIDTH, y0), arrowprops={"arrowstyle": "->", "color": "0.3"})
ax.set(xlim=(-0.1, 11.3), ylim=(-1.5, 1.5), aspect="equal")
ax.axis("off")
