"""The row of each term."""

from __future__ import annotations

from collections.abc import Sequence


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
            raise KeyError(
                f"{term!r} is none of the {len(self._rows):,} terms; look it up first, as in "
                "`term in embeddings`."
            ) from None

    def rows(self, terms: str | Sequence[str] | None) -> list[int]:
        """Return the rows of one term, of several, or of none."""
        if terms is None:
            return []
        return [self.row(term) for term in ([terms] if isinstance(terms, str) else terms)]
