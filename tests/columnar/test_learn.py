"""Transformers learn from files chunk by chunk, on a copy."""

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skembed import VocabularyTransformer, learn_dataset


def test_the_vocabulary_is_that_of_all_rows_and_the_transformer_is_left_alone(folder, table):
    transformer = VocabularyTransformer(max_terms=5)
    learned = learn_dataset(folder, transformer, columns="terms", rows_per_chunk=100)
    assert learned.vocabulary_ == VocabularyTransformer(max_terms=5).fit(table["terms"]).vocabulary_
    assert not hasattr(transformer, "_fields")


def test_a_fitted_transformer_goes_on(folder, table):
    first = VocabularyTransformer().partial_fit(table["terms"].slice(0, 10))
    learned = learn_dataset(folder, first, columns="terms")
    assert learned.n_samples_seen_ == 1210 and first.n_samples_seen_ == 10


def test_columns_and_rows_are_those_of_the_stream(folder, table):
    learned = learn_dataset(
        folder,
        VocabularyTransformer(),
        label="liked",
        sample_weight="weight",
        filter=ds.field("row") < 60,
    )
    assert learned.feature_names_in_.tolist() == ["row", "city", "terms"]
    assert learned.n_samples_seen_ == 60


def test_other_transformers_with_partial_fit_learn_too(folder, table):
    class OfRows(StandardScaler):
        def partial_fit(self, X, y=None):
            return super().partial_fit(np.column_stack([X["row"], X["weight"]]), y)

    scaler = learn_dataset(folder, OfRows(), columns=["row", "weight"], rows_per_chunk=70)
    assert_allclose(scaler.mean_, [599.5, np.mean(table["weight"])])
    with pytest.raises(TypeError, match="OneHotEncoder, which has no partial_fit"):
        learn_dataset(folder, OneHotEncoder(), columns=["city"])


def test_bad_rows_are_named_and_nothing_is_learned(tmp_path):
    pq.write_table(pa.table({"x": ["a", None]}), tmp_path / "bad.parquet")
    transformer = VocabularyTransformer().partial_fit(["a"])
    with pytest.raises(ValueError, match="missing value") as caught:
        learn_dataset(tmp_path, transformer, columns="x", rows_per_chunk=1)
    assert "row 1 of" in caught.value.__notes__[0] and "bad.parquet" in caught.value.__notes__[0]
    assert transformer.n_samples_seen_ == 1
    with pytest.raises(ValueError, match="leaves no rows of the 1 files"):
        learn_dataset(tmp_path, transformer, columns="x", filter=ds.field("x") == "ab")
