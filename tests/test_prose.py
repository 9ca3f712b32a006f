"""Prose addresses the reader plainly: no turns of phrase that make readers stumble."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import skembed
from skembed import dask, datasets, metrics

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.rst")),
    *sorted((ROOT / "docs" / "guide").glob("*.rst")),
    *sorted((ROOT / "examples").glob("*/plot_*.py")),
]
PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (skembed, metrics, datasets, dask)
    for name in module.__all__
    if callable(getattr(module, name))
}
# What to write instead is in brackets.
STUMBLES = {
    r"\b(is|are) to be \w+ed\b": "you must ..., or ... needs",
    r"\bcome by\b": "get",
    r"\btells? (which|what|whether|how|the)\b": "shows, reports, says",
    r"\bwhat is left\b": "name it",
    r"\bas one \w+s\b": "as you ...",
    r"\bbe it\b": "whether",
    r"\bno (knowledge|TensorFlow) is\b": "you don't need",
    r"\bof which there (is|are)\b": "",
    r"\bis a question to\b": "depends on",
    r"[!]\s": "a full stop",
}


def prose(text):
    """The text without code blocks and literals."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    text = re.sub(r"^ *(>>>|\.\.\.) .*$", "", text, flags=re.MULTILINE)
    return re.sub(r"``[^`]*``|`[^`]*`", "", text)


def stumbles(text):
    text = " ".join(prose(text).split())
    return [
        f"{found[0]!r} ({instead})"
        for pattern, instead in STUMBLES.items()
        for found in re.finditer(pattern, text, re.IGNORECASE)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages(page):
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".py":
        cells = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]
        text = "\n".join([ast.get_docstring(ast.parse(text)), *cells])
    assert stumbles(text) == []


@pytest.mark.parametrize("name", PUBLIC)
def test_docstrings(name):
    documented = PUBLIC[name]
    found = stumbles(inspect.getdoc(documented) or "")
    if inspect.isclass(documented):
        for method in vars(documented).values():
            if inspect.isroutine(method) and method.__doc__:
                found += stumbles(method.__doc__)
    assert found == []


def test_stumbles_are_found():
    assert stumbles("No TensorFlow is to be\nlearned for this.")
    assert not stumbles("You don't need to know TensorFlow. ``x is to be used``")
