"""Counts that transformers have learned apart: whether they can be put together, and how."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import pyarrow as pa

from skembed.vocabulary._choosing import Plan
from skembed.vocabulary._counting import Tracked, bounded, merge_tracked
from skembed.vocabulary._given_vocabulary import given_vocabularies


def check_mergeable(transformer: Any, others: Sequence[Any]) -> None:
    """Refuse transformers whose counts do not add up to those of one.

    Raises
    ------
    TypeError
        If one of them is no transformer of this kind.
    ValueError
        If one has no counts, has other parameters or has learned from other columns.
    """
    _check_counted(transformer, "The transformer whose merge was called")
    parameters = transformer.get_params(deep=False)
    for number, other in enumerate(others):
        who = f"Transformer {number} passed to merge"
        if not isinstance(other, type(transformer)):
            raise TypeError(
                f"{who} is a {type(other).__name__}, expected a {type(transformer).__name__}."
            )
        if other is transformer:
            raise ValueError(f"{who} is the one whose merge was called: its rows count already.")
        _check_counted(other, who)
        _check_columns(transformer, other, who)
        for name, value in other.get_params(deep=False).items():
            if not _same(name, value, parameters[name], transformer._names):
                raise ValueError(
                    f"{who} has {name}={value!r:.80}, but the first has {name}="
                    f"{parameters[name]!r:.80}; learn all parts with the same parameters."
                )


def merged(
    plans: Sequence[Plan], tracked: Sequence[Tracked], others: Sequence[Sequence[Tracked]]
) -> list[Tracked]:
    """Counts of each column, those of the others added."""
    # terms are dropped once, at the end, so that the order of the others does not matter
    columns = zip(plans, tracked, *others, strict=True)
    return [bounded(reduce(merge_tracked, column), plan.max_tracked) for plan, *column in columns]


def _check_counted(transformer: Any, who: str) -> None:
    """Refuse a transformer without counts."""
    fields = getattr(transformer, "_fields", None)
    if fields is None:
        hashes = transformer.num_hash_buckets is not None
        reason = "hashes its terms without a fit" if hashes else "is not fitted"
        raise ValueError(f"{who} {reason}, so it has no counts; call partial_fit or fit first.")
    if len(transformer._tracked) != len(fields):
        raise ValueError(f"{who} has no counts to merge; learn its part again by partial_fit.")


def _check_columns(transformer: Any, other: Any, who: str) -> None:
    if (transformer._names is None) != (other._names is None):
        one, two = (1 if t._names is None else 2 for t in (other, transformer))
        raise ValueError(
            f"{who} has learned from input with {one} dimension(s), the others with {two}; learn "
            "all parts from the same columns."
        )
    if transformer._names != other._names:
        raise ValueError(
            f"{who} has learned from the columns {other._names}, the others from "
            f"{transformer._names}; learn all parts from the same columns in the same order."
        )


def _same(name: str, one: Any, other: Any, names: list[str] | None) -> bool:
    """Whether a parameter is the same, in whatever type it is given."""
    if one is other:
        return True
    if name == "vocabulary":
        return given_vocabularies(one, names) == given_vocabularies(other, names)
    if one is None or other is None:
        return False
    if name == "stop_terms":
        return {*map(str, _listed(one))} == {*map(str, _listed(other))}
    if name == "ngram_range":
        return tuple(one) == tuple(other)
    if name == "min_frequency":  # 1 row, but 1.0 is all rows
        return one == other and isinstance(one, int) == isinstance(other, int)
    return bool(one == other)


def _listed(terms: Any) -> Any:
    return terms.to_pylist() if isinstance(terms, pa.Array | pa.ChunkedArray) else terms
