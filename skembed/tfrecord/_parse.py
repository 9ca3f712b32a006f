"""From the records of a plain TFRecord file to Arrow, a batch at a time.

A batch is parsed and checked as a whole; only if that fails are its records looked at
one by one, to name the first faulty one and what is wrong with it.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from skembed.tfrecord._files import FRAME, RETRY, describe_damage, open_records, record_error

# Kinds of features, as tf.train.Feature calls them.
BYTES, INTEGERS, FLOATS = "bytes_list", "int64_list", "float_list"
# Records in which the kinds are looked for.
_LOOKED_AT = 10_000
LISTS = pa.list_(pa.string())
LARGE_LISTS = pa.large_list(pa.large_string())
_INT32_MAX = 2**31 - 1

Rows = tuple[pa.ListArray, np.ndarray]
"""Terms and labels of some rows; no labels, an empty array, if they are not asked for."""


@dataclass(frozen=True)
class Schema:
    """What the features of a file's records are called, and of what kind they are."""

    terms: str
    label: str | None
    term_kind: str = BYTES
    label_kind: str = FLOATS
    has_terms: bool = False  # whether some record has the terms: others may be without them

    def of_file(self, plain: str) -> "Schema":
        """The kinds that the first records of a file have."""
        found: dict[str, str] = {}
        wanted = {self.terms, *([] if self.label is None else [self.label])}
        has_terms = False
        for record in open_records(plain).take(_LOOKED_AT).as_numpy_iterator():
            features = _features(record) or {}
            has_terms = has_terms or self.terms in features
            for key in wanted - found.keys():
                if key in features and (kind := features[key].WhichOneof("kind")):
                    found[key] = kind
            if found.keys() == wanted:
                break
        kinds = {}
        if found.get(self.terms) == INTEGERS:
            kinds["term_kind"] = INTEGERS
        if found.get(self.label or "") == INTEGERS:
            kinds["label_kind"] = INTEGERS
        return replace(self, has_terms=has_terms, **kinds)


def read_plain(name: str, plain: str, terms: str, label: str | None, size: int) -> Iterator[Rows]:
    """Yield the rows of file ``name``, whose plain form is ``plain``, ``size`` at a time."""
    from skembed.training.keras._tensorflow import tensorflow

    tf = tensorflow()
    number = consumed = 0
    schema = Schema(terms, label)
    try:
        schema = schema.of_file(plain)
        for records in open_records(plain).batch(size):
            rows, n_bytes = _parse_records(records, schema)
            number += len(rows[0])
            consumed += n_bytes
            yield rows
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError, ValueError) as error:
        found = _find_fault(plain, schema, number, size)
        if found is None:
            raise
        raise record_error(name, *found) from error
    if consumed != os.path.getsize(plain):
        fault = f"the file ends inside this record's header; {RETRY}"
        raise record_error(name, number, fault)


def _parse_records(records: Any, schema: Schema) -> tuple[Rows, int]:
    """Rows of a batch of records and the bytes of file it took; ValueError if one is faulty."""
    from skembed.training.keras._tensorflow import tensorflow

    tf = tensorflow()
    with tf.device("CPU"):
        parsed = _parser(schema)(records)
    batch = {key: value.numpy() for key, value in parsed.items()}
    return _to_arrow(batch, schema), int(batch["size"])


@lru_cache(maxsize=16)
def _parser(schema: Schema) -> Any:
    """Make a TensorFlow function from records to their terms' bytes, widths and counts.

    It is kept because tracing it takes longer than reading a small file. Features may
    have any length in it, so that a record without one parses and can be told apart.
    """
    from skembed.training.keras._tensorflow import tensorflow

    tf = tensorflow()
    terms, label = schema.terms, schema.label
    types = {BYTES: tf.string, INTEGERS: tf.int64, FLOATS: tf.float32}
    features = {terms: tf.io.RaggedFeature(types[schema.term_kind])}
    if label is not None:
        features[label] = tf.io.RaggedFeature(types[schema.label_kind])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def parse(records: Any) -> dict[str, Any]:
        row = tf.io.parse_example(records, features)
        counts, values = row[terms].row_lengths(), row[terms].values
        if schema.term_kind == INTEGERS:
            values = tf.strings.as_string(values)
        batch = {
            "size": tf.reduce_sum(tf.cast(tf.strings.length(records), tf.int64) + FRAME),
            "counts": counts,
            "widths": tf.strings.length(values),
            "data": tf.strings.reduce_join(values),
            "empty": tf.boolean_mask(records, counts == 0),
        }
        if label is not None:
            batch |= {"labels": row[label].values, "label_counts": row[label].row_lengths()}
        return batch

    return parse


def _to_arrow(batch: dict[str, Any], schema: Schema) -> Rows:
    """Check a parsed batch and turn its terms into Arrow."""
    if any(_terms_fault(_features(record) or {}, schema) for record in batch["empty"]):
        raise ValueError(f"a record's feature {schema.terms!r} is of another kind")
    labels = batch.get("labels", np.empty(0, np.float32))
    if not np.all(batch.get("label_counts", 1) == 1):
        raise ValueError("a record has no label, or several")
    if not np.isfinite(labels).all():
        raise ValueError("a label is not finite")
    widths, counts, data = batch["widths"], batch["counts"], batch["data"]
    kind = list_type(len(widths), len(data))
    buffers = [None, _offsets(widths, kind), pa.py_buffer(data)]
    values = pa.Array.from_buffers(kind.value_type, len(widths), buffers)
    values.validate(full=True)
    buffers = [None, _offsets(counts, kind)]
    return pa.Array.from_buffers(kind, len(counts), buffers, children=[values]), labels


def list_type(n_terms: int, n_bytes: int) -> pa.DataType:
    """Arrow type of lists of terms: with offsets of 32 bits if these can count them."""
    return LISTS if max(n_terms, n_bytes) <= _INT32_MAX else LARGE_LISTS


def _offsets(lengths: np.ndarray, kind: pa.DataType) -> pa.Buffer:
    """Where each item starts and the last one ends, n + 1 offsets as ``kind`` has them."""
    offsets = np.zeros(len(lengths) + 1, np.int32 if kind == LISTS else np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return pa.py_buffer(offsets)


def _find_fault(plain: str, schema: Schema, start: int, size: int) -> tuple[int, str] | None:
    """Find the first faulty record, and its fault, among ``size`` records from ``start``."""
    from skembed.training.keras._tensorflow import tensorflow

    tf = tensorflow()
    number = start
    try:
        for record in open_records(plain).skip(start).take(size).as_numpy_iterator():
            if fault := _describe_fault(record, schema):
                return number, fault
            number += 1
    except tf.errors.DataLossError as error:
        return number, describe_damage(plain, number, str(error))
    return None


def _describe_fault(record: bytes, schema: Schema) -> str | None:
    """Describe what is wrong with a record's content, if anything."""
    from skembed.training.keras._tensorflow import tensorflow

    tf = tensorflow()
    features = _features(record)
    if features is None:
        return "not a tf.train.Example; read such a file with TensorFlow itself"
    fault = _terms_fault(features, schema)
    if fault is None and schema.label is not None:
        fault = _label_fault(features, schema.label, schema.label_kind)
    if fault is None:
        # UnicodeDecodeError: TensorFlow's message may quote bytes of the record
        try:
            _parse_records(tf.constant([record]), schema)
        except (tf.errors.InvalidArgumentError, UnicodeDecodeError):
            return f"TensorFlow cannot parse this tf.train.Example; {RETRY}"
    return fault


def _features(record: bytes) -> Mapping[str, Any] | None:
    """Features of a serialized ``tf.train.Example``; None if it is not one."""
    from google.protobuf.message import DecodeError

    from skembed.training.keras._tensorflow import tensorflow

    tf = tensorflow()
    try:
        return tf.train.Example.FromString(record).features.feature
    except DecodeError:
        return None


def _terms_fault(features: Mapping[str, Any], schema: Schema) -> str | None:
    """Describe what is wrong with the terms: absent everywhere, of another kind, not UTF-8."""
    key = schema.terms
    if key not in features:
        if schema.has_terms:
            return None
        return f"no terms feature {key!r}, only {sorted(features)}; name it with terms="
    kind = features[key].WhichOneof("kind")
    if kind not in (None, schema.term_kind):
        there = schema.term_kind if schema.has_terms else "bytes_list or int64_list"
        return f"terms feature {key!r} is {kind}, not {there}; name another with terms="
    for position, value in enumerate(features[key].bytes_list.value):
        try:
            value.decode()
        except UnicodeDecodeError as error:
            return f"term {position} is not UTF-8 ({error}); write the file with UTF-8 terms"
    return None


def _label_fault(features: Mapping[str, Any], key: str, expected: str) -> str | None:
    """Describe what is wrong with the label: absent, of another kind, not exactly one."""
    if key not in features:
        known = sorted(features)
        return f"no label feature {key!r}, only {known}; name it with label=, or pass label=None"
    kind = features[key].WhichOneof("kind")
    if kind not in (None, expected):
        return f"label feature {key!r} is {kind}, not {expected}; name another with label="
    length = 0 if kind is None else len(getattr(features[key], kind).value)
    if length != 1:
        return f"label feature {key!r} has {length} values, not 1; pass label=None to skip labels"
    value = getattr(features[key], str(kind)).value[0]
    if not np.isfinite(value):
        return (
            f"label feature {key!r} is {value}; drop the record, or pass label=None to skip labels"
        )
    return None
