"""A table that cannot fit is refused before it is made."""

import numpy as np
import pytest
import scipy.sparse as sp

from skembed import EmbeddingDNNClassifier
from skembed.parallel._machine import machine_memory


def test_what_cannot_fit_is_told_before_it_is_made():
    n = 200_000
    X = sp.identity(n, dtype=np.float32, format="csr")
    dim = (machine_memory() or 2**50) // (8 * n) + 1
    classifier = EmbeddingDNNClassifier(dim, max_epochs=1)
    with pytest.raises(MemoryError, match=r"200,000 features with .* Reduce embedding_dim"):
        classifier.fit(X, np.arange(n) % 2)
    assert not hasattr(classifier, "coefs_")


def test_the_memory_of_this_machine_is_known():
    memory = machine_memory()
    assert memory is None or memory > 2**28
