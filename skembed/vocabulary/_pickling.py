"""Fitted attributes as numpy arrays alone: skops makes Arrow arrays without filling them in."""

from __future__ import annotations

from typing import Any

from skembed.vocabulary._counting import Tracked, Vocabulary
from skembed.vocabulary._output_columns import Field

State = dict[str, Any]


def flat_state(state: State) -> State:
    """Take the vocabularies of a transformer's attributes apart."""
    if "_fields" not in state:
        return dict(state)
    fields = [(f.vocabulary.flat(), f.n_buckets, f.has_missing, f.hashed) for f in state["_fields"]]
    tracked = [(t.counts.flat(), t.entered, t.error) for t in state["_tracked"]]
    return {**state, "_fields": fields, "_tracked": tracked}


def whole_state(state: State) -> State:
    """Put together what `flat_state` took apart."""
    state = {"char_ngram_range": None, **state}  # which 0.1.0 did not have
    if "_fields" not in state:
        return state
    fields = [Field(Vocabulary.from_flat(*v), *rest) for v, *rest in state["_fields"]]
    tracked = [Tracked(Vocabulary.from_flat(*v), *rest) for v, *rest in state["_tracked"]]
    return {**state, "_fields": fields, "_tracked": tracked}
