"""The models of the table: ours at its defaults, then its rivals.

The task alone decides which estimator is meant.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.quality import _rivals
from benchmarks.quality._timed_fits import (
    Outcome,
    by_fasttext,
    by_wide_mlp,
    on_one_thread,
    plainly,
    within_limit,
)
from benchmarks.shared.data._problem import Problem
from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor


def _ours(task: str) -> Any:
    return EmbeddingDNNRegressor() if task == "values" else EmbeddingDNNClassifier()


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
    "linear": Model("LogisticRegression", _rivals.linear, "Ridge"),
    "tuned": Model("LogisticRegression, C tuned", _rivals.tuned, "Ridge, alpha tuned"),
    "nblr": Model("NB-LR, C tuned", _rivals.naive_bayes, text_only=True),
    "widemlp": Model("WideMLP", _rivals.wide_mlp, run=by_wide_mlp, seed="seed", text_only=True),
    "mlp": Model("MLPClassifier", _rivals.mlp, "MLPRegressor", seed="random_state"),
    "fasttext": Model("fastText", _rivals.fasttext, run=by_fasttext, seed="seed", text_only=True),
    "cv": Model("LogisticRegressionCV", _rivals.cross_validated, run=within_limit),
}
