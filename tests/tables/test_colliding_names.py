"""Columns and values whose joined names are the same, and values named like extra features."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline

from skembed import (
    EmbeddingDNNClassifier,
    FieldTransformer,
    TermEmbeddings,
    VocabularyTransformer,
    make_embedding_pipeline,
)
from skembed.vocabulary._output_columns import unique_names

NETWORK = EmbeddingDNNClassifier(embedding_dim=2, hidden_units=4, max_epochs=1, random_state=0)
TABLE = pd.DataFrame({"A": ["x_y", "q", "q", "x_y"] * 5, "A_x": ["y", "z", "y", "y"] * 5})
Y = np.arange(20) % 2


@given(st.lists(st.sampled_from(["a", "b", "a (2)", "a (2) (2)", "a (3)"])))
def test_names_are_made_unique_and_few_are_changed(names):
    unique = unique_names(names)
    assert len(set(unique)) == len(unique) == len(names)
    for place, (name, new) in enumerate(zip(names, unique, strict=True)):
        assert new == name or (name in names[:place] and new.startswith(f"{name} ("))
        assert new == name or name in names[:place]


@pytest.mark.parametrize("columns", [None, VocabularyTransformer()])
def test_columns_and_values_that_collide(columns):
    pipeline = make_embedding_pipeline(NETWORK)
    pipeline = pipeline if columns is None else make_pipeline(columns, NETWORK)
    pipeline.fit(TABLE, Y)
    names = pipeline[:-1].get_feature_names_out().tolist()
    first, second = names.index("A_x_y"), names.index("A_x_y (2)")
    embeddings = TermEmbeddings.from_estimator(pipeline)
    assert embeddings.terms.tolist() == names
    X = pipeline[:-1].transform(TABLE).toarray()
    assert X[:, first].sum() == 10 and X[:, second].sum() == 15
    if columns is not None:  # counts go by the names
        assert embeddings.counts[[first, second]].tolist() == [10, 15]


@pytest.mark.parametrize("value", ["<missing>", "<oov_0>"])
@pytest.mark.parametrize("wide", [False, True])
def test_values_named_like_extra_features(value, wide):
    cells = [value, "q", None, "q"]
    X = pd.DataFrame({"a": cells, "b": ["u", "v", "u", "v"]}) if wide else pd.Series(cells)
    vocabulary = VocabularyTransformer(handle_missing="indicator", num_oov_buckets=1).fit(X)
    names = vocabulary.get_feature_names_out().tolist()
    prefix = "a_" if wide else ""
    assert f"{prefix}{value}" in names and f"{prefix}{value} (2)" in names
    Z = vocabulary.transform(X).toarray()
    assert Z[:, names.index(f"{prefix}{value}")].tolist() == [1, 0, 0, 0]
    missing = f"{prefix}<missing>" + " (2)" * (value == "<missing>")
    assert Z[:, names.index(missing)].tolist() == [0, 0, 1, 0]
    again = VocabularyTransformer(handle_missing="indicator").partial_fit(X).partial_fit(X)
    assert len(set(again.get_feature_names_out())) == again.transform(X).shape[1]


def test_a_pipeline_takes_them():
    table = TABLE.assign(A=["<missing>", None, "q", "x"] * 5)
    pipeline = make_embedding_pipeline(NETWORK).fit(table, Y)
    assert "A_<missing> (2)" in TermEmbeddings.from_estimator(pipeline).terms


def test_without_prefixes_scikit_learn_tells_the_remedy():
    pairs = [(name, VocabularyTransformer(), [name]) for name in TABLE]
    columns = FieldTransformer(pairs, verbose_feature_names_out=False)
    pipeline = make_pipeline(columns, NETWORK).fit(TABLE, Y)
    with pytest.raises(ValueError, match="set verbose_feature_names_out=True"):
        TermEmbeddings.from_estimator(pipeline)
