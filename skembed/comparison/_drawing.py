"""What pictures of comparisons have in common: colours, the scorer shown, matplotlib."""

from types import ModuleType

BETTER, WORSE, EVEN = "#1b6ca8", "#c05a1c", "0.35"


def colour_of(low: float, high: float) -> str:
    """Colour of an interval: which side of zero all of it is on."""
    return BETTER if low > 0 else WORSE if high < 0 else EVEN


def check_shown(show: str | None, scorers: list[str]) -> str:
    """Scorer to draw: the one asked for, or the first."""
    if show is None:
        return scorers[0]
    if show not in scorers:
        raise ValueError(f"show is {show!r}, but must be one of the scorers {scorers}.")
    return show


def import_pyplot(needed_by: str) -> ModuleType:
    """Import pyplot, or say which extra brings it."""
    try:
        import matplotlib.pyplot as pyplot
    except ImportError as error:
        raise ImportError(
            f"{needed_by} needs matplotlib, which is not installed; install it with: "
            "pip install 'skembed[plot]'"
        ) from error
    return pyplot
