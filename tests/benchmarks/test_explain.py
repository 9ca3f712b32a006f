"""The benchmark of explanations on made rows."""

import numpy as np
import pytest
import scipy.sparse as sp

pytest.importorskip("tabulate")
from benchmarks.explain import _agreement, _removal, _shapley
from skembed import EmbeddingDNNClassifier, explain


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    X = sp.csr_matrix(rng.random((300, 20)) < 0.3, dtype=np.float32)
    y = (X[:, :5].sum(axis=1) > X[:, 5:10].sum(axis=1)).A1.astype(int)
    return EmbeddingDNNClassifier(random_state=0, max_epochs=20).fit(X, y), X


def test_exact_values_are_shares_of_the_whole(problem):
    model, X = problem
    row = X[int(np.argmax(np.diff(X.indptr) == 5))]
    values = _shapley.exact(model, row, 0)
    empty = sp.csr_matrix(row.shape, dtype=np.float32)
    whole = model.decision_function(row)[0] - model.decision_function(empty)[0]
    assert np.isclose(values.sum(), whole, atol=1e-5)


def test_exact_values_of_a_linear_model_are_its_weights():
    class Linear:
        def decision_function(self, X):
            return X @ np.arange(20.0)

    row = sp.csr_matrix(([1.0, 2.0, 1.0], ([0, 0, 0], [1, 4, 7])), shape=(1, 20))
    assert np.allclose(_shapley.exact(Linear(), row, 0), [1, 8, 7])


def test_contributions_agree_and_take_a_prediction_down(problem):
    model, X = problem
    found = _agreement.agreement(model, X, 12, 10, 0)["explain"]
    assert found.correlation > 0.9
    falls = _removal.falls(model, X[:50], explain(model, X[:50]), [1, 3])
    assert falls["contributions"][1] > falls["random"][1]
    assert falls["contributions"][0] < falls["contributions"][1]
