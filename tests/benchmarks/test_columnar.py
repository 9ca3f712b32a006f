"""The benchmark of folders of files: what it makes, and both sides on a small one."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.columnar.__main__ import epoch_rate
from benchmarks.columnar._made_folder import IDS, ROWS_PER_GROUP, make_folder
from benchmarks.columnar._worker import measure


def test_the_folder_has_the_size_that_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.columnar._made_folder.ROWS_PER_FILE", 2 * ROWS_PER_GROUP)
    n_rows = make_folder(tmp_path, 2e7)
    files = sorted(tmp_path.iterdir())
    assert sum(path.stat().st_size for path in files) == pytest.approx(2e7, rel=0.1)
    assert sum(pq.ParquetFile(path).metadata.num_rows for path in files) == n_rows
    assert pq.ParquetFile(files[0]).num_row_groups == 2
    assert pq.read_schema(files[0]).names == [*IDS, "tags", "clicked"]


@pytest.mark.parametrize("side", ["files", "memory"])
def test_both_sides_train_on_all_rows(side, tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.columnar._made_folder.ROWS_PER_FILE", ROWS_PER_GROUP)
    n_rows = make_folder(tmp_path, 1e5)
    answer = measure(side, str(tmp_path), n_rows)
    assert answer["n_rows"] == n_rows
    assert min(answer["first"], answer["second"], answer["second_cpu"]) > 0
    assert answer["peak"] >= answer["before"] > 0 or np.isnan(answer["peak"])


def test_an_epoch_from_memory_counts_the_transform():
    answer = {"n_rows": 100, "first": 1.0, "second": 4.0}
    assert epoch_rate("memory", answer) == 20 and epoch_rate("files", answer) == 25
