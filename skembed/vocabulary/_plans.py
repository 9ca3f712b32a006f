"""How each column's vocabulary is chosen, from the parameters of the transformer."""

from __future__ import annotations

from typing import Any

from skembed.vocabulary._choosing import Plan
from skembed.vocabulary._given_vocabulary import given_vocabularies


def plans_of(transformer: Any, names: list[str] | None) -> list[Plan]:
    """Return a plan for each column of the input; `names` are the columns', if they have any."""
    hashed = transformer.num_hash_buckets is not None
    return [
        Plan(
            given=given,
            min_frequency=transformer.min_frequency,
            max_terms=transformer.max_terms,
            max_tracked=transformer.max_tracked_terms,
            n_buckets=transformer.num_hash_buckets or transformer.num_oov_buckets,
            has_missing=transformer.handle_missing == "indicator",
            may_be_empty=transformer.handle_missing != "error",
            hashed=hashed,
            column=None if names is None else names[j],
        )
        for j, given in enumerate(given_vocabularies(transformer.vocabulary, names))
    ]
