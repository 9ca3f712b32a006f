"""Labels that a file or a type cannot hold are refused, with the record's number."""

import numpy as np
import pytest
from records import error, row, write_records

from skembed import VocabularyTransformer, read_tfrecord, stream_tfrecord, write_tfrecord

VOCABULARY = VocabularyTransformer(["a"]).fit([["a"]])


@pytest.mark.parametrize("label", [np.nan, np.inf, -np.inf])
def test_a_label_that_is_not_finite_is_not_read(label, path):
    write_records(path, [row(b"a"), row(b"a", label=label)])
    with pytest.raises(ValueError, match=error(path, 1, "pass label=None to skip labels")):
        read_tfrecord(path)
    assert len(read_tfrecord(path, label=None)[0]) == 2


@pytest.mark.parametrize(
    ("label", "dtype"), [(0.75, np.int64), (-1.0, np.uint8), (300.0, np.int8), (2.0, bool)]
)
def test_a_stream_names_the_record_whose_label_its_type_cannot_hold(label, dtype, path):
    write_tfrecord(path, [["a"]] * 5, [0.0, 1.0, 1.0, label, 0.0])
    stream = stream_tfrecord(path, VOCABULARY, rows_per_chunk=2, label_dtype=dtype)
    with pytest.raises(ValueError, match=f"record 3 of the stream is {label}, which "):
        list(stream)


def test_a_stream_hands_on_what_its_type_holds(path):
    write_tfrecord(path, [["a"]] * 3, [0.0, 1.5, -2.0])
    stream = stream_tfrecord(path, VOCABULARY, label_dtype=np.float64)
    assert np.concatenate([y for _, y in stream]).tolist() == [0.0, 1.5, -2.0]


def test_an_integer_that_float32_would_round_is_not_written(path):
    path.write_bytes(b"old")
    write_tfrecord(path, [["a"]] * 2, [2**24, -(2**24)])
    with pytest.raises(ValueError, match="label of row 1, 16777217, is not exact in float32"):
        write_tfrecord(path, [["a"]] * 2, [0, 2**24 + 1])
    assert read_tfrecord(path)[1].tolist() == [2.0**24, -(2.0**24)]
