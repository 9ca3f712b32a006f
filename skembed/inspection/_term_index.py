"""The row of each term."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from heapq import nsmallest

# Suggestions in an error, and terms that are compared letter by letter for them: those that have
# most pairs of letters of the term.
_N_SUGGESTED, _MOST_COMPARED = 3, 2000


class TermIndex:
    """Rows by term.

    Parameters
    ----------
    terms : list of str
        The terms in the order of the rows, none of them twice.
    """

    def __init__(self, terms: list[str]) -> None:
        self._rows = {term: row for row, term in enumerate(terms)}
        if len(self._rows) < len(terms):
            term = next(term for row, term in enumerate(terms) if self._rows[term] != row)
            raise ValueError(f"The term {term!r} is given more than once; give each term once.")

    def __contains__(self, term: object) -> bool:
        return term in self._rows

    def row(self, term: str) -> int:
        """Return the row of a term."""
        try:
            return self._rows[term]
        except KeyError:
            near = ", ".join(map(repr, similar_terms(term, self._rows)))
            remedy = f"did you mean {near}?" if near else "check it with `term in embeddings`."
            n_terms = len(self._rows)
            raise KeyError(f"{term!r} is not one of the {n_terms:,} terms; {remedy}") from None

    def rows(self, terms: str | Sequence[str] | None) -> list[int]:
        """Return the rows of one term, of several, or of none."""
        if terms is None:
            return []
        if not isinstance(terms, Iterable):
            raise TypeError(f"{terms!r} is not a term; pass a str or a list of str.")
        return [self.row(term) for term in ([terms] if isinstance(terms, str) else terms)]


def similar_terms(term: object, terms: Iterable[str]) -> list[str]:
    """Return the terms with the most similar spelling, the most similar first.

    Terms that end in the given one after an underscore come first: features of a column have
    its name before theirs.
    """
    if not isinstance(term, str) or not term:
        return []
    wanted = term.lower()
    lowered = {name: name.lower() for name in terms if len(name) <= 2 * len(term) + 30}
    of_columns = [name for name, low in lowered.items() if low.endswith(f"_{wanted}")]
    pairs = {wanted[i : i + 2] for i in range(len(wanted))}

    def unlike(name: str) -> tuple[int, int]:
        low = lowered[name]
        return -sum(pair in low for pair in pairs), abs(len(low) - len(wanted))

    compared = nsmallest(_MOST_COMPARED, lowered, key=unlike)
    by_spelling: dict[str, str] = {}
    for name in compared:
        by_spelling.setdefault(lowered[name], name)
    close = get_close_matches(wanted, by_spelling, _N_SUGGESTED, cutoff=0.75)
    found = [*of_columns[:_N_SUGGESTED], *(by_spelling[name] for name in close)]
    return list(dict.fromkeys(found))[:_N_SUGGESTED]
