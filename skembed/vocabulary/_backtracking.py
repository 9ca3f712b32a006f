r"""Patterns that Python's `re` may need exponential time for.

`re` tries one way after another to match a text. In ``(\w+)+#`` a word of n letters can be
shared out between the two repetitions in 2^n ways, and all of them are tried where no ``#``
follows. A pattern is such a one if a repetition can match the same characters in two ways
(Weideman, van der Merwe, Berglund and Watson, 2016). This is found in the automaton of the
pattern's characters (Glushkov, 1961): its states are the places in the pattern that match a
character, and a state follows another where their characters can be neighbours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

# Counts in braces beyond this are taken for unlimited ones.
_COUNTED = 8
# Repetitions of the same characters one behind the other: n of them take n-th powers of the time.
_CHAINED = 4
# Steps from place to place that are gone through.
_STEPS = 2_000_000
# Characters on which two places are compared, beside those that the pattern names.
_ALPHABET = [chr(point) for point in range(256)] + list("\u0660\u4e2d\u2003\u0130\U0001f600")

_parser, _compiler = import_module("re._parser"), import_module("re._compiler")


class _Part(NamedTuple):
    """Part of a pattern: in how many ways it matches nothing, and the places at its ends.

    A place counts as often as there are ways from it to the end.
    """

    empty: int
    first: Counter[int]
    last: Counter[int]


_EMPTY = _Part(1, Counter(), Counter())


class _Automaton:
    """Places of a pattern that match a character, and how often each follows each."""

    def __init__(self, pattern: str) -> None:
        tree = _parser.parse(pattern)
        self.state = tree.state
        self.places: list[Any] = []
        self.follows: Counter[tuple[int, int]] = Counter()
        self.n_steps = 0
        self._sequence(tree)

    def _sequence(self, items: Iterable[Any]) -> _Part:
        whole = _EMPTY
        for item in items:
            whole = self._joined(whole, self._part(*item))
        return whole

    def _joined(self, left: _Part, right: _Part) -> _Part:
        self._connect(left, right)
        return _Part(
            left.empty * right.empty,
            left.first + _times(left.empty, right.first),
            right.last + _times(right.empty, left.last),
        )

    def _connect(self, left: _Part, right: _Part) -> None:
        self.n_steps += len(left.last) * len(right.first) + 20
        _check_size(self.n_steps)
        for p, ways in left.last.items():
            self.follows.update({(p, q): ways * more for q, more in right.first.items()})

    def _part(self, kind: Any, given: Any) -> _Part:
        name = str(kind)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            return self._repeated(*given)
        if name == "BRANCH":
            return self._either(given[1])
        if name == "SUBPATTERN":
            return self._flagged(*given)
        if name == "ATOMIC_GROUP":
            return self._sequence(given)
        if name == "GROUPREF_EXISTS":
            return self._either([given[1], given[2] or []])
        if name in ("ASSERT", "ASSERT_NOT"):
            self._sequence(given[1])
            return _EMPTY
        if name in ("AT", "FAILURE"):
            return _EMPTY
        # a group that comes again can be any text
        place = (_parser.ANY, None) if name == "GROUPREF" else (kind, given)
        self.places.append(place)
        here = Counter([len(self.places) - 1])
        return _Part(int(name == "GROUPREF"), here, here)

    def _flagged(self, _: Any, added: int, removed: int, items: Any) -> _Part:
        before = len(self.places)
        part = self._sequence(items)
        for number in range(before, len(self.places)):
            inner = _parser.SubPattern(self.state, [self.places[number]])
            self.places[number] = (_parser.SUBPATTERN, (None, added, removed, inner))
        return part

    def _either(self, branches: Iterable[Any]) -> _Part:
        parts = [self._sequence(branch) for branch in branches]
        return _Part(
            sum(part.empty for part in parts),
            sum((part.first for part in parts), Counter()),
            sum((part.last for part in parts), Counter()),
        )

    def _repeated(self, least: int, most: int, items: Any) -> _Part:
        whole, endless = _EMPTY, most > _COUNTED
        for number in range(max(min(least, _COUNTED), 1) if endless else most):
            part = self._sequence(items)
            loops = endless and number >= min(least, _COUNTED) - 1
            if loops:
                self._connect(part, part)
            ways = part.empty + (number >= least)
            whole = self._joined(whole, part._replace(empty=min(ways, 2)))
        return whole

    def overlaps(self) -> NDArray[np.bool_]:
        """Whether two places match a character in common, (n_places, n_places)."""
        alphabet = sorted({*_ALPHABET, *_named(self.places)})
        matches = np.zeros((len(self.places), len(alphabet)), np.float32)
        for row, place in zip(matches, self.places, strict=True):
            single = _compiler.compile(_parser.SubPattern(self.state, [place]))
            row[:] = [single.match(character) is not None for character in alphabet]
        return matches @ matches.T > 0


def _times(ways: int, places: Counter[int]) -> Counter[int]:
    return Counter({place: min(ways * count, 2) for place, count in places.items() if ways})


@lru_cache(maxsize=64)
def check_backtracking(pattern: str) -> None:
    """Raise ValueError where a pattern may take exponential time, or a high power of it."""
    automaton = _Automaton(pattern)
    n = len(automaton.places)
    if not automaton.follows:
        return
    p, q = np.array(list(automaton.follows)).T
    counts = np.array(list(automaton.follows.values()))
    _, component = connected_components(sparse.coo_array((counts, (p, q)), (n, n)), True, "strong")
    loops = component[p] == component[q]
    places, (p, q) = np.unique(np.stack([p[loops], q[loops]]), return_inverse=True)
    if not len(places):
        return
    _check_size(len(p) ** 2 // 10)
    overlaps = automaton.overlaps()
    inner = overlaps[np.ix_(places, places)]
    if (counts[loops] > 1).any() or _is_ambiguous(p.ravel(), q.ravel(), inner):
        raise ValueError(
            f"token_pattern={pattern!r:.80} can take exponential time: a repetition matches the "
            "same characters in more than one way. Rewrite it so that there is only one way: "
            r"\w+(?:-\w+)* instead of (?:\w+-?)*."
        )
    if _chain(automaton.follows, places, overlaps) > _CHAINED:
        raise ValueError(
            f"token_pattern={pattern!r:.80} has more than {_CHAINED} repetitions of the same "
            "characters in a row, so its time grows with a high power of the text's length; merge "
            "them into one repetition."
        )


def _check_size(n_steps: int) -> None:
    if n_steps > _STEPS:
        raise ValueError(
            "token_pattern has too many alternatives or repetitions to check how long it can take; "
            "pass a callable tokenizer instead."
        )


def _is_ambiguous(p: NDArray[np.intp], q: NDArray[np.intp], overlaps: NDArray[np.bool_]) -> bool:
    """Whether two different ways from a place back to it match the same text.

    The ways are followed in pairs of places that match a character in common.
    """
    n = len(overlaps)
    follows = sparse.coo_array((np.ones(len(p), np.int8), (p, q)), (n, n)).tocsr()
    pairs = sparse.kron(follows, follows, "coo")
    both = overlaps.ravel()
    kept = both[pairs.row] & both[pairs.col]
    steps = sparse.coo_array((pairs.data[kept], (pairs.row[kept], pairs.col[kept])), pairs.shape)
    _, component = connected_components(steps, True, "strong")
    alike = np.arange(n) * (n + 1)
    apart = np.setdiff1d(np.flatnonzero(both), alike)
    return bool(np.isin(component[apart], component[alike]).any())


def _chain(
    follows: Iterable[tuple[int, int]], places: NDArray[np.intp], overlaps: NDArray[np.bool_]
) -> int:
    """Largest number of repetitions that a run of the same characters goes through."""
    after: dict[int, list[int]] = {}
    for p, q in follows:
        if overlaps[p, q]:
            after.setdefault(p, []).append(q)
    repeated = {p for p in places.tolist() if p in after.get(p, [])}
    longest: dict[int, int] = {}
    # a place has a larger number than those before it, but in repetitions of several places
    for place in reversed(range(len(overlaps))):
        behind = [longest[q] for q in after.get(place, []) if q > place]
        longest[place] = max(behind, default=0) + (place in repeated)
    return max(longest.values(), default=0)


def _named(given: Any) -> Iterable[str]:
    """Characters of which the parsed pattern has the numbers, and their neighbours."""
    if isinstance(given, int) and not isinstance(given, bool):
        for point in (given - 1, given, given + 1):
            if type(given) is int and 0 <= point < 0x110000:
                yield chr(point)
    elif isinstance(given, list | tuple):
        for part in given:
            yield from _named(part)
