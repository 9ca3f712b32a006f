"""Where real data is, and what is taken where there is none."""

import pytest

from benchmarks.shared.data import _reviews
from benchmarks.shared.data._folder import data_folder, data_path
from benchmarks.shared.data._sets import SETS


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_nothing_is_found(monkeypatch, tmp_path, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "imdb").mkdir()
    monkeypatch.delenv("SKEMBED_DATA", raising=False)
    if value is not None:
        monkeypatch.setenv("SKEMBED_DATA", value)
    assert data_folder() is None and data_path("imdb") is None
    assert all(data.path is None for data in SETS.values())


def test_files_are_found_below_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SKEMBED_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    assert data_path(SETS["adult"].file) is None
    (tmp_path / "adult").mkdir()
    (tmp_path / SETS["adult"].file).write_text("here")
    assert SETS["adult"].path == tmp_path / "adult" / "adult.parquet"


def test_a_folder_without_reviews_is_an_error(tmp_path):
    with pytest.raises(SystemExit, match="look at --data or SKEMBED_DATA"):
        _reviews.load(str(tmp_path))


def test_reviews_are_made_where_there_is_no_folder(monkeypatch):
    monkeypatch.delenv("SKEMBED_DATA", raising=False)
    reviews = _reviews.load(None)
    assert "make_reviews" in reviews.source and reviews.terms is None
    assert [len(rows) for rows, _ in (reviews.train, reviews.test)] == [25_000, 25_000]
