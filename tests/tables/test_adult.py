"""The one line on a table that the README reports, on part of its rows; needs SKEMBED_DATA."""

import os
from pathlib import Path

import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skembed import EmbeddingDNNClassifier, make_embedding_pipeline

ADULT = Path(os.environ.get("SKEMBED_DATA", "/nonexistent")) / "adult" / "adult.parquet"


@pytest.mark.skipif(not ADULT.exists(), reason="SKEMBED_DATA has no adult/adult.parquet")
def test_one_line_on_adult():
    table = pd.read_parquet(ADULT)
    y = table.pop("income").astype(str).str.contains(">50K").to_numpy()
    tests = (table.pop("split") == "test").to_numpy()
    X_test, y_test = table[tests], y[tests]
    X, y = table[~tests].head(8000), y[~tests][:8000]
    model = make_embedding_pipeline(EmbeddingDNNClassifier(random_state=0)).fit(X, y)
    loss = log_loss(y_test, model.predict_proba(X_test))
    one_hot = OneHotEncoder(handle_unknown="ignore", min_frequency=5)
    columns = make_column_transformer(
        (one_hot, make_column_selector(dtype_exclude="number")),
        (StandardScaler(), make_column_selector(dtype_include="number")),
    )
    linear = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(X, y)
    assert loss < log_loss(y_test, linear.predict_proba(X_test)) - 0.02
    assert loss < 0.295
    assert model["network"].plan_["target_statistics"] >= 1
