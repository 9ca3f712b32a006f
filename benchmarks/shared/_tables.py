"""Tables of results as Markdown: figures with units, lines of a race, sections."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from tabulate import tabulate

from benchmarks.shared._timing import Ratio, Timing


def table(rows: Sequence[Sequence[str]], headers: Sequence[str], *, style: str = "github") -> str:
    """Return a Markdown table of cells that are text."""
    return tabulate(rows, headers, tablefmt=style, disable_numparse=True)


def table_line(cells: Sequence[str]) -> str:
    """Return a line of a table that is printed while it grows."""
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)


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
        cells = [[row[i] for i in kept] for row in rows]
        lines = table(cells, [headers[i] for i in kept], style="pipe")
        return "\n".join([f"## {self.title}", "", lines, "", *(f"- {x}" for x in self.notes), ""])


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
