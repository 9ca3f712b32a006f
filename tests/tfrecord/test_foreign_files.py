"""Files as TensorFlow programs write them: integers, records without terms, zlib."""

import zlib

import numpy as np
import pytest
from records import error, example, row, write_records

from skembed import VocabularyTransformer, iter_tfrecord, read_tfrecord, stream_tfrecord


def integers(ids, label):
    """A record of int64 ids and an int64 label."""
    features = {"labels": ("int64_list", [label])}
    return example(features if ids is None else {"terms": ("int64_list", ids), **features})


def test_ids_become_strings_and_labels_stay_integers(path):
    write_records(path, [integers([5, -7], 2**53 + 1), integers([], 0), integers([9], 1)])
    terms, labels = read_tfrecord(path)
    assert terms.to_pylist() == [["5", "-7"], [], ["9"]]
    assert labels.dtype == np.int64 and labels.tolist() == [2**53 + 1, 0, 1]


@pytest.mark.parametrize("first", [True, False])
def test_a_record_without_the_feature_has_no_terms(path, first):
    records = [example({"labels": ("float_list", [1.0])}), row(b"a", b"b")]
    write_records(path, records if first else records[::-1])
    lists = read_tfrecord(path)[0].to_pylist()
    assert lists == ([[], ["a", "b"]] if first else [["a", "b"], []])


def test_chunks_and_streams_read_them(path):
    write_records(path, [integers([n, n + 1] if n % 3 else None, n % 2) for n in range(30)])
    chunks = list(iter_tfrecord(path, rows_per_chunk=7))
    assert [len(terms) for terms, _ in chunks] == [7, 7, 7, 7, 2]
    vocabulary = VocabularyTransformer().fit(read_tfrecord(path)[0])
    for _ in range(2):
        stream = iter(stream_tfrecord(path, vocabulary, rows_per_chunk=30))
        X, y = next(stream)
        assert X.shape == (30, len(vocabulary.vocabulary_)) and X.nnz == 40
        assert y.tolist() == [n % 2 for n in range(30)]


@pytest.mark.parametrize("level", [0, 1, 6, 9])
@pytest.mark.parametrize("compression", ["auto", "zlib"])
def test_zlib(path, level, compression):
    write_records(path, [row(b"term %d" % n) for n in range(500)])
    expected = read_tfrecord(path)[0]
    path.write_bytes(zlib.compress(path.read_bytes(), level))
    assert read_tfrecord(path, compression=compression)[0].equals(expected)


def test_damaged_zlib_is_named(path):
    write_records(path, [row(b"term %d" % n) for n in range(50)])
    packed = zlib.compress(path.read_bytes())
    path.write_bytes(packed[:-30])
    with pytest.raises(ValueError, match=error(path, r"\d+", "zlib data end here")):
        read_tfrecord(path)
    path.write_bytes(packed + b"more")
    with pytest.raises(ValueError, match=error(path, 50, "other bytes follow")):
        read_tfrecord(path)
    path.write_bytes(packed[:60] + b"\xff" * 40 + packed[100:])
    with pytest.raises(ValueError, match=error(path, r"\d+", "not zlib data, or damaged")):
        read_tfrecord(path)


@pytest.mark.parametrize("kind", ["terms", "labels"])
def test_kinds_that_change_within_a_file_are_named(path, kind):
    changed = {"terms": ("bytes_list", [b"a"]), "labels": ("int64_list", [1])}
    changed[kind] = ("int64_list", [1]) if kind == "terms" else ("float_list", [1.0])
    first = {"terms": ("bytes_list", [b"a"]), "labels": ("int64_list", [1])}
    write_records(path, [example(first), example(changed)])
    with pytest.raises(ValueError, match=error(path, 1, f"{kind[:-1]}s? feature '{kind}' is")):
        read_tfrecord(path)
