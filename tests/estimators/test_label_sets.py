import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from small_estimators import small


def test_label_sets(number_problem):
    X, _ = number_problem
    sets = (X.toarray()[:, :3] > 0).astype(int)
    model = small(max_epochs=60).fit(X, sets)
    proba = model.predict_proba(X)
    assert proba.shape == (400, 3)
    assert (proba.sum(1) > 1).any()
    assert model.classes_.tolist() == [0, 1, 2]
    assert_array_equal(model.predict(X), proba > 0.5)
    assert_allclose(np.exp(model.predict_log_proba(X)), proba, rtol=1e-5)
    assert (model.predict(X) == sets).mean() > 0.9
    assert model.score(X, sets) > 0.8
    for same in (sp.csr_matrix(sets), sp.csr_array(sets), sets.astype(bool), sets.tolist()):
        other = small(max_epochs=60).fit(X, same)
        assert_array_equal(other.embeddings_, model.embeddings_)


def test_going_on_with_label_sets(number_problem):
    X, _ = number_problem
    sets = (X.toarray()[:, :3] > 0).astype(int)
    model = small()
    for _ in range(30):
        model.partial_fit(X, sets, classes=[0, 1, 2])
    assert (model.predict(X) == sets).mean() > 0.8
    with pytest.raises(ValueError, match="3 labels a row|3 were expected"):
        model.partial_fit(X, sets[:, :2])
