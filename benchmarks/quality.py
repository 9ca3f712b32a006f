"""How well it learns: our defaults against rivals, on the same sparse features.

python -m benchmarks.quality [--sets NAME ...] [--seeds 5] [--models NAME ...] [--quick]

Data sets are looked for below $SKEMBED_DATA. Every result is kept in .quality_cache/, so
a second run goes on where the first stopped; ours are fitted anew when the code that
trains changes. A full run writes benchmarks/results/quality.md and quality.png.

How two models are compared. A score is a mean over test rows; let g[s, i] be what row i
says for ours with seed s minus what it says for the rival (times -1 for the log loss), with
the rival's fit of seed s, or its only fit where it has no seed. For S seeds and n rows

    gain = mean over s and i of g[s, i]
    error^2 = Var_i(mean_s g[s, i]) / n + Var_s(mean_i g[s, i]) / S

with variances that divide by n - 1 and S - 1: rows and seeds are two samples, each of
which could have been another. The second part is left out for one seed. A row is worth its
log loss, for labels the mean over them, or 1 - (squared error / variance of y) for R2. For
the AUC it is the share of the rows of the other class that it is ranked rightly against, and
the first part is the sum over the two classes of the same variance within the class, as in
DeLong et al. (1988).
"""

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks import _quality_picture, _quality_table, _report  # noqa: E402
from benchmarks._quality_cache import Result, Store, key_of  # noqa: E402
from benchmarks._quality_models import MODELS, TIME_LIMIT, Model  # noqa: E402
from benchmarks._quality_results import Measured  # noqa: E402
from benchmarks._quality_scores import row_scores, scores  # noqa: E402
from benchmarks._quality_sets import SETS, DataSet, Problem  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "quality.md"
_QUICK_ROWS = 2_000
_METHOD = f"""\
All models get the same float32 CSR and the same split. skembed runs at its defaults \
everywhere. Linear models have max_iter=1000 (a note says where more than 100 iterations were \
made); tuned: of 13 values from 0.001 to 1,000 the one with the least loss on a fifth of the \
training rows, then a refit on all of them, for labels one value for all. MLPs: (64,), \
early_stopping=True. fastText at its command line's defaults. LogisticRegressionCV at \
its defaults, ended after {TIME_LIMIT:.0f} s. scikit-learn's models get one BLAS thread, which is \
faster on busy cores. Figures are means over {{}} seeds where a model has any, seconds the median \
of their fits, ours after one that does not count. Labels: log loss is the mean over the labels, \
accuracy that all labels of a row are right. "Better by" is a difference of the score that the \
set is judged by, with its standard error over test rows and seeds; more is better for ours."""


def problem_of(name: str, folder: Path, *, quick: bool) -> Problem | None:
    """Make the features of a data set; None, and why, where its file is missing."""
    path = folder / SETS[name].file
    if not path.exists():
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


def report(measured: Sequence[Measured], options: argparse.Namespace) -> str:
    """Return the whole report as Markdown."""
    chosen = f" --models {' '.join(options.models)}" if len(options.models) < len(MODELS) else ""
    command = "python -m benchmarks.quality" + chosen + " --quick" * options.quick
    return "\n".join(
        [
            "# What it learns",
            "",
            f"`{command}` on {_report.machine()}.",
            "",
            _METHOD.format(options.seeds),
            "",
            *(f"- {each.title}: {each.description}." for each in measured),
            "",
            _quality_table.summary(measured),
            "",
            "![What ours gains on the tuned linear model](quality.png)" * _is_written(options),
            "",
            _quality_table.details(measured),
            "",
        ]
    )


def _is_written(options: argparse.Namespace) -> bool:
    """Whether every model is to run on every set, in full, or those that were asked for."""
    models = set(options.models) == set(MODELS) or (options.write and "tuned" in options.models)
    everything = set(options.sets) == set(SETS) and models
    return everything and options.seeds > 1 and not options.quick


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = {"sets": SETS, "models": MODELS}
    for name, known in names.items():
        parser.add_argument(
            f"--{name}", nargs="+", choices=known, default=list(known), metavar="NAME"
        )
    parser.add_argument("--seeds", type=int, help="fits (default: 5, or 2 with --quick)")
    parser.add_argument("--quick", action="store_true", help="2,000 rows a part, no file")
    parser.add_argument(
        "--write", action="store_true", help="write the file without some of the rivals, too"
    )
    parser.add_argument("--list", action="store_true", help="list sets and models")
    parser.add_argument("--cache", type=Path, default=Path(".quality_cache"))
    options = parser.parse_args(arguments)
    options.seeds = options.seeds or (2 if options.quick else 5)
    return options


def listing() -> str:
    """Names of data sets and models."""
    sets = [f"{name}: {data.title} ({data.file})" for name, data in SETS.items()]
    models = [f"{name}: {model.title}" for name, model in MODELS.items()]
    return "\n".join(["Sets:", *sets, "", "Models:", *models])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark from the command line."""
    options = parsed(arguments)
    if options.list:
        print(listing())
        return
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    folder, store = Path(os.environ.get("SKEMBED_DATA", "")), Store(options.cache)
    measured = []
    with warnings.catch_warnings():
        # rivals warn of few iterations, and of news in scikit-learn
        warnings.simplefilter("ignore")
        for name in options.sets:
            problem = problem_of(name, folder, quick=options.quick)
            if problem is not None:
                measured.append(measure(name, problem, options.models, options.seeds, store))
    text = report(measured, options)
    print(text, flush=True)
    if not _is_written(options) or len(measured) < len(SETS):
        print("Not written to a file: that takes all sets and models, and no --quick.")
        return
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text)
    _quality_picture.draw(measured, RESULTS.with_suffix(".png"))
    print(f"Written to benchmarks/results/{RESULTS.name}, with its picture.")


if __name__ == "__main__":
    main()
