import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skembed.tfrecord import _parse
from skembed.tfrecord._read import read_tfrecord
from skembed.tfrecord._write import write_tfrecord

IMDB = Path(os.environ.get("SKEMBED_DATA", "/nonexistent")) / "imdb" / "imdb.parquet"
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


@pytest.fixture
def path(tmp_path):
    return tmp_path / "reviews.tfrecord"


@pytest.fixture
def small(path):
    """A file of two short records and the offsets at which a record ends."""
    write_tfrecord(path, SMALL, [1.0, 0.0], terms_name="t", label_name="l")
    ends, data = [0], path.read_bytes()
    while ends[-1] < len(data):
        length = int.from_bytes(data[ends[-1] : ends[-1] + 8], "little")
        ends.append(ends[-1] + 16 + length)
    return path, data, ends


def test_importing_does_not_import_tensorflow():
    modules = "skembed.tfrecord._read, skembed.tfrecord._write"
    code = f"import sys, {modules}; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("name", ["a.tfrecord", "a.gz"])
def test_round_trip_whatever_the_name(tmp_path, name, compression):
    write_tfrecord(tmp_path / name, ROWS, LABELS, compression=compression)
    assert_rows(read_tfrecord(tmp_path / name), ROWS, LABELS)
    assert_rows(
        read_tfrecord(str(tmp_path / name), compression=compression or "none"), ROWS, LABELS
    )


@pytest.mark.parametrize(
    "terms",
    [
        tuple(map(tuple, ROWS)),
        iter(ROWS),
        pd.Series(ROWS, index=[7, 7, 1]),
        pd.Series(ROWS).to_numpy(),
        pd.Series(pa.array(ROWS), dtype=pd.ArrowDtype(pa.list_(pa.string()))),
        [np.array(row, dtype=object) for row in ROWS],
        pa.array(ROWS),
        pa.array(ROWS, pa.large_list(pa.large_string())),
        pa.chunked_array([pa.array(ROWS[:1]), pa.array(ROWS[1:])]),
        pa.array([["other"], *ROWS])[1:],
    ],
    ids=["tuples", "iterator", "series", "object", "arrow_series", "arrays"]
    + ["arrow", "large", "chunked", "sliced"],
)
def test_every_kind_of_terms_gives_the_same_file(path, terms):
    write_tfrecord(path, ROWS, LABELS)
    expected = path.read_bytes()
    write_tfrecord(path, terms, np.array(LABELS))
    assert path.read_bytes() == expected


@pytest.mark.parametrize(
    "labels",
    [(1, 0, 1), pd.Series([1, 0, 1], dtype="Int64"), pa.array([1, 0, 1]), [True, False, True]],
)
def test_every_kind_of_labels(path, labels):
    write_tfrecord(path, ROWS, labels)
    assert_rows(read_tfrecord(path), ROWS, [1, 0, 1])


@settings(max_examples=20, deadline=None)
@given(
    rows=st.lists(st.lists(st.text(max_size=5), max_size=4), max_size=6),
    compression=st.sampled_from([None, "gzip"]),
    data=st.data(),
)
def test_round_trip_is_exact(tmp_path_factory, rows, compression, data):
    finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
    labels = data.draw(st.lists(finite, min_size=len(rows), max_size=len(rows)))
    path = tmp_path_factory.mktemp("exact") / "file"
    write_tfrecord(path, rows, labels, compression=compression)
    assert_rows(read_tfrecord(path), rows, labels)


def test_many_batches_keep_their_order(path):
    rows = [[str(i)] * (i % 3) for i in range(2500)]
    write_tfrecord(path, rows, np.arange(2500))
    assert_rows(read_tfrecord(path), rows, range(2500))


def test_paths_keep_their_order_and_mix_compressions(tmp_path):
    paths = [tmp_path / name for name in "cab"]
    for i, one in enumerate(paths):
        write_tfrecord(one, [[one.name]], [i], compression="gzip" if i == 1 else None)
    assert_rows(read_tfrecord(paths), [["c"], ["a"], ["b"]], [0, 1, 2])
    assert_rows(read_tfrecord(map(str, reversed(paths))), [["b"], ["a"], ["c"]], [2, 1, 0])


def test_without_labels(path):
    write_tfrecord(path, ROWS)
    terms, labels = read_tfrecord(path, label=None)
    assert terms.to_pylist() == ROWS
    assert labels is None
    with pytest.raises(
        ValueError, match=error(path, 0, r"no label feature 'labels', only \['terms'")
    ):
        read_tfrecord(path)


def test_names_of_features(path):
    write_tfrecord(path, ROWS, LABELS, terms_name="words", label_name="class")
    assert_rows(read_tfrecord(path, terms="words", label="class"), ROWS, LABELS)


def test_other_features_are_ignored(path):
    other = ("int64_list", [1, 2])
    features = {"terms": ("bytes_list", [b"a"]), "labels": ("float_list", [1.0]), "id": other}
    write_records(path, [example(features)])
    assert_rows(read_tfrecord(path), [["a"]], [1.0])


def test_terms_without_a_kind_are_an_empty_row(path):
    import tensorflow as tf

    message = tf.train.Example.FromString(row())
    message.features.feature["terms"].Clear()
    write_records(path, [message.SerializeToString()])
    assert_rows(read_tfrecord(path), [[]], [1.0])


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_no_records(path, compression):
    write_tfrecord(path, [], [], compression=compression)
    assert_rows(read_tfrecord(path), [], [])
    assert_rows(read_tfrecord([path, path]), [], [])


@pytest.mark.parametrize("compression", ["auto", "gzip", "none"])
def test_empty_file_has_no_records(path, compression):
    path.write_bytes(b"")
    assert_rows(read_tfrecord(path, compression=compression), [], [])


def test_large_arrays_only_if_forced(path, monkeypatch):
    write_tfrecord(path, ROWS, LABELS)
    n_bytes = sum(len(term.encode()) for terms in ROWS for term in terms)
    monkeypatch.setattr(_parse, "_INT32_MAX", n_bytes)
    assert read_tfrecord(path)[0].type == pa.list_(pa.string())
    monkeypatch.setattr(_parse, "_INT32_MAX", n_bytes - 1)
    terms = read_tfrecord(path)[0]
    assert terms.type == pa.large_list(pa.large_string())
    assert terms.to_pylist() == ROWS


def test_plain_file_cut_anywhere(small):
    path, data, ends = small
    for cut in [0, 1, 11, 12, *range(ends[1] - 1, len(data))]:
        path.write_bytes(data[:cut])
        number = sum(end <= cut for end in ends) - 1
        if cut in ends:
            assert_rows(read_tfrecord(path, **SHORT), SMALL[:number], [1.0, 0.0][:number])
            continue
        fault = "header" if cut - ends[number] < 12 else "cut short"
        with pytest.raises(ValueError, match=error(path, number, fault)):
            read_tfrecord(path, **SHORT)


def test_plain_file_with_any_byte_flipped(small):
    path, data, ends = small
    for position in [0, 8, 12, ends[1] - 1, *range(ends[1], len(data))]:
        damaged = bytearray(data)
        damaged[position] ^= 0x41
        path.write_bytes(damaged)
        number = sum(end <= position for end in ends) - 1
        with pytest.raises(ValueError, match=error(path, number, "checksum")):
            read_tfrecord(path, **SHORT)


def test_gzip_file_cut_anywhere(small):
    path, data, ends = small
    packed = gzip.compress(data[: ends[1]])
    for cut in range(1, len(packed)):
        path.write_bytes(packed[:cut])
        with pytest.raises(ValueError, match=error(path, r"\d", "(gzip data end|header)")):
            read_tfrecord(path, **SHORT)


def test_gzip_file_with_any_byte_flipped(small):
    path, data, ends = small
    packed = gzip.compress(data[: ends[1]])
    for position in range(10, len(packed)):  # gzip's own header has no checksum
        damaged = bytearray(packed)
        damaged[position] ^= 0x41
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=error(path, r"\d", "gzip data")):
            read_tfrecord(path, **SHORT)


def test_gzip_cut_late_names_the_record(path):
    rng = np.random.default_rng(0)
    records = [row(rng.bytes(3000).hex().encode()) for _ in range(50)]
    write_records(path, records)
    path.write_bytes(gzip.compress(path.read_bytes())[:-5100])
    with pytest.raises(ValueError, match=error(path, 48, "gzip data end here")):
        read_tfrecord(path)


@pytest.mark.parametrize("extra", [1, 11])
def test_gzip_of_a_file_that_ends_in_a_header(small, extra):
    path, data, _ = small
    path.write_bytes(gzip.compress(data + data[:extra]))
    with pytest.raises(ValueError, match=error(path, 2, "ends inside this record's header")):
        read_tfrecord(path, **SHORT)


def test_gzip_of_several_members(small):
    path, data, _ = small
    members = [data[:50], b"", data[50:], data]
    path.write_bytes(b"".join(map(gzip.compress, members)) + bytes(20))
    assert_rows(read_tfrecord(path, **SHORT), SMALL * 2, [1.0, 0.0] * 2)


def test_gzip_followed_by_rubbish(small):
    path, data, _ = small
    path.write_bytes(gzip.compress(data) + b"rubbish")
    with pytest.raises(ValueError, match=error(path, 2, "not gzip data, or damaged")):
        read_tfrecord(path, **SHORT)


def test_wrong_compression_names_the_right_one(small):
    path, data, _ = small
    with pytest.raises(ValueError, match=error(path, 0, "not gzip.*compression='none'")):
        read_tfrecord(path, **SHORT, compression="gzip")
    path.write_bytes(gzip.compress(data))
    with pytest.raises(ValueError, match=error(path, 0, "looks like gzip.*compression='auto'")):
        read_tfrecord(path, **SHORT, compression="none")


def test_plain_file_that_looks_like_gzip(path):
    size = int.from_bytes(b"\x1f\x8b\x08", "little")
    term = b"x" * (size - len(row(b"x" * size)) + size)
    write_records(path, [row(term), row(b"a")])
    data = path.read_bytes()
    assert data.startswith(b"\x1f\x8b\x08")
    assert_rows(read_tfrecord(path), [[term.decode()], ["a"]], [1.0, 1.0])
    path.write_bytes(data[:1000])
    with pytest.raises(ValueError, match=error(path, 0, "cut short")):
        read_tfrecord(path)


def test_not_a_tfrecord_file(path):
    path.write_text("great film\n" * 100)
    with pytest.raises(ValueError, match=error(path, 0, "not a TFRecord file")):
        read_tfrecord(path)


LABEL = {"labels": ("float_list", [1.0])}
EMPTY = {"terms": ("bytes_list", [])}
FAULTS = {
    "no terms": (LABEL, r"no terms feature 'terms', only \['labels'\]"),
    "empty record": ({}, r"no terms feature 'terms', only \[\]"),
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


@pytest.mark.parametrize("number", [0, 1030])
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
    write_records(bad, [row(), faulty("no terms")])
    with pytest.raises(ValueError, match=error(bad, 1, "no terms feature")):
        read_tfrecord([good, bad])


def test_label_is_not_looked_at_if_not_asked_for(path):
    write_records(path, [faulty("two labels"), faulty("int label")])
    assert read_tfrecord(path, label=None)[0].to_pylist() == [[], []]


def test_missing_file_folder_and_no_paths(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        read_tfrecord(tmp_path / "absent")
    with pytest.raises(IsADirectoryError):
        read_tfrecord(tmp_path)
    with pytest.raises(ValueError, match="paths is empty"):
        read_tfrecord([])


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"compression": "zip"}, ValueError, "compression must be 'auto', 'gzip' or 'none'"),
        ({"terms": "labels"}, ValueError, "different features, both are 'labels'"),
        ({"terms": None}, TypeError, "feature keys must be str"),
        ({"label": 3}, TypeError, "feature keys must be str"),
    ],
)
def test_read_options(path, options, kind, message):
    with pytest.raises(kind, match=message):
        read_tfrecord(path, **options)


@pytest.mark.parametrize(
    ("terms", "kind", "message"),
    [
        ("a film", TypeError, "terms must be a list of rows.*'a film'"),
        (b"a film", TypeError, "terms must be a list of rows"),
        ({"a": 1}, TypeError, "terms must be a list of rows"),
        ([["a"], "film"], TypeError, "row 1 of terms must be a list of str, got 'film'"),
        ([["a"], None], TypeError, "row 1 of terms must be a list of str, got None"),
        ([["a"], {"b": 2}], TypeError, "row 1 of terms must be a list of str"),
        ([["a"], ["b", None]], TypeError, "row 1 of terms holds None; every term"),
        ([["a"], [b"b"]], TypeError, "row 1 of terms holds b'b'; every term"),
        (pa.array([["a"], None]), TypeError, "row 1 of terms must be a list of str, got None"),
        (pa.array([["a"], ["b", None]]), TypeError, "row 1 of terms holds None"),
        (pa.array([[1], [2]]), TypeError, "row 0 of terms holds 1"),
        (pa.array(["a", "b"]), TypeError, "row 0 of terms must be a list of str, got 'a'"),
        (pd.Series([["a"], float("nan")]), TypeError, "row 1 of terms must be.*nan"),
        ([["a"], ["\ud800"]], ValueError, "row 1 of terms is not valid Unicode"),
    ],
)
@pytest.mark.parametrize("existing", [False, True])
def test_rejected_terms_leave_no_file(path, terms, kind, message, existing):
    if existing:
        path.write_text("kept")
    with pytest.raises(kind, match=message):
        write_tfrecord(path, terms, [0.0, 1.0])
    assert [file.read_text() for file in path.parent.iterdir()] == ["kept"] * existing


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1.0], r"shape \(1,\), terms have 3 rows"),
        (2.0, r"shape \(\), terms have 3 rows"),
        ([[1.0], [0.0], [1.0]], r"shape \(3, 1\), terms have 3 rows"),
        ([0, np.nan, 1], "label of row 1 is not a finite"),
        ([0, 1, None], "label of row 2 is not a finite"),
        ([1e39, 1, 0], "label of row 0 is not a finite"),
        (["good", "bad", "bad"], "labels must be numbers.*encode classes"),
        (pd.Series([0, pd.NA, 1], dtype=object), "labels must be numbers"),
    ],
)
def test_rejected_labels(path, labels, message):
    with pytest.raises(ValueError, match=message):
        write_tfrecord(path, ROWS, labels)
    assert not path.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compression": "zip"}, "compression must be None or 'gzip', got 'zip'"),
        ({"terms_name": "labels"}, "different features, both are 'labels'"),
    ],
)
def test_write_options(path, options, message):
    with pytest.raises(ValueError, match=message):
        write_tfrecord(path, ROWS, LABELS, **options)


def test_write_to_impossible_places(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_tfrecord(tmp_path / "absent" / "file", ROWS)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write_tfrecord(tmp_path, ROWS)
    assert not list(tmp_path.iterdir())


def test_write_through_a_link_and_over_a_file(tmp_path):
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    write_tfrecord(link, [["old"]], [0.0])
    write_tfrecord(link, ROWS, LABELS)
    assert link.is_symlink()
    assert_rows(read_tfrecord(target), ROWS, LABELS)
    assert sorted(tmp_path.iterdir()) == [link, target]


def test_permissions_follow_the_umask(tmp_path):
    (tmp_path / "other").touch()
    write_tfrecord(tmp_path / "file", ROWS)
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.skipif(not IMDB.exists(), reason="SKEMBED_DATA has no imdb/imdb.parquet")
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_real_reviews(path, compression):
    table = pq.read_table(IMDB, columns=["text", "label"]).slice(24_750, 500).to_pandas()
    rows = [re.findall(r"\w+|[^\w\s]", text.lower()) for text in table["text"]]
    write_tfrecord(path, rows, table["label"], compression=compression)
    assert_rows(read_tfrecord(path), rows, table["label"])
