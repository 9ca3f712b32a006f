"""The models of the quality benchmark: ours at its defaults, and its rivals.

No setting depends on the data set; the task alone decides which estimator is meant.
"""

import multiprocessing
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, Ridge
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from benchmarks import _quality_fasttext
from benchmarks._quality_scores import losses, probabilities
from benchmarks._quality_sets import Problem

TIME_LIMIT = 600.0  # seconds for LogisticRegressionCV
_GRID = tuple(np.logspace(-3, 3, 13).tolist())
_PATIENCE = 3  # worse values in a row after which the grid ends


@dataclass(frozen=True)
class Outcome:
    """What a fit led to; no prediction if it was ended at the time limit."""

    prediction: np.ndarray | None
    seconds: float
    note: str = ""


class Tuned(BaseEstimator):
    """The value of one parameter chosen on a fifth of the training rows, then a refit."""

    def __init__(self, estimator: Any, parameter: str, values: Any, task: str) -> None:
        self.estimator = estimator
        self.parameter = parameter
        self.values = values
        self.task = task

    def fit(self, X: Any, y: np.ndarray) -> "Tuned":
        """Go through the values in order until they have become worse."""
        parts = train_test_split(
            X, y, test_size=0.2, random_state=0, stratify=y if self.task == "classes" else None
        )
        found: dict[float, float] = {}
        model = clone(self.estimator)
        if "warm_start" in model.get_params():
            model.set_params(warm_start=True)
        for value in self.values:
            found[value] = self._loss(model.set_params(**{self.parameter: value}), *parts)
            self.best_ = min(found, key=lambda value: found[value])
            if list(found).index(self.best_) < len(found) - _PATIENCE:
                break
        self.model_ = clone(self.estimator).set_params(**{self.parameter: self.best_})
        self.model_.fit(X, y)
        return self

    def _loss(self, model: Any, X: Any, X_held: Any, y: np.ndarray, y_held: np.ndarray) -> float:
        model.fit(X, y)
        return float(losses(self.task, y_held, probabilities(model, self.task, X_held)).mean())

    def predict(self, X: Any) -> np.ndarray:
        """Predict by the refitted model."""
        return self.model_.predict(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities by the refitted model."""
        return self.model_.predict_proba(X)


def plainly(model: Any, problem: Problem) -> Outcome:
    """Fit in this process with as many threads as the model likes."""
    start = time.perf_counter()
    model.fit(problem.X_train, problem.y_train)
    seconds = time.perf_counter() - start
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
    return Outcome(*_quality_fasttext.predicted(model, *data))


def _note(model: Any) -> str:
    """What is worth knowing of a fitted model."""
    if isinstance(model, Tuned):
        edge = ", an end of the grid" * (model.best_ in (model.values[0], model.values[-1]))
        return f"{model.parameter.split('__')[-1]} = {model.best_:.3g}{edge}"
    inner = getattr(model, "estimators_", [model])
    steps = [int(np.max(each.n_iter_)) for each in inner if isinstance(each, LogisticRegression)]
    return f"{max(steps)} iterations" if max(steps, default=0) > 100 else ""


def _ours(task: str) -> Any:
    from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor

    return EmbeddingDNNRegressor() if task == "values" else EmbeddingDNNClassifier()


def _linear(task: str) -> Any:
    if task == "values":
        return Ridge()
    logistic = LogisticRegression(max_iter=1000)
    return OneVsRestClassifier(logistic) if task == "labels" else logistic


def _tuned(task: str) -> Any:
    parameter = {"values": "alpha", "labels": "estimator__C"}.get(task, "C")
    return Tuned(_linear(task), parameter, _GRID, task)


def _mlp(task: str) -> Any:
    network = MLPRegressor if task == "values" else MLPClassifier
    return network(hidden_layer_sizes=(64,), early_stopping=True)


def _fasttext(task: str) -> Any:
    if task == "values" or find_spec("fasttext") is None:
        return None
    return _quality_fasttext.FastText("ova" if task == "labels" else "softmax")


def _cross_validated(task: str) -> Any:
    if task == "values":
        return None
    logistic = LogisticRegressionCV()
    return OneVsRestClassifier(logistic) if task == "labels" else logistic


@dataclass(frozen=True)
class Model:
    """A model: what it is for a task (None: not for that), and how it is run."""

    title: str
    make: Callable[[str], Any]
    for_values: str = ""  # its title where values are the task, if that is another
    run: Callable[[Any, Problem], Outcome] = on_one_thread
    seed: str | None = None  # its parameter
    ours: bool = False  # warmed up by a fit that does not count
    text_only: bool = False

    def title_for(self, task: str) -> str:
        """Return the name of the estimator for a task."""
        return self.for_values if task == "values" and self.for_values else self.title

    def estimator(self, task: str, seed: int) -> Any:
        """Return the unfitted estimator with its seed."""
        model = self.make(task)
        return (
            model if model is None or self.seed is None else model.set_params(**{self.seed: seed})
        )


MODELS: dict[str, Model] = {
    "ours": Model("skembed, defaults", _ours, run=plainly, seed="random_state", ours=True),
    "linear": Model("LogisticRegression", _linear, "Ridge"),
    "tuned": Model("LogisticRegression, C tuned", _tuned, "Ridge, alpha tuned"),
    "mlp": Model("MLPClassifier", _mlp, "MLPRegressor", seed="random_state"),
    "fasttext": Model("fastText", _fasttext, run=by_fasttext, seed="seed", text_only=True),
    "cv": Model("LogisticRegressionCV", _cross_validated, run=within_limit),
}
