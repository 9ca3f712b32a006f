"""Arrays that must not be written to."""

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from small_estimators import small
from spoilt_rows import doubled, shuffled, with_stored_zeros

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor


def read_only(array):
    array = array.copy()
    array.setflags(write=False)
    return array


@pytest.mark.parametrize("spoil", [lambda X: X, shuffled, doubled, with_stored_zeros])
def test_read_only_arrays_and_memory_maps_train_alike(spoil, binary_problem, tmp_path):
    X, y = binary_problem
    weights = np.arange(400) % 3
    X = spoil(X)
    expected = small().fit(X, y, weights)
    joblib.dump((X, y, weights), tmp_path / "data")
    mapped = joblib.load(tmp_path / "data", mmap_mode="r")
    assert isinstance(mapped[0].data, np.memmap)
    frozen = sp.csr_matrix(X.shape, dtype=X.dtype)
    frozen.data, frozen.indices, frozen.indptr = map(read_only, (X.data, X.indices, X.indptr))
    for data in (mapped, (frozen, read_only(y), read_only(weights))):
        model = small().fit(*data)
        assert_array_equal(model.embeddings_, expected.embeddings_)
        assert_array_equal(model.predict_proba(data[0]), expected.predict_proba(X))
        model.partial_fit(data[0], data[1], sample_weight=data[2])
    dense = read_only(X.toarray())
    assert_array_equal(small().fit(dense, y, weights).embeddings_, expected.embeddings_)


@pytest.mark.parametrize("cls", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
def test_an_estimator_in_a_memory_map_predicts_and_goes_on(cls, binary_problem, tmp_path):
    X, y = binary_problem
    first = {"classes": [0, 1]} if cls is EmbeddingDNNClassifier else {}
    model = small(cls).partial_fit(X, y, **first)
    joblib.dump(model, tmp_path / "model")
    mapped = joblib.load(tmp_path / "model", mmap_mode="r")
    assert isinstance(mapped.embeddings_, np.memmap)
    assert_array_equal(mapped.predict(X), model.predict(X))
    assert_array_equal(mapped.partial_fit(X, y).embeddings_, model.partial_fit(X, y).embeddings_)
