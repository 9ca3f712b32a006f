"""Tables: the one-line pipeline against linear models, trees and networks for tables.

python -m benchmarks.tables [--sets NAME ...] [--models NAME ...] [--seeds 5] [--quick] [--write]

Data sets are looked for below $SKEMBED_DATA. Models whose package is not installed are left out:
the dependency group "rivals" brings LightGBM and CatBoost; RealMLP and TabM are in pytabkit.
Every result is kept in .tables_cache/, so a second run goes on where the first stopped; ours are
fitted anew when the code changes. A full run writes benchmarks/results/tables.md and tables.png.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.shared import _results
from benchmarks.shared._cache import Store
from benchmarks.shared._measured import Measured
from benchmarks.shared._warnings import silenced
from benchmarks.tables import _picture, _table
from benchmarks.tables._harness import measure, table_of
from benchmarks.tables._models import MODELS
from benchmarks.tables._sets import SETS

RESULTS = _results.RESULTS / "tables.md"
_PACKAGES = (*_results.PACKAGES, "lightgbm", "catboost", "pytabkit")
_METHOD = """\
All models get the same rows and the same columns of a table, and prepare them in their own way; \
seconds include that. Ours is `make_embedding_pipeline` with the network at its defaults. Linear: \
all categories one-hot, numbers standardised and in bins, tf-idf of words and pairs, multi-hot \
lists, the penalty chosen on a fifth of the training rows, as "linear" of `compare`; with our \
target statistics: those of `TargetStatisticsEncoder` beside them, of categories and of numbers \
in 16 bins. \
HistGradientBoosting: categories of its own up to 255, TargetEncoder beyond. For the others \
integers are numbers. LightGBM: pandas \
categories. CatBoost: cat_features, text_features, lists as texts of their terms. RealMLP and \
TabM: pandas categories. Trees but CatBoost, RealMLP and TabM get texts and lists as 64 components \
of a truncated SVD. All are at their defaults. Figures are means over {} seeds, ± their standard \
error over the seeds, where a model has any; seconds are medians. "Better by" is the paired \
difference of the score that the table is judged by, with its standard error over test rows and \
seeds; more is better for ours."""


def report(measured: Sequence[Measured], options: argparse.Namespace) -> str:
    """Return the whole report as Markdown."""
    chosen = f" --sets {' '.join(options.sets)}" if len(options.sets) < len(SETS) else ""
    chosen += f" --models {' '.join(options.models)}" if len(options.models) < len(MODELS) else ""
    command = "tables" + chosen + " --quick" * options.quick
    picture = "![What ours gains on its rivals](tables.png)"
    parts = [
        _results.heading("Tables", command, _PACKAGES),
        _METHOD.format(options.seeds),
        "\n".join(f"- {each.title}: {each.description}." for each in measured),
        _table.summary(measured),
        picture if _is_written(options) else "",
        _table.details(measured),
        _table.published([each.title for each in measured]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _is_written(options: argparse.Namespace) -> bool:
    """Whether every model is to run on every table, in full, or the file was asked for."""
    everything = set(options.sets) == set(SETS) and set(options.models) == set(MODELS)
    full = everything and options.seeds > 1 and not options.quick
    return options.write or full


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tables",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, known in {"sets": SETS, "models": MODELS}.items():
        parser.add_argument(
            f"--{name}", nargs="+", choices=known, default=list(known), metavar="NAME"
        )
    parser.add_argument("--seeds", type=int, help="fits (default: 5, or 2 with --quick)")
    parser.add_argument("--quick", action="store_true", help="2,000 rows a part, no file")
    parser.add_argument("--write", action="store_true", help="write the file of a partial run, too")
    parser.add_argument("--list", action="store_true", help="list tables and models")
    parser.add_argument("--cache", type=Path, default=Path(".tables_cache"))
    options = parser.parse_args(arguments)
    options.seeds = options.seeds or (2 if options.quick else 5)
    return options


def listing() -> str:
    """Names of tables and models."""
    sets = [f"{name}: {each.title} ({each.file})" for name, each in SETS.items()]
    models = [
        f"{name}: {model.title}" + f" (not installed: {model.package})" * (not model.is_installed)
        for name, model in MODELS.items()
    ]
    return "\n".join(["Tables:", *sets, "", "Models:", *models])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark from the command line."""
    options = parsed(arguments)
    if options.list:
        print(listing())
        return
    for name in options.models:
        if not MODELS[name].is_installed:
            print(f"{name}: left out, {MODELS[name].package} is not installed.", flush=True)
    store, measured = Store(options.cache), []
    with silenced():
        for name in options.sets:
            table = table_of(name, quick=options.quick)
            if table is not None:
                measured.append(measure(name, table, options.models, options.seeds, store))
    text = report(measured, options)
    print(text, flush=True)
    if not _is_written(options) or not measured:
        print("Not written to a file: that takes all tables and models, no --quick, or --write.")
        return
    _results.write(RESULTS, text)
    _picture.draw(measured, RESULTS.with_suffix(".png"))


if __name__ == "__main__":
    main()
