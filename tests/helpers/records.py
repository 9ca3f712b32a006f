"""TFRecord files made by TensorFlow, and what is read of them."""

import re

import numpy as np
import pyarrow as pa

ROWS = [["b", "é"], [], ["日本", ""]]
LABELS = [1.0, 0.0, 0.5]
SMALL = [["é"], ["b", ""]]
SHORT = {"terms": "t", "label": "l"}


def example(features):
    """Serialized Example; each value of ``features`` is a pair of kind and list."""
    import tensorflow as tf

    message = tf.train.Example()
    for key, (kind, values) in features.items():
        part = getattr(message.features.feature[key], kind)
        part.SetInParent()
        part.value.extend(values)
    return message.SerializeToString(deterministic=True)


def row(*terms, label=1.0):
    return example({"terms": ("bytes_list", terms), "labels": ("float_list", [label])})


def write_records(path, records, compression=""):
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for record in records:
            writer.write(record)


def assert_rows(result, rows, labels):
    terms, values = result
    assert terms.type == pa.list_(pa.string())
    assert terms.to_pylist() == rows
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, np.asarray(labels, np.float32))


def error(path, number, fault):
    """Pattern for the message of a faulty record."""
    return f"^{re.escape(str(path))}, record {number}: .*{fault}"
