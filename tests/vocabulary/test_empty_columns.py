"""Columns without any value in a batch, whatever type their library gives them."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal

from skembed import VocabularyTransformer

GOOD = pd.DataFrame({"a": ["x", "y", "x"], "b": ["u", "v", "w"]})
EMPTY = {
    "pandas NaN": GOOD.assign(a=np.nan),
    "pandas None": GOOD.assign(a=None),
    "pandas NA": GOOD.assign(a=pd.NA),
    "pandas NaT": GOOD.assign(a=pd.NaT),
    "Arrow null": pa.table({"a": pa.nulls(3), "b": ["u", "v", "w"]}),
    "Arrow NaN": pa.table({"a": [float("nan")] * 3, "b": ["u", "v", "w"]}),
    "Arrow strings": pa.table({"a": pa.nulls(3, pa.string()), "b": ["u", "v", "w"]}),
    "Arrow dates": pa.table({"a": pa.nulls(3, pa.date32()), "b": ["u", "v", "w"]}),
    "polars Null": pl.DataFrame({"a": [None] * 3, "b": ["u", "v", "w"]}),
    "polars NaN": pl.DataFrame({"a": [float("nan")] * 3, "b": ["u", "v", "w"]}),
    "numpy": np.array([[np.nan, "u"], [None, "v"], [np.nan, "w"]], object),
}


@pytest.mark.parametrize("X", EMPTY.values(), ids=EMPTY)
@pytest.mark.parametrize("handle_missing", ["ignore", "indicator"])
def test_a_batch_without_values_in_a_column(X, handle_missing):
    vocabulary = VocabularyTransformer(handle_missing=handle_missing)
    vocabulary.fit(GOOD.to_numpy() if isinstance(X, np.ndarray) else GOOD)
    names = vocabulary.get_feature_names_out().tolist()
    Z = pd.DataFrame(vocabulary.transform(X).toarray(), columns=names)
    of_a = [
        name for name in names if "<missing>" not in name and not name.endswith(("u", "v", "w"))
    ]
    assert len(of_a) == 2
    assert not Z[of_a].any(axis=None)
    assert Z.iloc[:, -4:].to_numpy().sum() == 3  # b is read as ever
    missing = [name for name in names if "<missing>" in name]
    assert (Z[missing].to_numpy().sum() == 3) == (handle_missing == "indicator")


@pytest.mark.parametrize("X", EMPTY.values(), ids=EMPTY)
def test_a_fit_without_values_in_a_column_warns(X):
    vocabulary = VocabularyTransformer(handle_missing="indicator")
    with pytest.warns(UserWarning, match=r"Column '(a|x0)' holds no term in the 3 rows of fit"):
        Z = vocabulary.fit_transform(X)
    assert Z.shape == (3, 5)  # two of missing values, three terms of b
    assert_array_equal(Z.toarray()[:, 0], 1)


@pytest.mark.parametrize("text", [False, True])
def test_a_first_batch_without_values_is_gone_on_from(text):
    vocabulary = VocabularyTransformer(handle_missing="ignore", tokenizer="word" if text else None)
    vocabulary.partial_fit(pd.Series([np.nan] * 3))
    assert vocabulary.transform(["x"]).shape == (1, 0)
    vocabulary.partial_fit(pd.Series(["x", "y"]))
    assert vocabulary.transform(["x"]).toarray().tolist() == [[1, 0]]
    assert vocabulary.n_samples_seen_ == 5


@pytest.mark.parametrize("cells", [[np.nan] * 3, [None] * 3], ids=["NaN", "None"])
def test_texts_may_all_be_missing(cells):
    vocabulary = VocabularyTransformer(tokenizer="word", handle_missing="ignore")
    vocabulary.fit(["a text", "another"])
    assert vocabulary.transform(pd.Series(cells)).nnz == 0


@pytest.mark.parametrize("X", EMPTY.values(), ids=EMPTY)
def test_they_are_refused_by_name_where_missing_values_are(X):
    with pytest.raises(ValueError, match="Row 0 of column '(a|x0)' has a missing value; fill it"):
        VocabularyTransformer().fit(X)
