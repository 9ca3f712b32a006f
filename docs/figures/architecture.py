"""The packages in the layers of the import contract, and their imports, read off the code."""

import ast
import tomllib
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import skembed

PACKAGE = Path(skembed.__file__).parent
BLUE, ORANGE, WHITE = "#cfe3f5", "#fbe0c3", "white"
# Left edge and width of each box in its layer; the layers come from the contract.
PLACES = {
    "serving": (0.0, 1.95),
    "explanation": (0.0, 1.95),
    "comparison": (2.1, 4.1),
    "saving": (6.4, 1.4),
    "dask": (8.2, 1.2),
    "tables": (0.0, 1.2),
    "recommending": (2.8, 2.65),
    "estimators": (3.8, 1.7),
    "tfrecord": (7.1, 1.45),
    "columnar": (8.7, 1.5),
    "training": (5.2, 5.0),
    "vocabulary": (0.0, 1.95),
    "metrics": (2.07, 1.45),
    "network": (3.64, 1.5),
    "inspection": (5.26, 1.85),
    "datasets": (7.23, 1.6),
    "parallel": (0.0, 1.7),
    "_checked_file": (1.85, 2.1),
    "distribution": (8.1, 2.1),
    "_compat": (0.0, 1.5),
    "_version": (1.6, 1.5),
    "_replaced_file": (3.2, 2.7),
    "_doc_links": (6.1, 2.0),
    "_typing": (8.3, 1.5),
}
WIDTH, HEIGHT, STEP, INSET, GAP = 10.3, 0.66, 1.2, 0.2, 0.08


def contract_layers():
    """Return the layers of the import contract, from high to low, each a list of names."""
    settings = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["tool"]
    contracts = settings["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    return [layer.split(" | ") for layer in layers]


def is_package(name):
    """Return whether a name of the contract is a package, not a module."""
    return (PACKAGE / name).is_dir()


def imports(node):
    """Yield the modules that code imports, also within functions; types alone do not count."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield from imports(child)


def package_imports():
    """Return pairs of packages, sorted, of which the first imports the second."""
    pairs = set()
    for path in PACKAGE.rglob("*.py"):
        importer = path.relative_to(PACKAGE).parts[0]
        for name in imports(ast.parse(path.read_text())):
            imported = name.split(".")[1] if name.startswith("skembed.") else importer
            if importer != imported and is_package(importer) and is_package(imported):
                pairs.add((importer, imported))
    return sorted(pairs)


def arrows():
    """Return the imports that no path of others leads along."""
    pairs = package_imports()
    below = {}
    for layer in reversed(contract_layers()):
        for name in layer:
            imported = [other for importer, other in pairs if importer == name]
            below[name] = set(imported).union(*(below[other] for other in imported))
    return [
        (importer, imported)
        for importer, imported in pairs
        if not any(imported in below[other] for name, other in pairs if name == importer)
    ]


def box_of():
    """Return left, bottom, right and top of each box."""
    layers = contract_layers()
    boxes = {}
    for number, names in enumerate(layers):
        y = (len(layers) - 1 - number) * STEP
        for name in names:
            left, width = PLACES[name]
            boxes[name] = (left, y, left + width, y + HEIGHT)
    return boxes


def arrow_of(above, below, boxes):
    """Return start and end of the shortest arrow between two boxes that crosses no other box."""
    starts, ends = (
        np.linspace(boxes[name][0] + INSET, boxes[name][2] - INSET, 25) for name in (above, below)
    )
    others = [box for name, box in boxes.items() if name not in (above, below)]
    top, bottom = boxes[above][1], boxes[below][3]
    for start, end in sorted(product(starts, ends), key=lambda xs: abs(xs[1] - xs[0])):
        arrow = (float(start), top), (float(end), bottom)
        if not any(crosses(arrow, box) for box in others):
            return arrow
    raise ValueError(f"move a box: each arrow from {above} to {below} crosses another one")


def crosses(arrow, box):
    """Return whether an arrow runs through a box, or close by."""
    xs, ys = np.linspace(*arrow, 200).T
    left, bottom, right, top = box
    return bool(((xs > left - GAP) & (xs < right + GAP) & (ys > bottom) & (ys < top)).any())


def draw_box(ax, box, label, colour):
    """Draw a box with its label."""
    left, bottom, right, top = box
    ax.add_patch(
        plt.Rectangle((left, bottom), right - left, top - bottom, facecolor=colour, edgecolor="0.4")
    )
    ax.text((left + right) / 2, (bottom + top) / 2, label, ha="center", va="center")


figure, ax = plt.subplots(figsize=(6, 5))
boxes = box_of()
for name, box in boxes.items():
    draw_box(ax, box, "" if name == "training" else name, BLUE if is_package(name) else WHITE)
left, bottom, right, top = boxes["training"]
half = (left + right) / 2
ax.text((left + half) / 2, (bottom + top) / 2, "training", ha="center", va="center")
draw_box(ax, (half, bottom + 0.1, right - 0.1, top - 0.1), "training.keras", ORANGE)
for above, below in arrows():
    start, end = arrow_of(above, below, boxes)
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "0.3", "shrinkA": 0})
ax.text(
    boxes["_checked_file"][2] + INSET,
    sum(boxes["_checked_file"][1::2]) / 2,
    "left out: arrows to the\nlowest layer, and those\nthat others imply",
    va="center",
    color="0.35",
    fontsize=9,
)
ax.set(xlim=(-0.1, WIDTH), ylim=(-0.1, max(box[3] for box in boxes.values()) + 0.1))
ax.axis("off")
