"""Names of the bins of a column of numbers, which say what is in them."""

from collections import Counter
from itertools import pairwise

import numpy as np

_MOST_DIGITS = 17  # of a float64
_FEWEST_DIGITS = 3
_WHOLE = 1e15  # whole numbers below are written with all their digits


def interval_names(column: str, starts: np.ndarray) -> list[str]:
    """Names of the bins that begin at these values, one more than there are, and of missing."""
    missing = f"{column} is missing"
    if not len(starts):
        return [f"{column} is present", missing]
    written = _written(starts)
    between = [f"{column} in [{start}, {stop})" for start, stop in pairwise(written)]
    return [f"{column} < {written[0]}", *between, f"{column} >= {written[-1]}", missing]


def knot_names(column: str, knots: np.ndarray) -> list[str]:
    """Names of the knots, as many as there are, and of missing values."""
    return [f"{column} near {knot}" for knot in _written(knots)] + [f"{column} is missing"]


def told_apart(names: list[list[str]], marks: list[str]) -> list[str]:
    """All names, each list's mark after those that are in several lists."""
    seen = Counter(name for of_field in names for name in of_field)
    return [
        f"{name} ({mark})" if seen[name] > 1 else name
        for of_field, mark in zip(names, marks, strict=True)
        for name in of_field
    ]


def _written(values: np.ndarray) -> list[str]:
    """Distinct numbers with as few digits as tell them apart."""
    for digits in range(_FEWEST_DIGITS, _MOST_DIGITS + 1):
        written = [_number(float(value), digits) for value in values]
        if len(set(written)) == len(written):
            break
    return written


def _number(value: float, digits: int) -> str:
    return f"{value:.0f}" if value.is_integer() and abs(value) < _WHOLE else f"{value:.{digits}g}"
