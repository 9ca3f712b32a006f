import os
import re
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from skembed.tfrecord import _parse
from skembed.tfrecord._read import iter_tfrecord, read_tfrecord
from skembed.tfrecord._write import write_tfrecord

OPEN_FILES = Path("/proc/self/fd")


def numbered(start, stop):
    """Rows of 0 to 3 terms that tell their number, and labels that do."""
    rows = [[f"é{number}"] * (number % 4) for number in range(start, stop)]
    return rows, np.arange(start, stop, dtype=np.float32)


@pytest.fixture
def three(tmp_path):
    """55 rows in three files: plain, empty and gzip."""
    paths = [tmp_path / name for name in ("plain", "empty", "packed")]
    write_tfrecord(paths[0], *numbered(0, 30))
    write_tfrecord(paths[1], [], [])
    write_tfrecord(paths[2], *numbered(30, 55), compression="gzip")
    return paths


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def cut(path):
    path.write_bytes(path.read_bytes()[:-2])


def assert_nothing_left(folder, temporary):
    assert not list(temporary.iterdir())
    if OPEN_FILES.exists():
        links = [entry for entry in OPEN_FILES.iterdir() if entry.is_symlink()]
        assert not [link for link in map(os.readlink, links) if link.startswith(str(folder))]


@pytest.mark.parametrize("rows_per_chunk", [1, 25, 29, 30, 31, 55, 56, 1000, np.int64(7)])
def test_chunks_joined_are_the_whole(three, rows_per_chunk):
    whole, targets = read_tfrecord(three)
    terms, labels = zip(*iter_tfrecord(three, rows_per_chunk=rows_per_chunk), strict=True)
    assert pa.concat_arrays(terms).equals(whole)
    assert {chunk.dtype for chunk in labels} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(np.concatenate(labels), targets)
    full, rest = divmod(55, int(rows_per_chunk))
    lengths = [rows_per_chunk] * full + [rest] * (rest > 0)
    assert list(map(len, terms)) == list(map(len, labels)) == lengths


def test_without_labels(three):
    terms, labels = zip(*iter_tfrecord(three, rows_per_chunk=7, label=None), strict=True)
    assert pa.concat_arrays(terms).equals(read_tfrecord(three, label=None)[0])
    assert labels == (None,) * 8


@pytest.mark.parametrize("rows_per_chunk", [1000, 1024, 1100, 2499, 2500])
def test_chunks_need_not_match_the_batches(tmp_path, rows_per_chunk):
    path = tmp_path / "file"
    rows, labels = numbered(0, 2500)
    write_tfrecord(path, rows, labels)
    start = 0
    for terms, targets in iter_tfrecord(path, rows_per_chunk=rows_per_chunk):
        stop = min(start + rows_per_chunk, 2500)
        assert terms.to_pylist() == rows[start:stop]
        np.testing.assert_array_equal(targets, labels[start:stop])
        start = stop
    assert start == 2500


def test_default_chunk(tmp_path):
    path = tmp_path / "file"
    write_tfrecord(path, [[]] * 8200, np.zeros(8200))
    assert [len(terms) for terms, _ in iter_tfrecord(path)] == [8192, 8]


def test_no_rows_are_no_chunk(three):
    assert not list(iter_tfrecord([three[1], three[1]]))


def test_names_of_features_and_compression(tmp_path):
    path = tmp_path / "file"
    write_tfrecord(path, [["a"]], [2.0], terms_name="t", label_name="l", compression="gzip")
    ((terms, labels),) = iter_tfrecord(str(path), terms="t", label="l", compression="gzip")
    assert terms.to_pylist() == [["a"]]
    assert labels.tolist() == [2.0]


def test_a_chunk_holds_no_more_than_its_rows(three):
    for terms, labels in iter_tfrecord(three, rows_per_chunk=4):
        assert terms.offset == 0
        assert len(terms.values) == len(terms.flatten())
        assert terms.type == pa.list_(pa.string())
        assert labels.base is None
        assert labels.flags.writeable


@pytest.mark.parametrize("rows_per_chunk", [1, 7, 40])
@pytest.mark.parametrize("limit", [5, 33, 200])
def test_large_chunks_only_if_needed(three, monkeypatch, rows_per_chunk, limit):
    monkeypatch.setattr(_parse, "_INT32_MAX", limit)
    rows = []
    for terms, _ in iter_tfrecord(three, rows_per_chunk=rows_per_chunk):
        rows += terms.to_pylist()
        large = sum(len(term.encode()) for term in terms.flatten().to_pylist()) > limit
        assert terms.type == (pa.large_list(pa.large_string()) if large else pa.list_(pa.string()))
    assert rows == numbered(0, 55)[0]


def test_it_reads_no_further_than_asked(tmp_path):
    path = tmp_path / "file"
    write_tfrecord(path, *numbered(0, 3000))
    cut(path)
    chunks = iter_tfrecord([path, tmp_path / "absent"], rows_per_chunk=500)
    assert [len(next(chunks)[0]) for _ in range(4)] == [500] * 4
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}, record 2999: is cut short"):
        list(chunks)


def test_error_in_a_later_file_comes_when_it_is_reached(three, temporary):
    cut(three[0])
    chunks = iter_tfrecord([three[2], three[0]], rows_per_chunk=10)
    assert next(chunks)[0].to_pylist() == numbered(30, 40)[0]
    assert next(chunks)[0].to_pylist() == numbered(40, 50)[0]
    assert next(chunks)[0].to_pylist() == numbered(50, 55)[0] + numbered(0, 5)[0]
    with pytest.raises(ValueError, match=f"^{re.escape(str(three[0]))}, record 29: is cut short"):
        list(chunks)
    assert not list(chunks)
    assert_nothing_left(three[0].parent, temporary)


def test_damaged_gzip_leaves_no_temporary_file(three, temporary):
    cut(three[2])
    with pytest.raises(ValueError, match=r"packed, record \d+: the gzip data end here"):
        list(iter_tfrecord(three))
    assert_nothing_left(three[0].parent, temporary)


def test_missing_file_is_found_when_it_is_reached(three):
    chunks = iter_tfrecord([three[0], three[0].with_name("absent")], rows_per_chunk=30)
    assert len(next(chunks)[0]) == 30
    with pytest.raises(FileNotFoundError, match="absent"):
        next(chunks)


@pytest.mark.parametrize("start", [0, 2], ids=["plain", "gzip"])
def test_early_close_leaves_no_file(three, temporary, start):
    chunks = iter_tfrecord(three[start:], rows_per_chunk=10)
    next(chunks)
    assert len(list(temporary.iterdir())) == (start == 2)
    chunks.close()
    assert_nothing_left(three[0].parent, temporary)
    assert not list(chunks)


def test_leaving_a_loop_leaves_no_file(three, temporary):
    for terms, _ in iter_tfrecord(three[2], rows_per_chunk=10):
        assert len(terms) == len(list(temporary.iterdir())) * 10
        break
    assert_nothing_left(three[0].parent, temporary)


def test_reading_to_the_end_leaves_no_file(three, temporary):
    for _ in iter_tfrecord([three[2], three[0], three[2]], rows_per_chunk=5):
        assert len(list(temporary.iterdir())) <= 1
    assert_nothing_left(three[0].parent, temporary)


def test_closing_before_the_start_reads_nothing(tmp_path):
    iter_tfrecord(tmp_path / "absent").close()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"rows_per_chunk": 0}, ValueError, "rows_per_chunk must be at least 1, got 0"),
        ({"rows_per_chunk": -5}, ValueError, "rows_per_chunk must be at least 1, got -5"),
        ({"rows_per_chunk": 2.0}, TypeError, "rows_per_chunk must be an integer, got 2.0"),
        ({"rows_per_chunk": True}, TypeError, "rows_per_chunk must be an integer, got True"),
        ({"rows_per_chunk": None}, TypeError, "rows_per_chunk must be an integer, got None"),
        (
            {"compression": "zip"},
            ValueError,
            "compression must be 'auto', 'gzip', 'zlib' or 'none'",
        ),
        ({"terms": "labels"}, ValueError, "different features, both are 'labels'"),
        ({"label": 3}, TypeError, "feature keys must be str"),
        ({"paths": []}, ValueError, "paths is empty"),
        ({"paths": [3]}, TypeError, "expected str, bytes or os.PathLike object, not int"),
    ],
)
def test_arguments_are_checked_at_the_call(options, kind, message):
    with pytest.raises(kind, match=message):
        iter_tfrecord(**{"paths": "absent", **options})
