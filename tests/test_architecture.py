"""The picture of the packages shows the layers of the import contract, and every package."""

import runpy
import tomllib
from pathlib import Path

import numpy as np
import pytest

plt = pytest.importorskip("matplotlib.pyplot")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def picture():
    """Names and boxes in the script of the picture, which has been drawn."""
    names = runpy.run_path(str(ROOT / "docs" / "figures" / "architecture.py"))
    yield names
    plt.close(names["figure"])


def test_layers_are_those_of_the_import_contract(picture):
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = [c for c in settings["contracts"] if c["type"] == "layers"]
    boxes = picture["boxes"]
    heights = sorted({box[1] for box in boxes.values()}, reverse=True)
    drawn = [{name for name, box in boxes.items() if box[1] == height} for height in heights]
    assert drawn == [set(layer.split(" | ")) for layer in contract["layers"]]


def test_every_package_and_module_has_a_box(picture):
    names = {path.parent.name for path in (ROOT / "skembed").glob("*/__init__.py")}
    names |= {path.stem for path in (ROOT / "skembed").glob("*.py")} - {"__init__"}
    assert set(picture["boxes"]) == names
    labels = {text.get_text() for text in picture["ax"].texts}
    assert names <= labels


def test_arrows_point_down_and_cross_no_box(picture):
    boxes = picture["boxes"]
    for above, below in picture["package_imports"]():
        start, end = picture["arrow_of"](boxes[above], boxes[below])
        assert start[1] > end[1], (above, below)
        xs, ys = np.linspace(start, end, 500).T
        for name in set(boxes) - {above, below}:
            left, bottom, right, top = boxes[name]
            inside = (xs > left) & (xs < right) & (ys > bottom) & (ys < top)
            assert not inside.any(), f"move a box: {above} to {below} crosses {name}"


def test_boxes_and_labels_do_not_overlap(picture):
    renderer = picture["figure"].canvas.get_renderer()
    picture["figure"].draw(renderer)
    labels = [text.get_window_extent(renderer) for text in picture["ax"].texts if text.get_text()]
    boxes = list(picture["boxes"].values())
    for number, one in enumerate(labels):
        assert not any(one.overlaps(other) for other in labels[:number])
    for number, (left, bottom, right, top) in enumerate(boxes):
        for other in boxes[:number]:
            apart = left >= other[2] or other[0] >= right or bottom >= other[3] or other[1] >= top
            assert apart
