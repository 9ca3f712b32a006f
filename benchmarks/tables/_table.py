"""Tables of the benchmark as Markdown."""

from collections.abc import Sequence

from benchmarks.shared._measured import Measured
from benchmarks.shared._tables import figure, table
from benchmarks.tables._models import MODELS
from benchmarks.tables._sets import SETS

SCORES = ("log loss", "AUC", "R2")
SUMMARY = (
    "data",
    "score",
    "ours",
    "best rival",
    "its score",
    "ours better by",
    "fit, ours",
    "fit, rival",
)
COLUMNS = ("data", "model", *SCORES, "fit", "predict", "ours better by", "note")


def summary(measured: Sequence[Measured]) -> str:
    """One line a table: ours against the best rival."""
    return table([_summary_cells(each) for each in measured], SUMMARY)


def _summary_cells(each: Measured) -> list[str]:
    rival = each.best_rival()
    gain = each.gain_on(rival) if rival else None
    return [
        each.title,
        each.score,
        _score(each, "ours", each.score),
        MODELS[rival].title_for(each.task) if rival else "",
        _score(each, rival, each.score) if rival else "",
        "" if gain is None else str(gain),
        _time(each.seconds("ours")),
        _time(each.seconds(rival)) if rival else "",
    ]


def details(measured: Sequence[Measured]) -> str:
    """One line for each model on each table."""
    rows = [
        [each.title if number == 0 else "", *_model_cells(each, name)]
        for each in measured
        for number, name in enumerate(each.results)
    ]
    return table(rows, COLUMNS)


def _model_cells(each: Measured, name: str) -> list[str]:
    rival = each.best_rival() if name == "ours" else name
    gain = each.gain_on(rival) if rival else None
    return [
        MODELS[name].title_for(each.task),
        *(_score(each, name, score) for score in SCORES),
        _time(each.seconds(name)),
        _time(each.predict_seconds(name)),
        "" if gain is None else f"**{gain}**" if name == "ours" else str(gain),
        each.notes(name),
    ]


def published(titles: Sequence[str]) -> str:
    """What others have published on the tables of these titles."""
    rows = [
        [each.title, model, each.score, value]
        for each in SETS.values()
        if each.title in titles
        for model, value in each.published.items()
    ]
    return table(rows, ("data", "model, as published", "score", "value")) if rows else ""


def _score(each: Measured, name: str, score: str) -> str:
    """Mean over the seeds, with its standard error where there are several."""
    value, error = each.value(name, score), each.spread(name, score)
    if value is None:
        return ""
    return f"{value:.4f}" if error is None else f"{value:.4f} ± {error:.4f}"


def _time(seconds: float | None) -> str:
    return "" if seconds is None else figure(seconds, "s")
