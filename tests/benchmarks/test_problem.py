"""Training and test rows of a data set."""

import numpy as np

from benchmarks.shared.data._made_rows import zipf_rows
from benchmarks.shared.data._problem import Problem


def test_labels_that_teach_nothing_are_dropped():
    X, _ = zipf_rows(30, 5, 12)
    labels = np.random.default_rng(0).integers(0, 2, (30, 2))
    blind = np.hstack([labels, np.zeros((30, 1), int)])
    kept = Problem("labels", X[:20], blind[:20], X[20:], blind[20:]).learnable()
    np.testing.assert_array_equal(kept.y_train, labels[:20])
    np.testing.assert_array_equal(kept.y_test, labels[20:])
