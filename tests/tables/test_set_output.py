"""Pipelines with a network work whatever container scikit-learn is configured to return."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from skembed import (
    EmbeddingDNNClassifier,
    FieldTransformer,
    NumberEncoder,
    TableTransformer,
    TargetStatisticsEncoder,
    VocabularyTransformer,
    compare,
    make_embedding_pipeline,
)

CONTAINERS = ["pandas", "polars"]
NETWORK = EmbeddingDNNClassifier(embedding_dim=4, hidden_units=8, max_epochs=1, random_state=0)
TABLE = pd.DataFrame(
    {"a": ["x", "y"] * 20, "b": ["u", "v", "w", "u"] * 10, "n": np.arange(40.0) + 0.5}
)
Y = np.arange(40) % 2


def columns():
    return FieldTransformer(
        [("terms", VocabularyTransformer(), ["a", "b"]), ("numbers", NumberEncoder(), ["n"])]
    )


PIPELINES = {
    "make_embedding_pipeline": make_embedding_pipeline(NETWORK),
    "fields": make_pipeline(columns(), NETWORK),
    "vocabulary": make_pipeline(
        FieldTransformer([("terms", VocabularyTransformer(), ["a", "b"])]), NETWORK
    ),
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", PIPELINES)
def test_predictions_are_the_same(container, name):
    pipeline = PIPELINES[name]
    expected = pipeline.fit(TABLE, Y).predict_proba(TABLE)
    with config_context(transform_output=container):
        assert_allclose(pipeline.fit(TABLE, Y).predict_proba(TABLE), expected)
        assert np.isfinite(cross_val_score(pipeline, TABLE, Y, cv=2)).all()
        assert sp.issparse(pipeline[:-1].transform(TABLE))


@pytest.mark.parametrize("container", CONTAINERS)
def test_set_output_of_a_pipeline(container):
    pipeline = make_embedding_pipeline(NETWORK)
    expected = pipeline.fit(TABLE, Y).predict(TABLE)
    assert (pipeline.set_output(transform=container).fit(TABLE, Y).predict(TABLE) == expected).all()


@pytest.mark.parametrize("container", CONTAINERS)
def test_text_and_a_network(container):
    texts = ["a fine film", "a dull one"] * 20
    with config_context(transform_output=container):
        model = make_pipeline(VocabularyTransformer(tokenizer="word"), NETWORK).fit(texts, Y)
        assert model.predict(texts).shape == (40,)


def test_dense_output_is_a_frame():
    vocabulary = VocabularyTransformer(sparse_output=False).set_output(transform="pandas")
    assert vocabulary.fit_transform(TABLE[["a"]]).columns.tolist() == ["a_x", "a_y"]
    encoder = TargetStatisticsEncoder(order=1).set_output(transform="pandas")
    assert encoder.fit_transform(TABLE[["a"]], Y).columns.tolist() == ["a: y", "a: count"]


@pytest.mark.parametrize("transformer", [TableTransformer(), NumberEncoder()])
def test_sparse_output_alone_is_refused_as_by_scikit_learn(transformer):
    with (
        config_context(transform_output="pandas"),
        pytest.raises(ValueError, match="Pandas output does not support sparse data"),
    ):
        transformer.fit_transform(TABLE[["n"]])


@pytest.mark.parametrize("container", CONTAINERS)
def test_statistics_and_rivals(container):
    with config_context(transform_output=container):
        Z = TargetStatisticsEncoder(order=1).fit_transform(TABLE[["a"]], Y)
        assert Z.shape == (40, 2)
        told = compare(make_embedding_pipeline(NETWORK), TABLE, Y, rivals=["linear", "trees"], cv=2)
        assert np.isfinite(told.summary()["score"].to_numpy(float)).all()
