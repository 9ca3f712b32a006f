"""Measurements in fresh processes."""

import subprocess
import sys

import pytest

from benchmarks.shared import _processes
from benchmarks.shared._processes import answer_of, answers_in_turns, import_seconds


def test_questions_take_turns(monkeypatch):
    asked = []

    def answer(module, question):
        asked.append((module, question["side"]))
        return {"work": float(len(asked))}

    monkeypatch.setattr(_processes, "answer_of", answer)
    answers = answers_in_turns("a_module", [{"side": "ours"}, {"side": "theirs"}], 2)
    assert asked == [("a_module", "ours"), ("a_module", "theirs")] * 2
    assert answers == [[{"work": 1.0}, {"work": 3.0}], [{"work": 2.0}, {"work": 4.0}]]


def test_what_went_wrong_in_the_process_is_told():
    with pytest.raises(RuntimeError, match="No module named benchmarks.no_such_module"):
        answer_of("benchmarks.no_such_module", {})


def test_an_import_takes_time():
    assert import_seconds("import json") > 0


def test_a_process_that_is_asked_starts_without_heavy_libraries():
    """Imports are measured in it, and memory above that of one import."""
    code = (
        "import benchmarks.speed._probe, sys; "
        "print({'numpy', 'sklearn', 'pandas', 'tqdm', 'tensorflow', 'skembed'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "set()", found.stderr
