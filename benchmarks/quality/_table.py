"""Tables of the quality benchmark as Markdown."""

from collections.abc import Sequence

from benchmarks.quality._models import MODELS
from benchmarks.shared._measured import Measured
from benchmarks.shared._tables import figure, table

SCORES = ("accuracy", "log loss", "calibration", "AUC", "micro-F1", "R2")
SUMMARY = (
    "data",
    "score",
    "ours",
    "best rival",
    "its score",
    "ours better by",
    "better than tuned by",
    "fit, ours",
    "fit, tuned",
    "fit, CV",
)
COLUMNS = ("data", "model", *SCORES, "fit", "ours better by", "note")


def summary(measured: Sequence[Measured]) -> str:
    """One line a data set: ours against the best rival."""
    return table([_summary_cells(each) for each in measured], SUMMARY)


def _summary_cells(each: Measured) -> list[str]:
    rival = each.best_rival()
    gains = [each.gain_on(name) if name else None for name in (rival, "tuned")]
    return [
        each.title,
        each.score,
        _decimals(each.value("ours", each.score)),
        MODELS[rival].title_for(each.task) if rival else "",
        _decimals(each.value(rival, each.score)) if rival else "",
        *("" if found is None else str(found) for found in gains),
        *(_seconds(each, name) for name in ("ours", "tuned", "cv")),
    ]


def details(measured: Sequence[Measured]) -> str:
    """One line for each model on each data set."""
    rows = [
        [each.title if number == 0 else "", *_model_cells(each, name)]
        for each in measured
        for number, name in enumerate(each.results)
    ]
    return table(rows, COLUMNS)


def _model_cells(each: Measured, name: str) -> list[str]:
    rival = each.best_rival() if name == "ours" else name
    found = each.gain_on(rival) if rival else None
    return [
        MODELS[name].title_for(each.task),
        *(_decimals(each.value(name, score)) for score in SCORES),
        _seconds(each, name),
        "" if found is None else f"**{found}**" if name == "ours" else str(found),
        each.notes(name),
    ]


def _seconds(each: Measured, name: str) -> str:
    seconds = each.seconds(name)
    if seconds is None:
        return ""
    return "> " * each.was_ended(name) + figure(seconds, "s")


def _decimals(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
