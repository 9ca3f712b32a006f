import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import LABELS, ROWS, assert_rows, error, example, row, write_records

from skembed import VocabularyTransformer, stream_tfrecord
from skembed.tfrecord import _parse
from skembed.tfrecord._read import iter_tfrecord, read_tfrecord
from skembed.tfrecord._write import write_tfrecord

IMDB = Path(os.environ.get("SKEMBED_DATA", "/nonexistent")) / "imdb" / "imdb.parquet"


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
        (
            {"compression": "zip"},
            ValueError,
            "compression must be 'auto', 'gzip', 'zlib' or 'none'",
        ),
        ({"terms": "labels"}, ValueError, "different features, both are 'labels'"),
        ({"terms": None}, TypeError, "feature keys must be str"),
        ({"label": 3}, TypeError, "feature keys must be str"),
    ],
)
def test_read_options(path, options, kind, message):
    with pytest.raises(kind, match=message):
        read_tfrecord(path, **options)


@pytest.mark.skipif(not IMDB.exists(), reason="SKEMBED_DATA has no imdb/imdb.parquet")
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_real_reviews(path, compression):
    table = pq.read_table(IMDB, columns=["text", "label"]).slice(24_750, 500).to_pandas()
    rows = [re.findall(r"\w+|[^\w\s]", text.lower()) for text in table["text"]]
    write_tfrecord(path, rows, table["label"], compression=compression)
    assert_rows(read_tfrecord(path), rows, table["label"])


def test_expected_records_find_a_file_cut_between_two(tmp_path):
    paths = [tmp_path / "a.tfrecord", tmp_path / "b.tfrecord"]
    write_tfrecord(paths[0], [["a"], ["b"], ["c"]], [0.0, 1.0, 0.0])
    write_tfrecord(paths[1], [["d"]], [1.0])
    assert len(read_tfrecord(paths, expected_records=[3, 1])[0]) == 4
    assert len(read_tfrecord(paths[0], expected_records=3)[0]) == 3
    whole = paths[0].read_bytes()
    first = 12 + int.from_bytes(whole[:8], "little") + 4
    paths[0].write_bytes(whole[: 2 * first])
    assert len(read_tfrecord(paths)[0]) == 3  # nothing else tells
    with pytest.raises(ValueError, match="a.tfrecord holds 2 records, but 3 were expected"):
        read_tfrecord(paths, expected_records=[3, 1])
    with pytest.raises(ValueError, match="holds 2 records, but 3 were expected"):
        list(iter_tfrecord(paths, rows_per_chunk=1, expected_records=[3, 1]))
    with pytest.raises(ValueError, match="has 1 numbers for 2 files"):
        read_tfrecord(paths, expected_records=3)
    with pytest.raises(ValueError, match="expected_records holds -1"):
        read_tfrecord(paths[0], expected_records=-1)
    vocabulary = VocabularyTransformer().fit([["a"], ["b"]])
    stream = stream_tfrecord(paths[0], vocabulary, expected_records=3)
    with pytest.raises(ValueError, match="holds 2 records, but 3 were expected"):
        list(stream)
