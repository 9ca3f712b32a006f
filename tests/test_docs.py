"""The documentation has a page for each public name, and links are looked after."""

import importlib.util
import inspect
import re
from pathlib import Path

import pytest

import skembed
from skembed import dask, datasets, metrics

DOCS = Path(__file__).parents[1] / "docs"
CLASSES = [value for value in map(skembed.__getattr__, skembed._MODULES) if inspect.isclass(value)]
PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (skembed, metrics, datasets, dask)
    for name in module.__all__
    if not inspect.ismodule(getattr(module, name)) and name != "__version__"
}


def listed_names():
    """Names in the autosummary lists of the API page, with their modules."""
    module, names = "", set()
    for line in (DOCS / "api.rst").read_text().splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.split()[-1]
        elif re.fullmatch(r"   \w+", line):
            names.add(f"{module}.{line.strip()}")
    return names


def load_links():
    spec = importlib.util.spec_from_file_location("links", DOCS / "links.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_public_name_is_listed_on_the_api_page():
    assert listed_names() == set(PUBLIC)


@pytest.mark.parametrize("name", [name for name in PUBLIC if callable(PUBLIC[name])])
def test_every_public_name_has_an_example(name):
    assert ">>> " in inspect.getdoc(PUBLIC[name])


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_public_method_is_described(cls):
    for name, method in inspect.getmembers(cls, callable):
        if name[0] != "_" and not issubclass(cls, Exception):
            assert inspect.getdoc(method), name


def test_every_page_of_the_guide_is_in_its_contents():
    contents = (DOCS / "guide" / "index.rst").read_text().split()
    pages = {path.stem for path in (DOCS / "guide").glob("*.rst")} - {"index"}
    assert pages <= set(contents)


def test_every_figure_is_on_a_page():
    pages = "".join(path.read_text() for path in DOCS.rglob("*.rst") if "_build" not in path.parts)
    for path in (DOCS / "figures").glob("*.py"):
        assert f".. plot:: {path.name}" in pages


def test_dead_links_and_anchors_are_found(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(
        "<h1 id='top-of-it'>A</h1><a href='sub/other.html#there'>ok</a><a href='#top-of-it'>ok</a>"
        "<a href='sub/other.html#gone'>dead</a><a href='https://example.org/x'>not ours</a>"
        "<img src='a%20picture.png'><img src='no.png'>"
    )
    (tmp_path / "sub" / "other.html").write_text("<p id='there'><a href='../index.html?x=1'>ok</a>")
    (tmp_path / "a picture.png").touch()
    assert list(load_links().dead_links(tmp_path)) == [
        "index.html: no.png",
        "index.html: sub/other.html#gone",
    ]
