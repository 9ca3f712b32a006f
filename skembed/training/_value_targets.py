"""Regression: numbers, checked and as arrays for training, standardised where that helps."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.utils.validation import check_array

from skembed.network._network import Network
from skembed.training._first_pass import Survey, ValueTally
from skembed.training._targets import PSEUDO_ROWS, with_last_bias

REGRESSION_LOSSES = ("squared_error", "absolute_error", "poisson")


@dataclass(frozen=True)
class ValueTargets:
    """Numbers (n_outputs a row), of which the offset is taken off and the scale divided out.

    For "poisson" the network gives the logarithm of the mean, offset is that of the
    overall mean and the scale is 1.
    """

    loss: str
    offset: np.ndarray  # (n_outputs,)
    scale: np.ndarray  # (n_outputs,)
    mean_weight: float = 1.0

    n_classes = 1  # there are none
    entry_lengths = None  # targets are dense

    @property
    def link(self) -> str:
        """Keras' name of the function that turns outputs into predictions."""
        return "exponential" if self.loss == "poisson" else "linear"

    @property
    def n_outputs(self) -> int:
        """Numbers a row."""
        return len(self.offset)

    def encode(self, y: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Targets (n_samples, n_outputs) for the loss."""
        if y.shape[1] != self.n_outputs:
            raise ValueError(f"y has {y.shape[1]} outputs per row, expected {self.n_outputs}.")
        return (y if self.loss == "poisson" else (y - self.offset) / self.scale).astype(dtype)

    def knows(self, y: np.ndarray) -> np.ndarray:
        """Whether each row's numbers can be encoded: all can."""
        return np.ones(len(y), bool)

    def weights(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Weights (n_samples,), 1 on average."""
        return weights / weights.dtype.type(self.mean_weight)

    def losses(self, logits: np.ndarray, encoded: np.ndarray) -> np.ndarray:
        """Mean over the outputs of the loss, (n_samples,)."""
        if self.loss == "poisson":
            return (np.exp(logits) - encoded * logits).mean(axis=1)
        difference = logits - encoded
        if self.loss == "absolute_error":
            return np.abs(difference).mean(axis=1)
        return np.square(difference).mean(axis=1)

    def folded(self, network: Network) -> Network:
        """Network that predicts in the units of y, for one that predicts encoded targets."""
        return self._rescaled(network, self.scale, self.offset)

    def unfolded(self, network: Network) -> Network:
        """Network that predicts encoded targets, for one that predicts in the units of y."""
        return self._rescaled(network, 1 / self.scale, -self.offset / self.scale)

    def _rescaled(self, network: Network, factor: np.ndarray, shift: np.ndarray) -> Network:
        if self.loss == "poisson":
            return network
        dtype = network.table.dtype
        kernel = (network.kernels[-1] * factor).astype(dtype)
        bias = (network.biases[-1] * factor + shift).astype(dtype)
        kernels, biases = [*network.kernels[:-1], kernel], [*network.biases[:-1], bias]
        linear_scale = (network.linear_scale * factor[: len(network.linear_scale)]).astype(dtype)
        return replace(network, kernels=kernels, biases=biases, linear_scale=linear_scale)

    @property
    def unit(self) -> np.ndarray:
        """What one more of each output (n_outputs,) is in the units of y."""
        return np.ones(self.n_outputs) if self.loss == "poisson" else np.atleast_1d(self.scale)

    @property
    def base_outputs(self) -> np.ndarray:
        """Outputs (n_outputs,) of the overall mean."""
        return self.offset if self.loss == "poisson" else np.zeros(self.n_outputs)

    def started(self, network: Network) -> Network:
        """Initial network whose outputs have the right mean."""
        return network if self.loss != "poisson" else with_last_bias(network, self.offset)

    def indicators(self, encoded: np.ndarray) -> np.ndarray:
        """What is averaged over the rows with a term (n_samples, n_outputs)."""
        return encoded / np.exp(self.offset) - 1 if self.loss == "poisson" else encoded

    def link_means(self, means: np.ndarray) -> np.ndarray:
        """Means on the scale of the outputs, which are logarithms for "poisson"."""
        return np.log(np.maximum(means + 1, 1e-4)) if self.loss == "poisson" else means

    def term_scores(
        self, sums: np.ndarray, counts: np.ndarray, pseudo_rows: float = PSEUDO_ROWS
    ) -> np.ndarray:
        """Mean of the encoded targets over the rows with a term, shrunken towards that of all.

        That of all is 0, so it is s / (n + pseudo_rows), with the sum s over the term's n rows.
        """
        return sums / (counts + pseudo_rows)


@dataclass(frozen=True)
class RegressionTask:
    """Numbers a row; `fitted` are the targets of the network that a fit goes on with."""

    loss: str
    fitted: ValueTargets | None = None

    def checked(self, y: Any) -> np.ndarray:
        """Numbers as an array (n_samples, n_outputs), float64."""
        return checked_values(y, self.loss)

    def tally(self) -> ValueTally:
        """Make what measures the numbers in the first pass."""
        return ValueTally()

    def targets(self, survey: Survey, tally: ValueTally) -> ValueTargets:
        """Make the targets of the surveyed rows."""
        if self.fitted is None:
            return value_targets(survey, tally, self.loss)
        mean_weight = survey.weight / survey.row_lengths.n_rows
        return replace(self.fitted, loss=self.loss, mean_weight=mean_weight)

    def with_targets_of(self, y: np.ndarray) -> "RegressionTask":
        """The task for some of the rows with these numbers: the same."""
        return self

    def indispensable(self, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """None: numbers have no classes."""
        return np.zeros(0, np.int64)

    def strata(self, y: np.ndarray) -> np.ndarray:
        """Zeros (n_samples,): numbers have no classes."""
        return np.zeros(len(y), np.int64)

    def can_stratify(self, y: np.ndarray, held_out: float) -> bool:
        """Numbers have no classes to stratify by."""
        return False


# Numbers beyond this have squares that float64 does not hold.
_MOST = 1e150


def checked_values(y: Any, loss: str) -> np.ndarray:
    """Numbers as an array (n_samples, n_outputs), float64."""
    y = check_array(
        y,
        ensure_2d=False,
        dtype=np.float64,
        input_name="y",
        ensure_min_samples=0,
        ensure_all_finite=False,
    )
    if not np.isfinite(y).all():
        row = int(np.argwhere(~np.isfinite(y))[0, 0])
        kind = "NaN" if np.isnan(y[row]).any() else "infinity"
        raise ValueError(
            f"Input y contains {kind} in row {row}; fill in a finite number or drop the row."
        )
    if np.abs(y).max(initial=0) > _MOST:
        row = int(np.argwhere(np.abs(y) > _MOST)[0, 0])
        raise ValueError(
            f"y is {y[row]} in row {row}, but absolute values must not exceed {_MOST:g}; divide y "
            "by a power of ten."
        )
    if loss == "poisson" and (y < 0).any():
        row = int(np.argwhere(y < 0)[0, 0])
        raise ValueError(f"y is negative in row {row}; loss='poisson' needs y >= 0.")
    return y[:, None] if y.ndim == 1 else y


def value_targets(survey: Survey, tally: ValueTally, loss: str) -> ValueTargets:
    """Targets for the surveyed values."""
    mean_weight = survey.weight / survey.row_lengths.n_rows
    if loss != "poisson":
        return ValueTargets(loss, tally.mean, tally.deviation, mean_weight)
    if not (tally.mean > 0).all():
        raise ValueError("loss='poisson' needs at least one y > 0 in each output.")
    return ValueTargets(loss, np.log(tally.mean), np.ones_like(tally.mean), mean_weight)
