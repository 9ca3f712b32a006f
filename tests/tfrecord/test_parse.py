"""Records that are not what they should be are named."""

import pytest
from records import LABELS, ROWS, error, example, row, write_records

from skembed.tfrecord._read import read_tfrecord
from skembed.tfrecord._write import write_tfrecord

LABEL = {"labels": ("float_list", [1.0])}
EMPTY = {"terms": ("bytes_list", [])}
FAULTS = {
    "empty record": ({}, r"no label feature 'labels', only \[\]"),
    "int terms": ({"terms": ("int64_list", [1]), **LABEL}, "is int64_list, not bytes_list"),
    "no int terms": ({"terms": ("int64_list", []), **LABEL}, "is int64_list, not bytes_list"),
    "float terms": ({"terms": ("float_list", [1.0]), **LABEL}, "is float_list, not bytes_list"),
    "no label": (EMPTY, "no label feature 'labels'"),
    "int label": ({**EMPTY, "labels": ("int64_list", [1])}, "is int64_list, not float_list"),
    "bytes label": ({**EMPTY, "labels": ("bytes_list", [b"1"])}, "is bytes_list, not float_list"),
    "empty label": ({**EMPTY, "labels": ("float_list", [])}, "has 0 values, not 1"),
    "two labels": ({**EMPTY, "labels": ("float_list", [0.0, 1.0])}, "has 2 values, not 1"),
    "latin-1": ({"terms": ("bytes_list", [b"a", b"\xe9"]), **LABEL}, "term 1 is not UTF-8"),
    "split character": (
        {"terms": ("bytes_list", [b"\xc3", b"\xa9"]), **LABEL},
        "term 0 is not UTF-8",
    ),
    "surrogate": ({"terms": ("bytes_list", [b"\xed\xa0\x80"]), **LABEL}, "term 0 is not UTF-8"),
    "no example": (b"rubbish", "not a tf.train.Example"),
}


def faulty(fault):
    content, _ = FAULTS[fault]
    return content if isinstance(content, bytes) else example(content)


@pytest.mark.parametrize("number", [1, 1030])
@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_record_is_named(path, fault, number):
    record, message = faulty(fault), FAULTS[fault][1]
    good = [row(b"a"), row()] * 530
    write_records(path, [*good[:number], record, *good[number:], record])
    with pytest.raises(ValueError, match=error(path, number, message)):
        read_tfrecord(path)


@pytest.mark.parametrize("length", [1, 200])
def test_record_that_only_tensorflow_rejects(path, length):
    unknown = b"KL"  # a group, which protocol buffers skip
    write_records(path, [row(), row(b"a" * length) + unknown])
    with pytest.raises(ValueError, match=error(path, 1, "TensorFlow cannot parse")):
        read_tfrecord(path)


def test_first_of_several_faults_is_named(path):
    write_records(path, [row(b"a"), row(b"\xff"), row(), b"rubbish"])
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(ValueError, match=error(path, 1, "not UTF-8")):
        read_tfrecord(path)


def test_faulty_file_is_named(tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    write_tfrecord(good, ROWS, LABELS)
    write_records(bad, [example(LABEL), example(LABEL)])
    with pytest.raises(ValueError, match=error(bad, 0, r"no terms feature 'terms', only \['lab")):
        read_tfrecord([good, bad])


def test_label_is_not_looked_at_if_not_asked_for(path):
    write_records(path, [faulty("two labels"), faulty("int label")])
    assert read_tfrecord(path, label=None)[0].to_pylist() == [[], []]
