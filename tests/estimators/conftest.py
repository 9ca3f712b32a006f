import pickle

import numpy as np
import pandas as pd
import pytest
from made_rows import random_counts
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from small_estimators import small


@pytest.fixture(scope="session")
def number_problem():
    """Counts (400, 30) and positive numbers that depend on products of features."""
    X = random_counts(400, 30, density=0.5)
    dense = X.toarray().astype(np.float64)
    return X, 4 + dense[:, :5].sum(1) - dense[:, 5:8].sum(1) / 3 + dense[:, 10] * dense[:, 11]


@pytest.fixture(scope="module")
def fitted(binary_problem):
    return small().fit(*binary_problem)


@pytest.fixture(scope="module")
def frame(binary_problem):
    """The features as a DataFrame of float32 columns c0, c1, ..."""
    X, _ = binary_problem
    return pd.DataFrame(X.toarray(), columns=[f"c{i}" for i in range(X.shape[1])])


@pytest.fixture(scope="module")
def fits_that_change_nothing(fitted, binary_problem):
    """Return an iterator over ways to fit, which asserts after each that it changed nothing.

    They are the named methods of copies of a fitted estimator, and `fit` of a new one.
    """
    X, _ = binary_problem
    expected = fitted.predict_proba(X)

    def of(*methods):
        for method in methods:
            model = pickle.loads(pickle.dumps(fitted))
            yield getattr(model, method)
            assert_array_equal(model.predict_proba(X), expected)
        model = small()
        yield model.fit
        with pytest.raises(NotFittedError):
            model.predict(X)

    return of
