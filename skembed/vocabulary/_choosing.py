"""From the counts of n-grams to the output columns."""

from __future__ import annotations

from numbers import Integral
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skembed.vocabulary._counting import Tracked, Vocabulary, choose, track
from skembed.vocabulary._ngrams import Names
from skembed.vocabulary._output_columns import Field


class Plan(NamedTuple):
    """What to make of one column of the input."""

    given: pa.LargeStringArray | None
    min_frequency: float
    max_terms: int | None
    max_tracked: int | None
    n_buckets: int
    has_missing: bool
    may_be_empty: bool  # whether the rows of fit may all be without a term
    hashed: bool
    column: str | None


class Counts(NamedTuple):
    """N-grams, and how often they were seen."""

    names: Names
    documents: NDArray[np.int64]  # (n_names,), rows
    occurrences: NDArray  # (n_names,)


def build_field(plan: Plan, counts: Counts, n_rows: int) -> tuple[Field, NDArray[np.int32]]:
    """Return the output columns, and that of each n-gram (-1 for none)."""
    if plan.hashed:
        vocabulary, _ = choose(
            counts.names.take, counts.documents, counts.occurrences, 1, plan.max_tracked
        )
        field = Field(vocabulary, plan.n_buckets, plan.has_missing, hashed=True)
        return field, field.columns_of(counts.names)
    if plan.given is None:
        vocabulary, table = _learned(plan, counts, n_rows)
    else:
        vocabulary, table = _counted(plan.given, counts)
    field = Field(vocabulary, plan.n_buckets, plan.has_missing, hashed=False)
    return field, field.with_buckets(table, counts.names)


def empty_field(plan: Plan) -> Field:
    """Return the output columns of hashing without a fit."""
    none = np.zeros(0, np.int64)
    vocabulary = Vocabulary(pa.array([], pa.large_string()), none, none)
    return Field(vocabulary, plan.n_buckets, plan.has_missing, hashed=True)


def counts_of(tracked: Tracked) -> Counts:
    """Return tracked counts as those of terms."""
    counts = tracked.counts
    return Counts(Names(counts.terms, [], 1), counts.document_counts, counts.term_counts)


def start_tracking(field: Field, counts: Counts, table: NDArray[np.int32]) -> Tracked:
    """Return what `partial_fit` goes on from after a fit."""
    vocabulary = field.vocabulary
    left_out = counts.documents[(table < 0) | (table >= field.n_terms)]
    if field.hashed:  # no term has a column of its own; the most frequent ones are recorded
        left_out = np.sort(counts.documents)[: len(counts.documents) - len(vocabulary.terms)]
    dropped = left_out.max(initial=0)
    return Tracked(vocabulary, np.zeros(len(vocabulary.terms), np.int64), int(dropped))


def continue_tracking(plan: Plan, tracked: Tracked | None, counts: Counts) -> Tracked:
    """Add the counts of a batch."""
    terms = counts.names.all()
    known = counts.documents > 0
    if plan.given is not None:
        known &= pc.is_in(terms, plan.given).to_numpy(zero_copy_only=False)
    new = Vocabulary(
        terms.filter(pa.array(known)), counts.documents[known], counts.occurrences[known]
    )
    return track(tracked, new, plan.max_tracked)


def _learned(plan: Plan, counts: Counts, n_rows: int) -> tuple[Vocabulary, NDArray[np.int32]]:
    whole = isinstance(plan.min_frequency, Integral)
    least = plan.min_frequency if whole else plan.min_frequency * n_rows
    vocabulary, numbers = choose(
        counts.names.take, counts.documents, counts.occurrences, least, plan.max_terms
    )
    may_be_empty = plan.may_be_empty and n_rows and not counts.documents.any()
    if not len(numbers) and not may_be_empty:
        _explain_empty(plan, counts, n_rows)
    table = np.full(len(counts.names), -1, np.int32)
    table[numbers] = np.arange(len(numbers), dtype=np.int32)
    return vocabulary, table


def _counted(given: pa.LargeStringArray, counts: Counts) -> tuple[Vocabulary, NDArray[np.int32]]:
    """Count the terms of a given vocabulary."""
    indices = pc.index_in(counts.names.all(), given).fill_null(-1)
    table = indices.to_numpy().astype(np.int32)
    known = table >= 0
    documents = np.zeros(len(given), np.int64)
    occurrences = np.zeros(len(given), counts.occurrences.dtype)
    documents[table[known]] = counts.documents[known]
    occurrences[table[known]] = counts.occurrences[known]
    return Vocabulary(given, documents, occurrences), table


def _explain_empty(plan: Plan, counts: Counts, n_rows: int) -> None:
    """Raise because no term is left."""
    where = "" if plan.column is None else f" of column {plan.column!r}"
    most = int(counts.documents.max(initial=0))
    if most:
        raise ValueError(
            f"No terms{where} reach min_frequency={plan.min_frequency}: the most frequent term is "
            f"in {most} of {n_rows} rows; lower min_frequency."
        )
    raise ValueError(
        f"empty vocabulary{where}; the {n_rows} rows of X hold no terms, or only stop_terms. "
        "Check X and stop_terms."
    )
