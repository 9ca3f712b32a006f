"""A pipeline from a table predicts where a column has no value in a batch, or had none in fit."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from skembed import EmbeddingDNNClassifier, TableTransformer, make_embedding_pipeline

N = 40


@pytest.fixture(scope="module")
def table():
    return pd.DataFrame(
        {
            "category": ["x", "y"] * (N // 2),
            "number": np.arange(N) + 0.5,
            "text": [f"a text of some length that says {i} of many things" for i in range(N)],
            "list": [["p", "q"]] * N,
            "date": pd.date_range("2024", periods=N),
            "flag": [True, False] * (N // 2),
        }
    )


@pytest.fixture(scope="module")
def fitted(table):
    return TableTransformer().fit(table)


@pytest.mark.parametrize("column", ["category", "number", "text", "list", "date", "flag"])
@pytest.mark.parametrize("missing", [np.nan, None, pd.NaT, pd.NA], ids=str)
def test_a_batch_without_values(fitted, table, column, missing):
    Z = fitted.transform(table.assign(**{column: missing}))
    assert Z.shape == (N, len(fitted.get_feature_names_out()))
    arrow = pa.table({name: pa.array(values) for name, values in table.items() if name != column})
    arrow = arrow.append_column(column, pa.nulls(N)).select(table.columns.tolist())
    assert (fitted.transform(arrow) != Z).nnz == 0


@pytest.mark.parametrize("column", ["category", "number", "text", "list", "date", "flag"])
def test_a_fit_without_values(table, column):
    encoder = TableTransformer().fit(table.assign(**{column: np.nan}))
    assert encoder.transform(table).shape[0] == N


def test_a_named_column_without_values(table):
    network = EmbeddingDNNClassifier(embedding_dim=4, hidden_units=8, max_epochs=1)
    pipeline = make_embedding_pipeline(network, categorical=["category"], numeric=["number"])
    empty = table.assign(category=np.nan)
    with pytest.warns(UserWarning, match="Column 'category' holds no term"):
        pipeline.fit(empty, table["flag"])
    with pytest.warns(UserWarning, match="40 of 40 terms of column 'category' are not in"):
        assert len(pipeline.predict(table)) == N
