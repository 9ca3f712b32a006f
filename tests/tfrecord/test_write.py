import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from records import LABELS, ROWS, assert_rows

from skembed.tfrecord._read import read_tfrecord
from skembed.tfrecord._write import write_tfrecord


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
