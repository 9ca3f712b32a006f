import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skembed.network._field_layout import FieldLayout
from skembed.network._merging import merged
from skembed.network._network import Network
from skembed.network._pooling import Pooling

DIM, N_OUTPUTS = 3, 2


def random_network(rng, pooling, n_features, units, n_linear, sized):
    n_inputs = (DIM + sized) * pooling.n_fields
    sizes = [n_inputs, *units, N_OUTPUTS]
    kernels = [rng.normal(size=shape) for shape in zip(sizes[:-1], sizes[1:], strict=True)]
    biases = [rng.normal(size=size) for size in sizes[1:]]
    table = rng.normal(size=(n_features, DIM + n_linear))
    scale = np.full(n_linear, 0.7)
    means = rng.normal(size=pooling.n_fields) if sized else None
    return Network(table, kernels, biases, "relu", pooling, scale, mean_sizes=means)


@given(
    st.integers(0, 10_000),
    st.sampled_from([(), (5,), (4, 6)]),
    st.sampled_from([0, N_OUTPUTS]),
    st.booleans(),
    st.integers(1, 4),
    st.sampled_from([None, [0, 0, 1, 1, 1, -1, -1, -1, -1, 2]]),
)
def test_outputs_are_the_means_of_those_of_the_networks(
    seed, units, n_linear, sized, number, fields
):
    rng = np.random.default_rng(seed)
    layout = None if fields is None else FieldLayout.of(np.array(fields), DIM)
    pooling = Pooling("sqrtn", layout)
    networks = [random_network(rng, pooling, 10, units, n_linear, sized) for _ in range(number)]
    for network in networks:
        network.mean_sizes = networks[0].mean_sizes  # those of the same training rows
    X = sp.random(20, 10, 0.4, format="csr", random_state=seed)
    one = merged(networks)
    expected = np.mean([network.logits(X) for network in networks], axis=0)
    assert_allclose(one.logits(X), expected, atol=1e-10)
    assert one.embedding_dim == number * DIM
    assert [len(bias) for bias in one.biases] == [*(number * n for n in units), N_OUTPUTS]


def test_one_network_is_itself():
    rng = np.random.default_rng(0)
    network = random_network(rng, Pooling("mean"), 5, (4,), 0, sized=False)
    assert merged([network]) is network


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_stays(dtype):
    rng = np.random.default_rng(1)
    networks = [
        random_network(rng, Pooling("mean"), 5, (4,), N_OUTPUTS, sized=True) for _ in range(2)
    ]
    for network in networks:
        network.table = network.table.astype(dtype)
        network.kernels = [kernel.astype(dtype) for kernel in network.kernels]
        network.biases = [bias.astype(dtype) for bias in network.biases]
    one = merged(networks)
    assert {array.dtype for array in [one.table, *one.kernels, *one.biases]} == {np.dtype(dtype)}


def test_embeddings_stand_side_by_side():
    rng = np.random.default_rng(2)
    a, b = (random_network(rng, Pooling("mean"), 5, (4,), N_OUTPUTS, sized=False) for _ in "ab")
    table = merged([a, b]).table
    assert_array_equal(table[:, :DIM], a.table[:, :DIM])
    assert_array_equal(table[:, DIM : 2 * DIM], b.table[:, :DIM])
    assert_allclose(table[:, 2 * DIM :], (a.table[:, DIM:] + b.table[:, DIM:]) / 2)
