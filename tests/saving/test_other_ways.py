"""Pickle, joblib and skops keep a model as `save` does."""

import pickle

import joblib
import numpy as np
import pytest
from fitted_models import REVIEWS
from same_state import assert_same, public_state, sorted_state

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
