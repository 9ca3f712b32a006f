"""Made rows, and rows in files."""

import numpy as np

from benchmarks.shared.data._made_rows import widened, zipf_rows
from benchmarks.shared.data._rows import load_rows, save_rows


def test_widened_columns_hold_the_same_entries():
    X, labels = zipf_rows(20, 10, 30)
    wide = widened(X, 1000)
    assert wide.shape == (20, 1000) and wide.has_canonical_format
    sizes = [np.sort(np.bincount(x.indices, minlength=1000)) for x in (wide, X)]
    np.testing.assert_array_equal(*sizes)
    np.testing.assert_array_equal(np.diff(wide.indptr), np.diff(X.indptr))
    assert set(labels) == {0, 1}


def test_rows_are_the_same_after_a_file(tmp_path):
    X, y = zipf_rows(20, 10, 30)
    save_rows(tmp_path, "name", X, y)
    X_read, y_read = load_rows(str(tmp_path), "name")
    assert (X_read != X).nnz == 0 and X_read.dtype == X.dtype
    np.testing.assert_array_equal(y_read, y)
