"""Whether two estimators, or values of them, are the same."""

import numpy as np
import pyarrow as pa

from skembed.network._network import Table
from skembed.saving._manifest_values import RECORDS
from skembed.saving._save_load import load, save


def reloaded(estimator, tmp_path):
    path = tmp_path / "model.skembed"
    save(estimator, path)
    return load(path)


def assert_same(a, b):
    """Assert that values and everything in them have equal types and contents."""
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_array_equal(a, b)
    elif isinstance(a, dict):
        assert list(a) == list(b)
        assert_same(list(a.values()), list(b.values()))
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    elif type(a).__name__ in RECORDS:
        for field in RECORDS[type(a).__name__][1]:
            assert_same(getattr(a, field), getattr(b, field))
    elif isinstance(a, pa.Array):
        assert a.equals(b)
    elif isinstance(a, Table):
        assert_same(sorted_state(a), sorted_state(b))
    else:
        assert a == b


def sorted_state(estimator):
    return dict(sorted(vars(estimator).items()))


def public_state(estimator):
    names = [n for n in dir(estimator) if n.endswith("_") and not n.startswith("_")]
    return {name: getattr(estimator, name) for name in names if hasattr(estimator, name)}
