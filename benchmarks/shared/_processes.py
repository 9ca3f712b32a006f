"""Measurements in fresh processes: a module is asked, and answers with a line of JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]  # of the repository

Answer = dict[str, float]


def answer_of(module: str, question: Mapping[str, Any]) -> Answer:
    """Run a module on a question, its only argument, and return its answer.

    Compiled programs of other processes are used only where the question has a folder of them,
    its "cache".
    """
    question = dict(question)
    cache = question.pop("cache", "off")
    return _run_python("-m", module, json.dumps(question), cache=cache)


def answers_in_turns(
    module: str, questions: Sequence[Mapping[str, Any]], repeats: int
) -> list[list[Answer]]:
    """Answers to each question, the processes taking turns."""
    answers: list[list[Answer]] = [[] for _ in questions]
    for _ in range(repeats):
        for question, found in zip(questions, answers, strict=True):
            found.append(answer_of(module, question))
    return answers


def import_seconds(statement: str) -> float:
    """Seconds of an import statement."""
    code = f"import time; t = time.perf_counter(); {statement}; s = time.perf_counter() - t"
    return _run_python("-c", f"{code}; print('{{\"seconds\": %r}}' % s)")["seconds"]


def _run_python(*arguments: str, cache: str = "off") -> Answer:
    """Run Python and parse the last line that it prints as JSON."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=_ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "SKEMBED_CACHE_DIR": cache},
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1])
