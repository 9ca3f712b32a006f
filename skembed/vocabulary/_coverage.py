"""How much of the terms of X a vocabulary knows: a report, and a warning where it is little."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from skembed.parallel._map_ahead import transpose
from skembed.vocabulary._csr import Part
from skembed.vocabulary._lengths import Lengths, lengths_of
from skembed.vocabulary._ngrams import Grams, Names, cut_blocks, join_ngrams
from skembed.vocabulary._output_columns import Field
from skembed.vocabulary._tokens import MISSING, Tokens, share_dictionary

# A column needs at least this many terms for a warning that most of them are unknown.
_MIN_TERMS = 20
# A fit needs at least this many terms to estimate the share of new terms in other rows.
_MIN_FITTED = 1000
# Standard deviations above the expected share that do not count as chance.
_DEVIATIONS = 3.0
# Unknown terms that a report names.
_MOST_NAMED = 10


class Covered(NamedTuple):
    """One column of the input: its terms, and those that the vocabulary knows."""

    name: str
    n_terms: int
    n_unknown: int
    unknown: list[str]  # the most frequent first
    has_term: NDArray[np.bool_]  # (n_rows,)
    has_known: NDArray[np.bool_]  # (n_rows,)

    def shares(self) -> tuple[int, float, float, list[str]]:
        """Row of the report."""
        return (
            self.n_terms,
            _share(self.n_unknown, self.n_terms),
            _share((self.has_term & ~self.has_known).sum(), self.has_term.sum()),
            self.unknown,
        )


def covered(name: str, column: list[Tokens], field: Field, lengths: Lengths) -> Covered:
    """Count the known and unknown n-grams of a column; the list of its blocks is emptied."""
    grams, names = join_ngrams(share_dictionary(column), lengths)
    known = _known(names, field)
    counts = np.zeros(len(names) + 1, np.int64)
    rows = []
    for (block,) in cut_blocks([of_block] for of_block in grams):
        parts = block.parts()
        if block.subwords is not None:
            parts.append(block.subwords.part(block.tokens))
        for _, codes, _ in parts:
            counts += np.bincount(np.where(codes < 0, len(names), codes), minlength=len(counts))
        rows.append(_rows_with(parts, known))
    of_unknown = np.where(known, 0, counts[:-1])
    most = np.argsort(-of_unknown, kind="stable")[:_MOST_NAMED]
    most = most[of_unknown[most] > 0]
    named = dict(zip(np.sort(most), names.take(np.sort(most)).to_pylist(), strict=True))
    has_term, has_known = (np.concatenate(part) for part in zip(*rows, strict=True))
    total, unknown = int(counts[:-1].sum()), int(of_unknown.sum())
    return Covered(name, total, unknown, [named[i] for i in most], has_term, has_known)


def covered_by(transformer: Any, X: Any) -> list[Covered]:
    """Count the known and unknown terms of each column of X, by a fitted transformer."""
    fields, lengths = transformer._fitted_fields(), lengths_of(transformer)
    names, blocks = transformer._read(X, reset=False)
    columns = zip(names or ["terms"], transpose(blocks), fields, strict=True)
    return [covered(name, tokens, field, lengths) for name, tokens, field in columns]


def coverage_report(columns: Sequence[Covered]) -> pd.DataFrame:
    """A row for each column, and one for all of them where there are several."""
    rows = {column.name: column.shares() for column in columns}
    if len(columns) > 1:
        rows["all columns"] = _together(columns).shares()
    return pd.DataFrame.from_dict(
        rows,
        orient="index",
        columns=["n_terms", "unknown", "rows_without_known", "most_frequent_unknown"],
    ).rename_axis("column")


def _together(columns: Sequence[Covered]) -> Covered:
    return Covered(
        "",
        sum(column.n_terms for column in columns),
        sum(column.n_unknown for column in columns),
        [],
        np.any([column.has_term for column in columns], axis=0),
        np.any([column.has_known for column in columns], axis=0),
    )


def _known(names: Names, field: Field) -> NDArray[np.bool_]:
    """Whether each n-gram is in the vocabulary, or, hashed, was seen in fit."""
    if field.hashed:
        return pc.is_in(names.all(), field.vocabulary.terms).to_numpy(zero_copy_only=False)
    columns = field.columns_of(names)
    return (columns >= 0) & (columns < field.n_terms)


def _rows_with(
    parts: Sequence[Part], known: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows have a term, and which a known one."""
    n_rows = len(parts[0].offsets) - 1
    has_term, has_known = np.zeros((2, n_rows), np.bool_)
    known = np.append(known, False)  # the code -1 picks the last
    for offsets, codes, _ in parts:
        rows = np.repeat(np.arange(n_rows), np.diff(offsets))
        has_term[rows[codes >= 0]] = True
        has_known[rows[known[codes]]] = True
    return has_term, has_known


def _share(part: int, whole: int) -> float:
    return float(part / whole) if whole else 0.0


class Seen(NamedTuple):
    """Counts of all and of unknown terms in a block of rows, made while it is encoded."""

    n_rows: int  # with a term
    n_blind: int  # rows with a term, but without any entry
    terms: NDArray[np.int64]  # (n_columns,) of each column of the input
    unknown: NDArray[np.int64]  # (n_columns,)
    example: str | None  # names a row and a term of it that is unknown


class Expected(NamedTuple):
    """Shares of unknown terms to expect in new rows, estimated from fit; they give no warning."""

    blind: float  # share of rows without a known term, at least
    unknown: list[float | None]  # share of each column's terms; None: anything
    names: list[str] | None  # of the columns


def expected_of(transformer: Any) -> Expected | None:
    """Return what to expect in new rows; None if no term can be unknown to the transformer."""
    fields = getattr(transformer, "_fields", [])
    if not fields or not transformer.n_samples_seen_ or any(field.hashed for field in fields):
        return None
    cuts = (transformer.vocabulary, transformer.max_terms, transformer.max_tracked_terms)
    complete = all(cut is None for cut in cuts) and transformer.min_frequency == 1
    of_terms, _ = lengths_of(transformer)
    complete &= of_terms is None or of_terms[0] == 1
    known = sum(field.n_found for field in fields)
    new = [_share_of_new_terms(field) for field in fields]
    blind = max(1 - known / transformer.n_samples_seen_, min(new))
    return Expected(blind, [share if complete else None for share in new], transformer._names)


def _share_of_new_terms(field: Field) -> float:
    """Share of the terms of other rows that a fit has not seen, by Good (1953).

    It is that of the terms seen once; of few terms it says little and counts as none.
    """
    return field.n_found_once / field.n_found if field.n_found >= _MIN_FITTED else 0.0


def warn_of_unknown(blocks: Iterable[Seen], expected: Expected) -> None:
    """Warn if most rows have no known term, or most terms of a column are unknown."""
    seen = list(blocks)
    example = next((block.example for block in seen if block.example), None)
    if example is None:
        return
    n_rows, n_blind = sum(b.n_rows for b in seen), sum(b.n_blind for b in seen)
    what = None
    if _many(n_blind, n_rows, expected.blind):
        what = f"{n_blind} of {n_rows} rows hold no term of the vocabulary"
    else:
        terms = np.sum([block.terms for block in seen], axis=0)
        unknown = np.sum([block.unknown for block in seen], axis=0)
        for j, share in enumerate(expected.unknown):
            if share is not None and terms[j] >= _MIN_TERMS and _many(unknown[j], terms[j], share):
                where = "" if expected.names is None else f" of column {expected.names[j]!r}"
                what = f"{unknown[j]} of {terms[j]} terms{where} are not in the vocabulary"
                break
    if what is not None:
        warnings.warn(
            f"{what}: {example}. Check that X has the same columns, types and spelling as in fit, "
            "and lists of terms, not strings, where fit had lists. coverage(X) lists the unknown "
            "terms. Set handle_unknown='error' to raise for them, or 'warn' to warn each time.",
            UserWarning,
            stacklevel=2,
        )


def _many(count: int, of: int, share: float) -> bool:
    """Whether `count` is beyond the middle of the expected number and `of`, and not by chance."""
    chance = _DEVIATIONS * np.sqrt(of * share * (1 - share))
    return bool(2 * count > of * (1 + share) and count > of * share + chance)


def known_ends(fields: Sequence[Field], tables: Sequence[NDArray[np.int32]]) -> list[int | None]:
    """End of each field's term columns in the matrix; None if all its n-grams have a column."""
    ends = np.cumsum([field.width for field in fields]).tolist()
    terms = [end - field.width + field.n_terms for end, field in zip(ends, fields, strict=True)]
    whole = [
        bool(((table >= 0) & (table < field.n_terms)).all())
        for field, table in zip(fields, tables, strict=True)
    ]
    return [None if known else end for known, end in zip(whole, terms, strict=True)]


class Looked(NamedTuple):
    """The terms of a field in a block of rows, and those without a column of their own."""

    n_terms: int
    n_unknown: int
    first: int | None  # token


def look_at_terms(
    grams: Grams, columns: NDArray[np.int32], end: int | None, has_missing: bool
) -> Looked:
    """Count the shortest n-grams, whose columns are given, -1 for none; `end` is from `known_ends`.

    `has_missing` says whether missing values are among the terms.
    """
    if end is None:
        return Looked(len(columns), 0, None)
    wrong = columns.view(np.uint32) >= end  # as unsigned, -1 is larger than any column
    missing = 0
    if has_missing:
        wrong &= grams.codes[0] >= 0
        missing = int(np.count_nonzero(grams.tokens.codes == MISSING))
    first = int(np.argmax(wrong)) if wrong.any() else None
    return Looked(len(columns) - missing, int(np.count_nonzero(wrong)), first)


def look_at_subwords(grams: Grams, table: NDArray[np.int32], end: int | None) -> Looked:
    """Count the terms none of whose n-grams of characters has a column, by those of all n-grams.

    New terms are common where n-grams of characters are used, and share some with known terms.
    """
    assert grams.subwords is not None
    codes = grams.tokens.codes
    n_terms = int(np.count_nonzero(codes != MISSING))
    if end is None:
        return Looked(n_terms, 0, None)
    known = grams.subwords.counts_of(table.view(np.uint32) < end)
    wrong = (codes != MISSING) & (known[codes] == 0)
    first = int(np.argmax(wrong)) if wrong.any() else None
    return Looked(n_terms, int(np.count_nonzero(wrong)), first)


def seen_in(block: Sequence[Grams], looked: Sequence[Looked], empty: NDArray[np.bool_]) -> Seen:
    """Count a block's terms without a column of their own; `empty` rows have no entry."""
    has_term = block[0].tokens.offsets[1:] > block[0].tokens.offsets[:-1]
    for grams in block[1:]:
        has_term = has_term | (grams.tokens.offsets[1:] > grams.tokens.offsets[:-1])
    example = None
    for grams, (_, _, first) in zip(block, looked, strict=True):
        if first is not None:
            tokens = grams.tokens
            term = str(tokens.terms[int(tokens.codes[first])])
            example = f"{tokens.row_of(first)} holds {term!r:.60}"
            break
    return Seen(
        int(has_term.sum()),
        int((has_term & empty).sum()),
        np.array([found.n_terms for found in looked], np.int64),
        np.array([found.n_unknown for found in looked], np.int64),
        example,
    )
