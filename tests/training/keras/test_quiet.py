"""What TensorFlow writes to standard error, in processes of their own."""

import pytest
from processes import completed

FIT = """
import sys
import numpy as np
import scipy.sparse as sp
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from skembed import EmbeddingDNNClassifier

X = sp.random(120, 10, 0.4, "csr", random_state=0, dtype=np.float32)
y = np.arange(120) % 2
network = EmbeddingDNNClassifier(embedding_dim=2, hidden_units=4, max_epochs=1, random_state=0)
"""
SEARCH = """
GridSearchCV(network, {"hidden_units": [2, 3, 4, 5, 6, 7]}, cv=2).fit(X, y)
StackingClassifier([("n", network), ("l", LogisticRegression())], cv=2).fit(X, y)
"""


def errors_of(script, **settings):
    """What a script writes to standard error, with these environment variables."""
    done = completed(FIT + script, without="TF_CPP", **settings)
    return done.stderr


def test_fits_searches_and_stacks_write_nothing():
    assert errors_of(SEARCH) == ""


@pytest.mark.parametrize(("level", "told"), [("0", True), ("1", False)])
def test_a_log_level_of_the_users_stays(level, told):
    lines = errors_of("network.fit(X, y)", TF_CPP_MIN_LOG_LEVEL=level)
    assert ("I0000" in lines) == told


def test_what_others_write_meanwhile_comes_out():
    assert errors_of("sys.stderr.write('mine'); network.fit(X, y)") == "mine"


def test_logging_of_the_users_stays():
    lines = errors_of(
        """
import logging
logging.basicConfig(level=logging.WARNING)
network.fit(X, y)
assert logging.getLogger().level == logging.WARNING
import tensorflow as tf
tf.get_logger().warning("a warning of mine")
"""
    )
    assert "a warning of mine" in lines
