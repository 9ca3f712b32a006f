"""Linear models with a penalty of squared weights, for every loss, by L-BFGS."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize
from scipy.special import expit, softmax

# When the solver ends: by the largest part of the gradient, by the relative fall of the mean
# loss in a step, or by its steps.
_GRADIENT_TOLERANCE = 1e-4
_LOSS_TOLERANCE = 1e-6
MAX_STEPS = 200

Residuals = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class LinearFit:
    """Weights (n_columns, n_outputs) of a linear model, and its intercept (n_outputs,)."""

    weights: np.ndarray
    intercept: np.ndarray

    def outputs(self, X: sp.csr_matrix) -> np.ndarray:
        """Outputs (n_samples, n_outputs)."""
        return X @ self.weights + self.intercept


def fit_linear(
    X: sp.csr_matrix,
    encoded: np.ndarray,
    weights: np.ndarray,
    losses: Callable[[np.ndarray, np.ndarray], np.ndarray],
    loss: str,
    penalty: float,
    start: LinearFit,
    scale: np.ndarray | None = None,
    max_steps: int = MAX_STEPS,
) -> LinearFit:
    """Minimize the sum of the rows' losses plus penalty / 2 times the sum of squared weights.

    The penalty is 1 / C of scikit-learn's LogisticRegression; the intercept has none. With a
    scale the squares are those of the weights divided by it, as if the features were multiplied
    by it: weights of a large scale are penalized less. The solver
    is L-BFGS-B (Zhu, Byrd, Lu and Nocedal, 1997) of SciPy. Numbers that are judged by their
    absolute error are fitted by their squared error, whose minimum is smooth.

    Parameters
    ----------
    X : csr_matrix of shape (n_samples, n_columns)
        Features, not pooled.
    encoded : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Targets, as `Targets.encode` gives them.
    weights : ndarray of shape (n_samples,)
        Weights of the rows.
    losses : callable
        Losses (n_samples,) of outputs and encoded targets.
    loss : str
        Name of the loss.
    penalty : float
        Of the squared weights.
    start : LinearFit
        Where the solver begins.
    scale : ndarray of shape (n_columns, n_outputs), default=None
        Positive factors of the weights that are penalized.
    max_steps : int, default=200
        Steps after which the solver ends, wherever it is.

    Returns
    -------
    LinearFit
        The model.
    """
    residuals, total = _RESIDUALS[loss], float(weights.sum())
    if loss == "absolute_error":
        losses = _squared_error
    shape = start.weights.shape

    def unpacked(vector: np.ndarray) -> tuple[np.ndarray, LinearFit]:
        vector = vector.astype(X.dtype)
        penalized = vector[: -shape[1]].reshape(shape)
        used = penalized if scale is None else penalized * scale
        return penalized, LinearFit(used, vector[-shape[1] :])

    def mean_loss(vector: np.ndarray) -> tuple[float, np.ndarray]:
        penalized, model = unpacked(vector)
        outputs = model.outputs(X)
        value = weights @ losses(outputs, encoded) + penalty / 2 * np.square(penalized).sum()
        of_outputs = residuals(outputs, encoded) * weights[:, None]
        of_weights = X.T @ of_outputs
        if scale is not None:
            of_weights *= scale
        gradient = of_weights + penalty * penalized
        parts = gradient.ravel(), of_outputs.sum(axis=0)
        return float(value) / total, np.concatenate(parts).astype(np.float64) / total

    first = start.weights if scale is None else start.weights / scale
    found = minimize(
        mean_loss,
        np.concatenate([first.ravel(), start.intercept]).astype(np.float64),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": max_steps,
            "gtol": _GRADIENT_TOLERANCE,
            "ftol": _LOSS_TOLERANCE,
        },
    )
    return unpacked(found.x)[1]


def _two_classes(outputs: np.ndarray, encoded: np.ndarray) -> np.ndarray:
    return expit(outputs) - encoded.reshape(outputs.shape)


def _many_classes(outputs: np.ndarray, encoded: np.ndarray) -> np.ndarray:
    shares = softmax(outputs, axis=1)
    shares[np.arange(len(encoded)), encoded] -= 1
    return shares


def _squares(outputs: np.ndarray, encoded: np.ndarray) -> np.ndarray:
    return (outputs - encoded) * outputs.dtype.type(2 / outputs.shape[1])


def _counts(outputs: np.ndarray, encoded: np.ndarray) -> np.ndarray:
    return (np.exp(outputs) - encoded) / outputs.dtype.type(outputs.shape[1])


def _squared_error(outputs: np.ndarray, encoded: np.ndarray) -> np.ndarray:
    return np.square(outputs - encoded).mean(axis=1)


# Derivatives (n_samples, n_outputs) of the rows' losses with respect to their outputs.
_RESIDUALS: dict[str, Residuals] = {
    "binary_crossentropy": _two_classes,
    "sparse_categorical_crossentropy": _many_classes,
    "multilabel_crossentropy": _two_classes,
    "squared_error": _squares,
    "absolute_error": _squares,
    "poisson": _counts,
}
