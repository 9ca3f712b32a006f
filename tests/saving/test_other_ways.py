"""Pickle, joblib and skops keep a model as `save` does."""

import pickle
from importlib import import_module

import joblib
import numpy as np
import pandas as pd
import pytest
from fitted_models import REVIEWS
from same_state import assert_same, public_state, sorted_state
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from skembed import (
    SKOPS_TRUSTED_TYPES,
    EmbeddingDNNRegressor,
    FieldTransformer,
    NumberEncoder,
    TargetStatisticsEncoder,
    VocabularyTransformer,
    make_embedding_pipeline,
)
from skembed.saving._save_load import load, save


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_pickle(model, protocol):
    other = pickle.loads(pickle.dumps(model, protocol))
    assert_same(sorted_state(other), sorted_state(model))


def test_pickled_vocabulary(vocabulary):
    transformer, X = vocabulary
    other = pickle.loads(pickle.dumps(transformer))
    assert_same(public_state(other), public_state(transformer))
    assert_same(other.transform(X).toarray(), transformer.transform(X).toarray())


@pytest.mark.parametrize("mmap_mode", [None, "r"])
def test_joblib(pipeline, mmap_mode, tmp_path):
    joblib.dump(pipeline, tmp_path / "model")
    other = joblib.load(tmp_path / "model", mmap_mode=mmap_mode)
    assert isinstance(other[1].embeddings_, np.memmap) == (mmap_mode == "r")
    assert_same(other.predict_proba(REVIEWS), pipeline.predict_proba(REVIEWS))
    save(other, tmp_path / "saved")  # memory-mapped weights are saved as any others
    assert_same(load(tmp_path / "saved").predict(REVIEWS), pipeline.predict(REVIEWS))


def test_skops(model):
    io = pytest.importorskip("skops.io")
    data = io.dumps(model)
    types = io.get_untrusted_types(data=data)
    assert all(name.startswith("skembed.") for name in types)
    assert_same(vars(io.loads(data, trusted=types)), vars(model))
    assert_same(vars(io.loads(data, trusted=SKOPS_TRUSTED_TYPES)), vars(model))


def test_skops_trusts_whole_pipelines_by_the_public_constant():
    io = pytest.importorskip("skops.io")
    table = pd.DataFrame({"a": ["x", "y"] * 20, "n": np.arange(40.0)})
    network = EmbeddingDNNRegressor(
        embedding_dim=2, hidden_units=4, max_epochs=1, target_statistics=1, random_state=0
    )
    columns = [("a", VocabularyTransformer(), ["a"]), ("n", NumberEncoder(), ["n"])]
    for pipeline in (
        make_embedding_pipeline(network),
        make_pipeline(FieldTransformer(columns), clone(network).set_params(warm_start=True)),
        make_pipeline(TargetStatisticsEncoder(random_state=0), LinearRegression()),
    ):
        data = io.dumps(pipeline.fit(table, np.arange(40) % 2))
        again = io.loads(data, trusted=SKOPS_TRUSTED_TYPES)
        assert_same(again.predict(table), pipeline.predict(table))


def test_names_of_trusted_types_are_those_of_classes():
    for name in SKOPS_TRUSTED_TYPES:
        module, _, cls = name.rpartition(".")
        assert isinstance(getattr(import_module(module), cls), type)
