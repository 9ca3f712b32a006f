"""Every model on every data set: results are looked up, or fitted for where they are missing."""

import sys
from collections.abc import Iterator, Sequence

from benchmarks.quality._models import MODELS, Model
from benchmarks.shared._cache import Result, Store, key_of
from benchmarks.shared._measured import Measured
from benchmarks.shared._scores import row_scores, scores
from benchmarks.shared.data._problem import Problem
from benchmarks.shared.data._sets import SETS, DataSet

_QUICK_ROWS = 2_000


def problem_of(name: str, *, quick: bool) -> Problem | None:
    """Make the features of a data set; None, and why, where its file is missing."""
    path = SETS[name].path
    if path is None:
        print(f"{name}: skipped, wants {SETS[name].file} below $SKEMBED_DATA.\n", flush=True)
        return None
    problem = SETS[name].make(path)
    return (problem.head(_QUICK_ROWS) if quick else problem).learnable()


def fits_of(model: Model, data: DataSet, problem: Problem, n_seeds: int) -> Iterator[tuple]:
    """Yield seeds and unfitted estimators, none for a set that the model is not for."""
    if model.text_only and not data.text_like:
        return
    for seed in range(n_seeds if model.seed else 1):
        estimator = model.estimator(problem.task, seed)
        if estimator is not None:
            yield seed, estimator


def results_of(
    name: str, model_name: str, problem: Problem, n_seeds: int, store: Store
) -> list[Result]:
    """Look up the results of a model on a data set, and fit for those that are missing."""
    model, found, is_warm = MODELS[model_name], [], False
    for seed, estimator in fits_of(model, SETS[name], problem, n_seeds):
        key = key_of(problem.digest, estimator, ours=model.ours)
        result = store.get(key)
        if result is None:
            if model.ours and not is_warm:
                model.run(model.estimator(problem.task, seed), problem)
                is_warm = True
            outcome = model.run(estimator, problem)
            judged = (problem.task, problem.y_test, outcome.prediction)
            ended = outcome.prediction is None
            values, rows = ({}, {}) if ended else (scores(*judged), row_scores(*judged))
            result = Result(key, name, model_name, seed, outcome.seconds, values, outcome.note)
            store.put(result, rows)
            _tell(result)
        found.append(result)
    return found


def _tell(result: Result) -> None:
    """Report progress."""
    told = ", ".join(f"{score} {value:.4f}" for score, value in result.scores.items())
    line = f"{result.set}, {result.model}, seed {result.seed}: {result.seconds:.2f} s, {told}"
    print(line, result.note, file=sys.stderr, flush=True)


def measure(
    name: str, problem: Problem, models: Sequence[str], n_seeds: int, store: Store
) -> Measured:
    """Run models on a data set."""
    found = {model: results_of(name, model, problem, n_seeds, store) for model in models}
    return Measured(
        SETS[name].title,
        problem.description,
        problem.task,
        SETS[name].score,
        problem.y_test,
        {model: results for model, results in found.items() if results},
        store.rows,
    )
