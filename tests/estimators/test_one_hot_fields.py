"""Tables in one-hot code are fitted as tables are, without a word from the caller."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skembed import ChunkStream, EmbeddingDNNClassifier, EmbeddingDNNRegressor

N_ROWS = 3_000


@pytest.fixture(scope="module")
def table():
    """Rare ids of which each has a rate of its own."""
    rng = np.random.default_rng(0)
    ids = np.minimum(rng.zipf(1.4, (2 * N_ROWS, 2)), 400)
    kinds = rng.integers(0, 4, 2 * N_ROWS)
    rates = rng.normal(size=(401, 401))
    y = (rates[ids[:, 0], ids[:, 1] % 7] + 0.5 * kinds > 0.5 + rng.normal(size=2 * N_ROWS)) * 1
    return pd.DataFrame({"id": ids[:, 0], "other": ids[:, 1], "kind": kinds}), y


def test_a_pipeline_with_one_hot_code_learns_from_statistics(table):
    X, y = table
    losses, models = [], []
    for fields in ("auto", None):
        model = make_pipeline(
            OneHotEncoder(handle_unknown="ignore", dtype=np.float32),
            EmbeddingDNNClassifier(fields=fields, random_state=0),
        ).fit(X[:N_ROWS], y[:N_ROWS])
        losses.append(log_loss(y[N_ROWS:], model.predict_proba(X[N_ROWS:])))
        models.append(model[-1])
    assert losses[0] < losses[1] - 0.005
    assert models[0].plan_["target_statistics"] > 0
    assert models[1].plan_["target_statistics"] == 0


def test_numbers_too(table):
    X, y = table
    encoded = OneHotEncoder(dtype=np.float32).fit_transform(X)
    values = y + np.random.default_rng(1).normal(size=len(y)) * 0.1
    model = EmbeddingDNNRegressor(max_epochs=1, random_state=0).fit(encoded, values)
    assert model.transform(encoded[:5]).shape == (5, 3 * 16)
    assert model.predict(sp.csr_matrix((2, encoded.shape[1]), dtype=np.float32)).shape == (2,)


def test_fits_of_parts_have_one_field(table):
    X, y = table
    encoded = OneHotEncoder(dtype=np.float32).fit_transform(X)
    streamed = EmbeddingDNNClassifier(max_epochs=1, random_state=0).fit(
        ChunkStream(lambda: iter([(encoded, y)]))
    )
    part = EmbeddingDNNClassifier(random_state=0).partial_fit(encoded, y, classes=[0, 1])
    for model in (streamed, part):
        assert model.transform(encoded[:5]).shape == (5, 16)
    warm = EmbeddingDNNClassifier(max_epochs=1, warm_start=True, random_state=0)
    warm.fit(encoded, y)
    before = warm.n_epochs_
    warm.fit(encoded[:100], y[:100])  # has the fields of the first fit
    assert warm.n_epochs_ == before + 1
    assert warm.transform(encoded[:5]).shape == (5, 48)
    assert_array_equal(warm._field_layout_.numbers[[0, -1]], [0, 2])
