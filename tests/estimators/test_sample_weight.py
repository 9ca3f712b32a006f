import numpy as np
import pandas as pd
import pytest
from foreign_columns import polars_series
from numpy.testing import assert_array_equal
from small_estimators import small
from spoilt_rows import changed

ROW, COLUMN = 3, 4
WEIGHTS = {
    "NaN": (changed(np.ones(400), ROW, np.nan), "sample_weight contains NaN"),
    "infinity": (changed(np.ones(400), ROW, np.inf), "sample_weight contains infinity"),
    "negative": (changed(np.ones(400), ROW, -2), r"Negative values.*row 3 has -2"),
    "all zero": (np.zeros(400), "at least one non-zero number|sample_weight is zero for all rows"),
    "too few": (np.ones(399), r"sample_weight.shape == \(399,\), expected \(400,\)"),
    "two columns": (np.ones((400, 2)), "Sample weights must be 1D array or scalar"),
    "text": (["heavy"] * 400, "could not convert string to float"),
}


@pytest.mark.parametrize("case", WEIGHTS)
def test_wrong_weights_are_refused(case, fits_that_change_nothing, binary_problem):
    X, y = binary_problem
    weights, message = WEIGHTS[case]
    for fit in fits_that_change_nothing("fit", "partial_fit"):
        with pytest.raises(ValueError, match=message):
            fit(X, y, sample_weight=weights)


@pytest.mark.parametrize("make", [list, pd.Series, polars_series, lambda w: w.astype(np.float32)])
def test_weights_of_any_type_train_alike(make, binary_problem):
    X, y = binary_problem
    weights = np.random.default_rng(0).integers(1, 4, 400).astype(float)
    expected = small().fit(X, y, weights)
    assert_array_equal(small().fit(X, y, make(weights)).embeddings_, expected.embeddings_)
