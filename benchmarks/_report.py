"""Sections of the report as Markdown."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from tabulate import tabulate

from benchmarks._timing import Ratio, Timing

_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "tensorflow",
    "keras",
    "scikeras",
    "torch",
    "fasttext-numpy2",
)


@dataclass(frozen=True)
class Line:
    """One figure of a section: a value a turn, its ratio to something, and the target."""

    name: str
    values: Sequence[float]
    unit: str = "s"
    ratio: Ratio | None = None
    target: float | None = None  # highest ratio that is good enough
    peak_mb: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the ratio reaches the target."""
        if self.target is None or self.ratio is None:
            return ""
        return "holds" if self.ratio.value <= self.target else "**falls short**"

    def cells(self) -> list[str]:
        """Return the cells of the table."""
        low, high = (figure(end(self.values), self.unit) for end in (min, max))
        return [
            self.name,
            figure(median(self.values), self.unit),
            f"{low} to {high}" if len(self.values) > 1 else "",
            "" if self.ratio is None else str(self.ratio),
            "" if self.target is None else f"<= {self.target:.3g}",
            self.verdict,
            "" if self.peak_mb is None else figure(self.peak_mb, "MB"),
        ]


@dataclass(frozen=True)
class Section:
    """A row of the benchmark: a table with notes on what is fair about it."""

    title: str
    ratio: str  # what the ratio is of
    lines: list[Line]
    notes: list[str] = field(default_factory=list)

    def markdown(self, *, judged: bool = True) -> str:
        """Return the section as text; the targets count for the full data only."""
        headers = ["", "median", "turns", self.ratio, "target", "", "peak memory"]
        rows = [line.cells() for line in self.lines]
        if not judged:
            rows = [[*row[:5], "", row[6]] for row in rows]
        kept = [i for i in range(len(headers)) if i < 2 or any(row[i] for row in rows)]
        table = tabulate(
            [[row[i] for i in kept] for row in rows],
            [headers[i] for i in kept],
            tablefmt="pipe",
            disable_numparse=True,
        )
        return "\n".join([f"## {self.title}", "", table, "", *(f"- {x}" for x in self.notes), ""])


def figure(value: float, unit: str) -> str:
    """Three digits, seconds in the unit that suits them."""
    if unit == "MB" and value < 1:
        return "< 1 MB"
    if unit == "s":
        for limit, factor, name in ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms")):
            if value < limit:
                return f"{_digits(value * factor)} {name}"
    return f"{_digits(value)} {unit}"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:#.3g}"


def versus(timings: Sequence[Timing], targets: dict[str, float] | None = None) -> list[Line]:
    """Lines of a race of ours, the first, with rivals.

    A target belongs to the fastest of the rivals whose names start with its key.
    """
    ours, *rivals = timings
    judged = {}
    for start, target in (targets or {}).items():
        of_this = [rival for rival in rivals if rival.contender.name.startswith(start)]
        if of_this:
            judged[min(of_this, key=lambda rival: median(rival.seconds)).contender.name] = target
    lines = [Line(ours.contender.name, ours.seconds, peak_mb=ours.peak_mb)]
    for rival in rivals:
        name, ratio = rival.contender.name, Ratio.of(ours.seconds, rival.seconds)
        lines.append(Line(name, rival.seconds, "s", ratio, judged.get(name), rival.peak_mb))
    return lines


def machine() -> str:
    """Describe what this ran on, without names of hosts or folders."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return f"{model}, {os.cpu_count()} cores; Python {platform.python_version()}, {_versions()}"


def _versions() -> str:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)
