"""What parameters may be, each by itself and together."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.utils._param_validation import Interval, Options, RealNotInt, StrOptions

from skembed.vocabulary._lengths import lengths_of

PARAMETER_CONSTRAINTS: dict[str, list] = {
    "vocabulary": ["array-like", set, frozenset, Mapping, pa.Array, pa.ChunkedArray, None],
    "weighting": [StrOptions({"binary", "count", "sublinear", "tfidf"})],
    "tokenizer": [StrOptions({"word"}), callable, None],
    "token_pattern": [str],
    "lowercase": ["boolean"],
    "ngram_range": [tuple, list, None],
    "char_ngram_range": [tuple, list, None],
    "stop_terms": ["array-like", set, frozenset, None],
    "min_frequency": [
        Interval(Integral, 1, None, closed="left"),
        Interval(RealNotInt, 0, 1, closed="both"),
    ],
    "max_terms": [Interval(Integral, 1, None, closed="left"), None],
    "handle_unknown": [StrOptions({"ignore", "warn", "error"})],
    "num_oov_buckets": [Interval(Integral, 0, None, closed="left")],
    "num_hash_buckets": [Interval(Integral, 1, None, closed="left"), None],
    "handle_missing": [StrOptions({"error", "ignore", "indicator"})],
    "max_tracked_terms": [Interval(Integral, 1, None, closed="left"), None],
    "sparse_output": ["boolean"],
    "dtype": [Options(type, {np.float32, np.float64})],
}


def check_parameters(transformer: Any) -> None:
    """Raise for parameters of a transformer that contradict each other."""
    lengths_of(transformer)
    num_oov_buckets, num_hash_buckets = transformer.num_oov_buckets, transformer.num_hash_buckets
    handle_unknown = transformer.handle_unknown
    if (num_oov_buckets or num_hash_buckets) and handle_unknown != "ignore":
        raise ValueError(
            f"handle_unknown={handle_unknown!r} cannot be combined with hash buckets, in which "
            "every unknown term has a column; set handle_unknown='ignore'."
        )
    if num_hash_buckets is None:
        return
    if transformer.vocabulary is not None or num_oov_buckets:
        raise ValueError(
            "num_hash_buckets hashes all terms, so it cannot be combined with vocabulary or "
            "num_oov_buckets; to hash only terms outside a vocabulary, set num_oov_buckets alone."
        )
    if transformer.weighting == "tfidf":
        raise ValueError(
            "weighting='tfidf' needs document counts, which num_hash_buckets does not keep; use "
            "weighting='count', followed by TfidfTransformer."
        )
