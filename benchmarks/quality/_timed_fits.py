"""Fits that are timed, and what they predict: in this process, or in one with a time limit."""

import multiprocessing
import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from benchmarks.quality._fasttext import predicted
from benchmarks.quality._wide_mlp import MOST_COLUMNS
from benchmarks.shared._scores import probabilities
from benchmarks.shared._timing import seconds_of
from benchmarks.shared._tuned_linear import Tuned
from benchmarks.shared.data._problem import Problem

TIME_LIMIT = 600.0  # seconds for LogisticRegressionCV


@dataclass(frozen=True)
class Outcome:
    """What a fit led to; no prediction if it was ended at the time limit."""

    prediction: np.ndarray | None
    seconds: float
    note: str = ""


def plainly(model: Any, problem: Problem) -> Outcome:
    """Fit in this process with as many threads as the model likes."""
    seconds = seconds_of(lambda: model.fit(problem.X_train, problem.y_train))
    return Outcome(probabilities(model, problem.task, problem.X_test), seconds, _note(model))


def on_one_thread(model: Any, problem: Problem) -> Outcome:
    """Fit in this process; on busy cores two BLAS threads take up to twenty times as long."""
    with threadpool_limits(limits=1):
        return plainly(model, problem)


def within_limit(model: Any, problem: Problem) -> Outcome:
    """Fit in a process that is ended after `TIME_LIMIT` seconds."""
    with TemporaryDirectory() as name:
        path = Path(name, "outcome.npz")
        child = multiprocessing.get_context("spawn").Process(
            target=_leave_outcome, args=(model, problem, path)
        )
        child.start()
        child.join(TIME_LIMIT)
        if child.is_alive():
            child.terminate()
            child.join()
            return Outcome(None, TIME_LIMIT, "ended at the time limit")
        if child.exitcode:
            raise RuntimeError(f"The fit of {model} failed in its process; see above.")
        with np.load(path) as found:
            return Outcome(found["prediction"], float(found["seconds"]), str(found["note"]))


def _leave_outcome(model: Any, problem: Problem, path: Path) -> None:
    """Fit in the process that this is called in, and leave a file."""
    warnings.simplefilter("ignore")  # as the benchmark does: a new process knows nothing of it
    outcome = on_one_thread(model, problem)
    np.savez(path, prediction=outcome.prediction, seconds=outcome.seconds, note=outcome.note)


def by_fasttext(model: Any, problem: Problem) -> Outcome:
    """Train fastText on the same ids."""
    data = problem.X_train, problem.y_train, problem.X_test
    return Outcome(*predicted(model, *data))


def by_wide_mlp(model: Any, problem: Problem) -> Outcome:
    """Fit in this process, unless there are too many columns for dense updates."""
    if problem.X_train.shape[1] > MOST_COLUMNS:
        return Outcome(None, 0.0, f"not run on more than {MOST_COLUMNS:,} columns")
    return plainly(model, problem)


def _note(model: Any) -> str:
    """What is worth knowing of a fitted model."""
    if isinstance(model, Tuned):
        edge = ", an end of the grid" * (model.best_ in (model.values[0], model.values[-1]))
        return f"{model.parameter.split('__')[-1]} = {model.best_:.3g}{edge}"
    inner = getattr(model, "estimators_", [model])
    steps = [int(np.max(each.n_iter_)) for each in inner if isinstance(each, LogisticRegression)]
    return f"{max(steps)} iterations" if max(steps, default=0) > 100 else ""
