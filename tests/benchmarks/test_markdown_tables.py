"""Figures, lines and sections of Markdown tables, and what stands above them."""

import pytest

from benchmarks.shared import _results
from benchmarks.shared._tables import Section, figure, table, table_line, versus
from benchmarks.shared._timing import Contender, race


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.2e-5, "s", "32.0 µs"),
        (0.026, "s", "26.0 ms"),
        (2, "s", "2.00 s"),
        (1234.5, "MB", "1,234 MB"),
    ],
)
def test_figures_have_three_digits(value, unit, text):
    assert figure(value, unit) == text


def test_a_target_is_for_the_fastest_rival_of_its_name():
    seconds = {"ours": 1.0, "them, slow": 9.0, "them, fast": 3.0, "another": 2.0}
    timings = race(
        [Contender(n, lambda _, s=s: s, times_itself=True) for n, s in seconds.items()], 1, "test"
    )
    for target, verdict in ((0.5, "holds"), (0.1, "**falls short**")):
        lines = versus(timings, {"them": target})
        assert [line.verdict for line in lines] == ["", "", verdict, ""]
    assert "falls" not in Section("title", "ratio", lines).markdown(judged=False)


def test_a_line_that_is_printed_alone_has_the_cells_of_the_table():
    rows = [["a", "", "b c"], ["", "d", ""]]
    whole = table(rows, ["one", "two", "three"]).splitlines()
    for cells, line in zip(rows, whole[2:], strict=True):
        split = [cell.strip() for cell in line.strip("|").split("|")]
        assert [cell.strip() for cell in table_line(cells)[1:-1].split("|")] == split


def test_the_heading_names_the_command_and_versions():
    head = _results.heading("A title", "speed --quick", ["numpy", "no-such-package"])
    title, blank, line = head.splitlines()
    assert (title, blank) == ("# A title", "")
    assert line.startswith("`python -m benchmarks.speed --quick` on ")
    assert "cores; Python 3" in line and line.endswith("no no-such-package.")
    assert "numpy " in line


def test_results_are_kept_where_the_documentation_reads_them():
    assert {"quality.md", "rows.md", "speed.md", "tables.md", "vocabulary.md"} <= {
        path.name for path in _results.RESULTS.iterdir()
    }
