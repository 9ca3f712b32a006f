"""The picture of the packages shows their layers; the pages for maintainers name what there is."""

import re
import runpy
import tomllib
from pathlib import Path

import numpy as np
import pytest

plt = pytest.importorskip("matplotlib.pyplot")

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "CONTRIBUTING.md", *(ROOT / "docs" / "development").rglob("*.*")]
ARCHITECTURE = ROOT / "docs" / "development" / "architecture.rst"


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
    for above, below in picture["arrows"]():
        start, end = picture["arrow_of"](above, below, boxes)
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_that_a_page_names_exist(page):
    paths = re.findall(r"`((?:skembed|tests|docs|benchmarks)/[\w./]*)`", page.read_text())
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_names_that_a_page_gives_with_a_file_are_in_it(page):
    pairs = re.findall(r"`([\w.]+)`+\s+in\s+`+(skembed/[\w/]+\.py)`", page.read_text())
    missing = [
        (name, path)
        for name, path in pairs
        if not re.search(rf"\b{name.split('.')[-1]}\b", (ROOT / path).read_text())
    ]
    assert missing == []


def test_every_package_is_described_with_files_that_it_has():
    described = re.findall(r"^(``.*``)\n((?:   .*\n)+)", ARCHITECTURE.read_text(), re.MULTILINE)
    assert described
    for heading, text in described:
        for name in re.findall(r"``(_\w+\.(?:py|html))``", text):
            assert (ROOT / "skembed" / heading.strip("`").replace(".", "/") / name).exists()
    named = {name for heading, _ in described for name in re.findall(r"``(\w+)``", heading)}
    assert {path.parent.name for path in (ROOT / "skembed").glob("*/__init__.py")} <= named
