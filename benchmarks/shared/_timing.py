"""Contenders that take turns in one process: A B A B ..."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from benchmarks.shared._memory import peak_above_start


def seconds_of(function: Callable[[], Any]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Contender:
    """A job to be timed: `run` gets what `prepare` returns, whose time does not count."""

    name: str
    run: Callable[[Any], Any]
    prepare: Callable[[], Any] = _nothing
    calls: int = 1  # of `run` in a turn
    times_itself: bool = False  # `run` returns seconds
    warms_up: bool = True  # by a turn that does not count
    shows_peak: bool = True  # by a further call


@dataclass(frozen=True)
class Timing:
    """Seconds of a call in each turn, and the peak memory of a further turn in MB.

    CPU seconds are those of all threads of this process; nan where a contender times itself.
    """

    contender: Contender
    seconds: list[float]
    cpu_seconds: list[float]
    peak_mb: float | None


class _Turn(NamedTuple):
    """Cost of a call, as the mean of a turn's calls."""

    seconds: float
    cpu_seconds: float


def race(contenders: Sequence[Contender], repeats: int, title: str) -> list[Timing]:
    """Time the contenders in turns, then measure the memory of each once."""
    from tqdm.auto import tqdm  # not above: fresh processes import this module as well

    for contender in contenders:
        if contender.warms_up:
            _turn(contender)
    turns: list[list[_Turn]] = [[] for _ in contenders]
    for _ in tqdm(range(repeats), desc=title, unit="turn", leave=False, disable=None):
        for contender, found in zip(contenders, turns, strict=True):
            found.append(_turn(contender))
    peaks = [_peak(contender) if contender.shows_peak else None for contender in contenders]
    return [
        Timing(contender, [x.seconds for x in found], [x.cpu_seconds for x in found], peak)
        for contender, found, peak in zip(contenders, turns, peaks, strict=True)
    ]


def _turn(contender: Contender) -> _Turn:
    state = contender.prepare()
    if contender.times_itself:
        return _Turn(contender.run(state), float("nan"))
    cpu_start, start = time.process_time(), time.perf_counter()
    for _ in range(contender.calls):
        contender.run(state)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return _Turn(seconds / contender.calls, cpu_seconds / contender.calls)


def _peak(contender: Contender) -> float | None:
    state = contender.prepare()
    return peak_above_start(lambda: contender.run(state))


@dataclass(frozen=True)
class Ratio:
    """Quotient of two medians, and the lowest and highest quotient of a turn."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float], others: Sequence[float]) -> "Ratio":
        """Compare figures of the same turns."""
        turns = [a / b for a, b in zip(values, others, strict=True)]
        return cls(median(values) / median(others), min(turns), max(turns))

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.value:#.3g}"
        return f"{self.value:#.3g} ({self.low:#.3g} to {self.high:#.3g})"
