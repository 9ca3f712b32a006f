"""Lengths of n-grams: those of neighbouring terms, and those of the characters of a term."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple


class Lengths(NamedTuple):
    """Shortest and longest n-grams to extract; None for none."""

    terms: tuple[int, int] | None
    characters: tuple[int, int] | None


def lengths_of(transformer: Any) -> Lengths:
    """Return the lengths that the parameters of a transformer ask for, or raise."""
    terms = _checked("ngram_range", transformer.ngram_range, "(1, 1) uses single terms")
    characters = _checked(
        "char_ngram_range", transformer.char_ngram_range, "(3, 5) uses 3 to 5 characters"
    )
    if terms is None and characters is None:
        raise ValueError(
            "ngram_range=None leaves out the terms, so that only n-grams of their characters have "
            "features; set char_ngram_range, for example (3, 5), or ngram_range=(1, 1)."
        )
    return Lengths(terms, characters)


def _checked(name: str, value: Any, example: str) -> tuple[int, int] | None:
    """Return a pair of lengths."""
    if value is None:
        return None
    whole = all(isinstance(length, Integral) for length in value)
    if len(value) != 2 or not whole or not 1 <= value[0] <= value[1]:
        raise ValueError(f"{name} is {value}, expected 1 <= min_n <= max_n; {example}.")
    return int(value[0]), int(value[1])
