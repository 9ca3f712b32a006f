"""The linear model with a penalty that is chosen on held-out rows."""

import numpy as np
from sklearn.linear_model import Ridge

from benchmarks.shared._tuned_linear import Tuned


def test_tuned_takes_the_value_of_least_loss_and_refits_on_all_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 12))
    y = X @ np.r_[1.0, -2, 3, np.zeros(9)] + rng.normal(0, 0.3, 120)
    model = Tuned(Ridge(), "alpha", (0.01, 0.1, 1.0, 1000.0), "values").fit(X, y)
    assert model.best_ < 1000
    expected = Ridge(alpha=model.best_).fit(X, y).predict(X)
    np.testing.assert_allclose(model.predict(X), expected)
