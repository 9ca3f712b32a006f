import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from skembed import EmbeddingDNNClassifier


@pytest.mark.parametrize("combiner", ["sqrtn", "mean", "sum"])
@pytest.mark.parametrize("fields", [None, [20, 10]])
def test_row_sizes_tell_what_pooling_hides(combiner, fields):
    """Labels that depend on the number of terms alone, of terms that mean nothing."""
    rng = np.random.default_rng(0)
    X = sp.csr_matrix((rng.random((800, 30)) < rng.uniform(0.1, 0.9, (800, 1))).astype("f"))
    y = (X.sum(axis=1).A1 > 15).astype(int)
    settings = dict(combiner=combiner, fields=fields, linear=False, embedding_init="random")
    model = EmbeddingDNNClassifier(4, row_size=True, max_epochs=40, random_state=0, **settings).fit(
        X[:600], y[:600]
    )
    assert model.score(X[600:], y[600:]) > 0.9
    n_fields = 1 if fields is None else 2
    width = 4 + (combiner != "sum")
    assert model.coefs_[0].shape == (width * n_fields, 64)
    assert model.embeddings_.shape == (30, 4)
    assert model.transform(X).shape == (800, 4 * n_fields)
    keras_model = model.to_keras()
    assert_allclose(
        keras_model.predict(X.toarray(), verbose=0)[:, 0], model.predict_proba(X)[:, 1], atol=1e-5
    )
