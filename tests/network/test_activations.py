import numpy as np
import pytest
from numpy.testing import assert_allclose

from skembed.network._activations import ACTIVATIONS


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_to_keras(name, dtype):
    import keras

    z = np.linspace(-20, 20, 201).astype(dtype)
    ours = ACTIVATIONS[name](z)
    theirs = keras.ops.convert_to_numpy(keras.activations.get(name)(keras.ops.array(z)))
    assert ours.dtype == dtype
    assert_allclose(ours, theirs, atol=1e-6, rtol=1e-6)
