"""Activation functions in numpy, equal to those of the same name in Keras."""

from collections.abc import Callable

import numpy as np
from scipy.special import erf, expit

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805
# Numbers whose maximum with zero is taken at a time.
_FEW = 1024


def _relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0)


def _elu(z: np.ndarray) -> np.ndarray:
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def _selu(z: np.ndarray) -> np.ndarray:
    scale, alpha = z.dtype.type(_SELU_SCALE), z.dtype.type(_SELU_ALPHA)
    return scale * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def _gelu(z: np.ndarray) -> np.ndarray:
    half, root = z.dtype.type(0.5), z.dtype.type(np.sqrt(0.5))
    return half * z * (1 + erf(z * root))


def _silu(z: np.ndarray) -> np.ndarray:
    return z * expit(z)


def _softplus(z: np.ndarray) -> np.ndarray:
    return np.logaddexp(z, 0)


def _linear(z: np.ndarray) -> np.ndarray:
    return z


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": _relu,
    "tanh": np.tanh,
    "sigmoid": expit,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
    "linear": _linear,
}


def activate_in_place(name: str, z: np.ndarray) -> np.ndarray:
    """Activation of contiguous numbers that are needed no more, in their place if it can be."""
    if name != "relu":
        return ACTIVATIONS[name](z)
    # numpy takes a maximum with as many zeros in half the time of one with a single zero
    flat, zeros = z.reshape(-1), np.zeros(_FEW, z.dtype)
    whole = z.size // _FEW * _FEW
    blocks, rest = flat[:whole].reshape(-1, _FEW), flat[whole:]
    np.maximum(blocks, zeros, out=blocks)
    np.maximum(rest, 0, out=rest)
    return z
