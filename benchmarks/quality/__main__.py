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
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality import _picture, _table
from benchmarks.quality._harness import measure, problem_of
from benchmarks.quality._models import MODELS
from benchmarks.quality._timed_fits import TIME_LIMIT
from benchmarks.shared import _results
from benchmarks.shared._cache import Store
from benchmarks.shared._measured import Measured
from benchmarks.shared._warnings import silenced
from benchmarks.shared.data._sets import SETS

RESULTS = _results.RESULTS / "quality.md"
_METHOD = f"""\
All models get the same float32 CSR and the same split. skembed runs at its defaults \
everywhere. Linear models have max_iter=1000 (a note says where more than 100 iterations were \
made); tuned: of 13 values from 0.001 to 1,000 the one with the least loss on a fifth of the \
training rows, then a refit on all of them, for labels one value for all. MLPs: (64,), \
early_stopping=True. NB-LR: logistic regression, tuned likewise, on features times naive Bayes' \
log-count ratios (Wang and Manning, 2012), one class against the others. WideMLP: 1,024 units on \
tf-idf (Galke and Scherp, 2022). fastText at its command line's defaults. LogisticRegressionCV at \
its defaults, ended after {TIME_LIMIT:.0f} s. \
scikit-learn's models get one BLAS thread, which is faster on busy cores. Figures are means over \
{{}} seeds where a model has any, seconds the median of their fits, ours after one that does not \
count. Labels: log loss is the mean over the labels, \
accuracy that all labels of a row are right. Calibration: expected calibration error of the \
likeliest class, or of all labels, in 15 bins; less is better. "Better by" is a difference of \
the score that the set is judged by, with its standard error over test rows and seeds; more is \
better for ours."""


def report(measured: Sequence[Measured], options: argparse.Namespace) -> str:
    """Return the whole report as Markdown."""
    chosen = f" --models {' '.join(options.models)}" if len(options.models) < len(MODELS) else ""
    command = "quality" + chosen + " --quick" * options.quick
    return "\n".join(
        [
            _results.heading("What it learns", command),
            "",
            _METHOD.format(options.seeds),
            "",
            *(f"- {each.title}: {each.description}." for each in measured),
            "",
            _table.summary(measured),
            "",
            "![What ours gains on the tuned linear model](quality.png)" * _is_written(options),
            "",
            _table.details(measured),
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
    store, measured = Store(options.cache), []
    with silenced():
        for name in options.sets:
            problem = problem_of(name, quick=options.quick)
            if problem is not None:
                measured.append(measure(name, problem, options.models, options.seeds, store))
    text = report(measured, options)
    print(text, flush=True)
    if not _is_written(options) or len(measured) < len(SETS):
        print("Not written to a file: that takes all sets and models, and no --quick.")
        return
    _results.write(RESULTS, text)
    _picture.draw(measured, RESULTS.with_suffix(".png"))


if __name__ == "__main__":
    main()
