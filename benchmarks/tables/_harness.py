"""Every model on every table: results are looked up, or fitted for where they are missing."""

import sys
import time
from collections.abc import Sequence

from benchmarks.shared._cache import Result, Store, key_of
from benchmarks.shared._measured import Measured
from benchmarks.shared._scores import probabilities, row_scores, scores
from benchmarks.shared._timing import seconds_of
from benchmarks.tables._models import MODELS, Model
from benchmarks.tables._sets import SETS, Table

_QUICK_ROWS = 2_000


def table_of(name: str, *, quick: bool) -> Table | None:
    """Read a table; None, and why, where its file is missing."""
    path = SETS[name].path
    if path is None:
        print(f"{name}: skipped, wants {SETS[name].file} below $SKEMBED_DATA.\n", flush=True)
        return None
    table = SETS[name].make(path)
    return table.head(_QUICK_ROWS) if quick else table


def result_of(
    key: str, name: str, model_name: str, table: Table, seed: int, store: Store
) -> Result:
    """Fit, predict and keep the scores."""
    estimator = MODELS[model_name].estimator(table, seed)
    seconds = seconds_of(lambda: estimator.fit(table.train, table.y_train))
    start = time.perf_counter()
    prediction = probabilities(estimator, table.task, table.test)
    predict_seconds = time.perf_counter() - start
    judged = (table.task, table.y_test, prediction)
    found = scores(*judged)
    result = Result(key, name, model_name, seed, seconds, found, estimator.note, predict_seconds)
    store.put(result, row_scores(*judged))
    told = ", ".join(f"{score} {value:.4f}" for score, value in found.items())
    line = f"{name}, {model_name}, seed {seed}: {seconds:.2f} s, {told}"
    print(line, result.note, file=sys.stderr, flush=True)
    return result


def results_of(
    name: str, model_name: str, table: Table, n_seeds: int, store: Store
) -> list[Result]:
    """Look up the results of a model on a table, and fit for those that are missing."""
    model: Model = MODELS[model_name]
    found, is_warm = [], False
    for seed in range(n_seeds if model.seeded else 1):
        estimator = model.estimator(table, seed)
        key = key_of(table.digest, estimator, ours=model.ours, code=model.code)
        result = store.get(key)
        if result is None:
            if model.ours and not is_warm:
                estimator.fit(table.train, table.y_train)
                is_warm = True
            result = result_of(key, name, model_name, table, seed, store)
        found.append(result)
    return found


def measure(name: str, table: Table, models: Sequence[str], n_seeds: int, store: Store) -> Measured:
    """Run the models that are installed on a table."""
    installed = [model for model in models if MODELS[model].is_installed]
    found = {model: results_of(name, model, table, n_seeds, store) for model in installed}
    return Measured(
        SETS[name].title,
        table.description,
        table.task,
        SETS[name].score,
        table.y_test,
        found,
        store.rows,
    )
