"""The gallery: each example is a page with a title and prose; the quickest ones are run."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted(Path(__file__).parents[2].joinpath("examples").glob("*/plot_*.py"))
NAMES = [path.stem for path in EXAMPLES]
QUICK = ["plot_lesson", "plot_next_film", "plot_web_service", "plot_why"]


def docstring(path):
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")), clean=False)


def test_all_examples_are_found():
    assert len(EXAMPLES) == 11
    assert set(QUICK) <= set(NAMES)


@pytest.mark.parametrize("path", EXAMPLES, ids=NAMES)
def test_it_compiles_and_has_a_title_and_a_paragraph(path):
    compile(path.read_text(encoding="utf-8"), path, "exec", dont_inherit=True)
    title, underline, blank, *paragraph = docstring(path).strip().splitlines()
    assert title[0].isupper() and not title.endswith(".")
    assert underline == "=" * len(title)
    assert blank == "" and len(" ".join(paragraph).split()) > 30


@pytest.mark.parametrize("path", EXAMPLES, ids=NAMES)
def test_it_alternates_prose_and_code(path):
    cells = re.split(r"^# %%\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert len(cells) >= 4
    for cell in cells:
        code = [line for line in cell.splitlines() if line and not line.startswith("#")]
        assert code
    headings = re.findall(r"^# (.+)\n# (-+)$", "".join(cells), flags=re.MULTILINE)
    assert len(headings) >= 2
    assert all(len(title) == len(underline) for title, underline in headings)


def test_titles_differ():
    assert len({docstring(path).strip().splitlines()[0] for path in EXAMPLES}) == len(EXAMPLES)


@pytest.mark.parametrize("path", EXAMPLES, ids=NAMES)
def test_nothing_is_left_to_be_written(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"TODO|FIXME|XXX|lorem ipsum|\bTBD\b", text, flags=re.IGNORECASE)
    assert "SKEMBED_DATA" in text


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_it_runs_on_made_data(name, tmp_path):
    root = Path(__file__).parents[2]
    (path,) = (root / "examples").glob(f"*/{name}.py")
    environment = {k: v for k, v in os.environ.items() if k != "SKEMBED_DATA"}
    environment |= {"MPLBACKEND": "Agg", "PYTHONPATH": str(root)}
    found = subprocess.run(
        [sys.executable, "-W", "error::FutureWarning", path],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout
