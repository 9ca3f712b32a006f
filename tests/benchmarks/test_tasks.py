"""Tasks of the vocabulary benchmark."""

import numpy as np
import pytest

from benchmarks.vocabulary import __main__ as command
from benchmarks.vocabulary._tasks import (
    PAIRS,
    WORDS,
    Task,
    assert_same,
    character_task,
    fit_pair,
    text_transformers,
    transform_pair,
)

TEXTS = ["good film, good cast", "A bad film!", "good film", ""]


@pytest.mark.parametrize("pair", [fit_pair, transform_pair])
@pytest.mark.parametrize("parameters", [WORDS, PAIRS], ids=["words", "pairs"])
def test_both_sides_give_the_same_matrix(pair, parameters):
    task = Task("a task", "rival", 1.0, *pair(*text_transformers(*parameters), TEXTS))
    assert_same(task)
    assert task.ours()[0].sum() > 0


def test_characters_give_the_same_matrix():
    task = character_task(["good film , good cast", "A bad film !", "good film", ""])
    assert_same(task)
    assert task.ours()[0].shape[0] == 4


def test_another_matrix_is_an_error():
    ours, _ = fit_pair(*text_transformers(*WORDS), TEXTS)
    _, theirs = fit_pair(*text_transformers(*WORDS), [*TEXTS[1:], TEXTS[0]])
    with pytest.raises(AssertionError, match="a task"):
        assert_same(Task("a task", "rival", 1.0, ours, theirs))


def test_a_line_has_the_cells_of_the_table():
    pair = fit_pair(*text_transformers(*WORDS), TEXTS)
    line = command.timed_line(Task("a task", "rival", np.inf, *pair), 2)
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert len(cells) == len(command.COLUMNS)
    assert (cells[:2], cells[-1]) == (["a task", "rival"], "no")


def test_missing_data_is_named(monkeypatch, capsys):
    monkeypatch.delenv("SKEMBED_DATA", raising=False)
    command.main(["--quick"])
    out = capsys.readouterr().out
    assert out.startswith("# VocabularyTransformer against scikit-learn\n")
    for folder in ("imdb", "whats_cooking", "amazon_access"):
        assert f"| wants {folder} in the folder that SKEMBED_DATA names | | | | | | |\n" in out


@pytest.mark.parametrize(
    ("arguments", "written"), [([], True), (["--quick"], False), (["--only", "a"], False)]
)
def test_only_a_full_run_is_written(monkeypatch, tmp_path, arguments, written):
    monkeypatch.setattr(command, "task_lines", lambda quick, only: ["| a task | | | | | | |"])
    monkeypatch.setattr(command, "RESULTS", tmp_path / "vocabulary.md")
    command.main(arguments)
    assert command.RESULTS.exists() == written
    if written:
        assert command.RESULTS.read_text().endswith("|---|\n| a task | | | | | | |\n")
