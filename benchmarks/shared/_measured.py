"""What was measured on one data set, and comparisons within it."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np

from benchmarks.shared._cache import Result
from benchmarks.shared._scores import LOWER_IS_BETTER, Gain, gain


@dataclass(frozen=True)
class Measured:
    """Results of each model on a data set, by seed."""

    title: str
    description: str
    task: str
    score: str  # what it is judged by
    y_test: np.ndarray
    results: dict[str, list[Result]]
    rows: Callable[[Result, str], np.ndarray]

    def value(self, model: str, score: str) -> float | None:
        """Mean of a score over the seeds; None where there is none."""
        values = [result.scores.get(score) for result in self.results.get(model, [])]
        return fmean(values) if values and None not in values else None

    def seconds(self, model: str) -> float | None:
        """Median seconds of a fit."""
        results = self.results.get(model)
        return median(result.seconds for result in results) if results else None

    def predict_seconds(self, model: str) -> float | None:
        """Median seconds of a prediction; None where it was not timed."""
        seconds = [result.predict_seconds for result in self.results.get(model, [])]
        return median(seconds) if seconds and None not in seconds else None

    def spread(self, model: str, score: str) -> float | None:
        """Standard error of the mean of a score over the seeds; None for one seed."""
        values = [result.scores.get(score) for result in self.results.get(model, [])]
        if len(values) < 2 or None in values:
            return None
        return float(np.std(values, ddof=1) / np.sqrt(len(values)))

    def was_ended(self, model: str) -> bool:
        """Whether the fit was ended at the time limit."""
        return model in self.results and not all(each.scores for each in self.results[model])

    def notes(self, model: str) -> str:
        """What the fits of a model noted, each once."""
        return "; ".join(dict.fromkeys(each.note for each in self.results[model] if each.note))

    def gain_on(self, rival: str, score: str | None = None) -> Gain | None:
        """By how much ours is better than a rival, if both have that score."""
        score = score or self.score
        if rival == "ours" or None in (self.value("ours", score), self.value(rival, score)):
            return None
        ours, theirs = (
            [self.rows(result, score) for result in self.results[model]]
            for model in ("ours", rival)
        )
        return gain(ours, theirs, score, self.y_test)

    def best_rival(self) -> str | None:
        """Return the rival with the best mean of the score that the set is judged by."""
        sign = 1 if self.score in LOWER_IS_BETTER else -1
        values = {
            model: sign * value
            for model in self.results
            if model != "ours" and (value := self.value(model, self.score)) is not None
        }
        return min(values, key=lambda model: values[model]) if values else None
