"""The command line of the speed benchmark."""

import pytest

from benchmarks.shared._tables import Line, Section
from benchmarks.speed import __main__ as command


def test_rows_without_their_data_say_what_they_want(monkeypatch, capsys):
    monkeypatch.delenv("SKEMBED_DATA", raising=False)
    command.main(["--quick", "--rows", "lesson"])
    assert "wants imdb/imdb.parquet" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "written"), [([], True), (["--quick"], False)])
def test_only_a_full_run_is_written(monkeypatch, tmp_path, arguments, written):
    section = Section("A row", "ratio", [Line("a line", [1.0, 2.0])], ["a note"])
    monkeypatch.setattr(command, "ROWS", {"row": command.Row(lambda _: section)})
    monkeypatch.setattr(command, "RESULTS", tmp_path / "speed.md")
    monkeypatch.setattr(command.Imdb, "find", lambda _: object())
    command.main(arguments)
    assert command.RESULTS.exists() == written
    if written:
        text = command.RESULTS.read_text()
        assert "1.50 s" in text and "- a note" in text
