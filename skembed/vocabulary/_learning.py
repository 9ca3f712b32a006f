"""Output columns learned from blocks of tokens, at once or batch by batch."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from skembed.parallel._map_ahead import consume, transpose
from skembed.vocabulary._choosing import (
    Counts,
    Plan,
    build_field,
    continue_tracking,
    counts_of,
    start_tracking,
)
from skembed.vocabulary._counting import Tracked, count_grams
from skembed.vocabulary._encoder import Coded
from skembed.vocabulary._lengths import Lengths
from skembed.vocabulary._ngrams import Grams, join_ngrams
from skembed.vocabulary._output_columns import Field
from skembed.vocabulary._tokens import Tokens, check_one_kind, share_dictionary

# Tokens whose n-grams are counted at a time where `max_tracked_terms` bounds those that are kept.
_TOKENS_AT_ONCE = 2**19


def learn(
    blocks: list[list[Tokens]], plans: list[Plan], lengths: Lengths
) -> tuple[Coded, list[Tracked]]:
    """Learn from all blocks, and say what `partial_fit` goes on from; the list is emptied."""
    n_rows = count_rows(blocks)
    fields, tracked, grams, tables = [], [], [], []
    for plan, column in zip(plans, transpose(blocks), strict=True):
        of_column, counts = _count(column, lengths)
        field, table = build_field(plan, counts, n_rows)
        if not field.n_terms and not plan.hashed:
            warn_of_no_terms(plan.column, n_rows)
        fields.append(field)
        tracked.append(start_tracking(field, counts, table))
        grams.append(of_column)
        tables.append(table)
    return Coded(fields, grams, tables), tracked


def warn_of_no_terms(column: str | None, n_rows: int) -> None:
    """Warn that a column gets no terms; where missing values are refused this is an error."""
    what = "X" if column is None else f"Column {column!r}"
    warnings.warn(
        f"{what} holds no term in the {n_rows} rows of fit, so it gets no term features. Drop it, "
        "or check how it was loaded.",
        UserWarning,
        stacklevel=2,
    )


def track_batch(
    blocks: list[list[Tokens]],
    plans: list[Plan],
    lengths: Lengths,
    before: list[Tracked] | None,
) -> list[Tracked]:
    """Add the counts of a batch; the given list is emptied."""
    columns = transpose(blocks)
    old = [None] * len(plans) if before is None else before
    return [_track(*args, lengths) for args in zip(columns, plans, old, strict=True)]


def _track(blocks: list[Tokens], plan: Plan, tracked: Tracked | None, lengths: Lengths) -> Tracked:
    """Add the counts of one column, a part of its rows at a time if few terms are kept."""
    check_one_kind(blocks)
    for part in _parts(blocks, plan.max_tracked):
        tracked = continue_tracking(plan, tracked, _count(part, lengths)[1])
    assert tracked is not None
    return tracked


def _parts(blocks: list[Tokens], max_tracked: int | None) -> Iterator[list[Tokens]]:
    """Yield blocks of at least as many tokens as terms are kept; the given list is emptied."""
    if max_tracked is None:
        yield blocks
        return
    part: list[Tokens] = []
    for block in consume(blocks):
        part.append(block)
        if sum(len(one.codes) for one in part) >= max(_TOKENS_AT_ONCE, max_tracked):
            yield part
            part = []
    if part:
        yield part


def tracked_fields(plans: list[Plan], tracked: list[Tracked], n_rows: int) -> list[Field]:
    """Return the output columns that follow from the counts of `n_rows` so far."""
    pairs = zip(plans, tracked, strict=True)
    return [build_field(plan, counts_of(of_column), n_rows)[0] for plan, of_column in pairs]


def count_rows(blocks: list[list[Tokens]]) -> int:
    """Return the number of rows of all blocks."""
    return sum(block[0].n_rows for block in blocks)


def _count(blocks: list[Tokens], lengths: Lengths) -> tuple[list[Grams], Counts]:
    """Return the n-grams of one column of the input, and count them."""
    grams, names = join_ngrams(share_dictionary(blocks), lengths)
    return grams, Counts(names, *count_grams(grams, len(names)))
