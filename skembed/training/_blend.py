"""Shares of a network and a linear model in the outputs, chosen by rows held out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.optimize import minimize

from skembed.network._linear_model import LinearModel
from skembed.network._network import Network
from skembed.training._linear_path import LOG_RATIOS, PLAIN, linear_model
from skembed.training._plan import Plan
from skembed.training._sources import Rows
from skembed.training._targets import Targets

# How strongly shares are pulled to what they are without rows held out, as so many rows.
_PULL = 30.0
# How much lower, as a share, the loss must be with a linear model beside the network; and by how
# many standard errors with a second one instead of the first.
_LEAST_GAIN = 0.001
_LEAST_ERRORS = 1.0


@dataclass(frozen=True)
class Blend:
    """Shares of a network's and of a linear model's outputs, as they differ from the base.

    Their sum is not 1 in general: outputs that are too sure of themselves are shrunken.
    """

    network: float = 1.0
    linear: float = 0.0

    def outputs(
        self, base: np.ndarray, network: np.ndarray, linear: np.ndarray | None
    ) -> np.ndarray:
        """Blended outputs (n_samples, n_outputs)."""
        blended = base + self.network * (network - base)
        return blended if linear is None else blended + self.linear * (linear - base)


class Losses(Protocol):
    """Losses (n_samples,) of outputs and encoded targets."""

    def __call__(self, logits: np.ndarray, encoded: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Judged:
    """Outputs of models that have not seen the rows, and the rows' targets and weights."""

    base: np.ndarray  # (n_samples, n_outputs) outputs that are right on average
    network: np.ndarray  # (n_samples, n_outputs)
    encoded: np.ndarray
    weights: np.ndarray  # (n_samples,)

    def losses(self, losses: Losses, blend: Blend, linear: np.ndarray | None) -> np.ndarray:
        """Losses (n_samples,) of blended outputs."""
        return losses(blend.outputs(self.base, self.network, linear), self.encoded)

    def mean(self, values: np.ndarray) -> float:
        """Weighted mean of values (n_samples,)."""
        return float(np.average(values, weights=self.weights))

    def standard_error(self, values: np.ndarray) -> float:
        """Standard error of their weighted mean."""
        shares = self.weights / self.weights.sum()
        return float(np.sqrt(np.square(shares * (values - self.mean(values))).sum()))


def choose_blend(
    judged: Judged, linear: Sequence[np.ndarray], targets: Targets
) -> tuple[Blend, int | None]:
    """Choose the shares that have the lowest loss, and few rows hardly move.

    The shares are those of stacking (Wolpert, 1992), with penalties of their distance from one
    half each, or from 1 for the network alone: few rows tell little. For probabilities they
    are temperatures as well (Guo, Pleiss, Sun and Weinberger, 2017).

    Parameters
    ----------
    judged : Judged
        Outputs of the network.
    linear : sequence of ndarray of shape (n_samples, n_outputs)
        Those of linear models, of which one may stand beside the network. A later one is
        taken only if its loss is clearly lower.
    targets : Targets
        Know the loss.

    Returns
    -------
    Blend
        The shares; that of the linear model is 0 where none makes the loss lower.
    int or None
        Number of the linear model.
    """
    chosen, blend = None, _lowest(judged, None, targets, [1.0])
    lowest = judged.losses(targets.losses, blend, None)
    for number, outputs in enumerate(linear):
        both = _lowest(judged, outputs, targets, [0.5, 0.5])
        losses = judged.losses(targets.losses, both, outputs)
        gains = lowest - losses
        least = _LEAST_GAIN * abs(judged.mean(lowest))
        if number:
            least = max(least, _LEAST_ERRORS * judged.standard_error(gains))
        if both.linear > 0 and judged.mean(gains) > least:
            chosen, blend, lowest = number, both, losses
    return blend, chosen


def _lowest(
    judged: Judged, linear: np.ndarray | None, targets: Targets, usual: list[float]
) -> Blend:
    """Shares of the lowest loss, pulled towards the usual ones."""
    total = float(judged.weights.sum())
    # half of a squared error is minus the log of a normal density, but for its variance
    scale = 0.5 if targets.loss == "squared_error" else 1.0

    def objective(shares: np.ndarray) -> float:
        loss = judged.mean(judged.losses(targets.losses, Blend(*shares), linear))
        return scale * loss + _PULL / 2 * float(np.square(shares - usual).sum()) / total

    found = minimize(objective, usual, bounds=[(0, None)] * len(usual), method="L-BFGS-B")
    return Blend(*map(float, found.x))


@dataclass(frozen=True)
class Beside:
    """A linear model that stands beside a network, and its intercept (n_outputs,)."""

    model: LinearModel
    intercept: np.ndarray


def model_beside(plan: Plan, rows: Rows, targets: Targets) -> Beside | None:
    """Fit the linear model of a plan on all rows; None where it has none."""
    if not plan.linear_share:
        return None
    kind = LOG_RATIOS if plan.linear_log_ratios else PLAIN
    return Beside(*linear_model(rows, targets, plan.linear_penalty, kind))


def blended(
    network: Network, beside: Beside | None, plan: Plan, targets: Targets
) -> tuple[Network, LinearModel | None]:
    """The network whose outputs are its share, base and intercepts included, and the model's."""
    shares = plan.network_share, plan.linear_share
    if shares == (1.0, 0.0):
        return network, None
    dtype = network.table.dtype
    share = dtype.type(plan.network_share)
    bias = (1 - sum(shares)) * targets.base_outputs + plan.network_share * network.biases[-1]
    model = None
    if beside is not None:
        bias = bias + plan.linear_share * beside.intercept
        model = beside.model.scaled(plan.linear_share * targets.unit)
    network = replace(
        network,
        kernels=[*network.kernels[:-1], network.kernels[-1] * share],
        biases=[*network.biases[:-1], bias.astype(dtype)],
        linear_scale=network.linear_scale * share,
    )
    return network, model
