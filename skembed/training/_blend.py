"""Shares of a network and of linear models in the outputs, chosen by rows held out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.optimize import minimize

from skembed.network._linear_model import LinearModel
from skembed.network._network import Network
from skembed.training._latent_model import latent_model
from skembed.training._latent_space import LatentSpace
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
    """Shares of a network's and of linear models' outputs, as they differ from the base.

    Their sum is not 1 in general: outputs that are too sure of themselves are shrunken.
    """

    network: float = 1.0
    linear: float = 0.0
    latent: float = 0.0  # of the linear model of coordinates in a latent space


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

    def losses(
        self, losses: Losses, shares: Sequence[float] | np.ndarray, models: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Losses (n_samples,) of the outputs of the network and of models, in shares."""
        outputs = self.base.copy()
        for share, model in zip(shares, (self.network, *models), strict=True):
            outputs += share * (model - self.base)
        return losses(outputs, self.encoded)

    def mean(self, values: np.ndarray) -> float:
        """Weighted mean of values (n_samples,)."""
        return float(np.average(values, weights=self.weights))

    def standard_error(self, values: np.ndarray) -> float:
        """Standard error of their weighted mean."""
        shares = self.weights / self.weights.sum()
        return float(np.sqrt(np.square(shares * (values - self.mean(values))).sum()))


def choose_blend(
    judged: Judged,
    linear: Sequence[np.ndarray],
    targets: Targets,
    latent: np.ndarray | None = None,
) -> tuple[Blend, int | None]:
    """Choose the shares that have the lowest loss, and few rows hardly move.

    The shares are those of stacking (Wolpert, 1992), with penalties of their distance from equal
    ones, such as 1 for the network alone: few rows tell little. For probabilities they
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
    latent : ndarray of shape (n_samples, n_outputs), default=None
        Those of a linear model that may stand beside both.

    Returns
    -------
    Blend
        The shares; 0 for linear models that do not make the loss lower.
    int or None
        Number of the linear model.
    """
    chosen, shares = None, _lowest(judged, [], targets, [1.0])
    lowest = judged.losses(targets.losses, shares, [])
    for number, outputs in enumerate(linear):
        both = _lowest(judged, [outputs], targets, [0.5, 0.5])
        losses = judged.losses(targets.losses, both, [outputs])
        gains = lowest - losses
        least = _LEAST_GAIN * abs(judged.mean(lowest))
        if number:
            least = max(least, _LEAST_ERRORS * judged.standard_error(gains))
        if both[-1] > 0 and judged.mean(gains) > least:
            chosen, shares, lowest = number, both, losses
    blend = Blend(*shares)
    if latent is None:
        return blend, chosen
    options: list[tuple[list[np.ndarray], list[float]]] = [([], [0.0, 1.0]), ([], [0.5, 0.5])]
    if chosen is not None:
        options.append(([linear[chosen]], [1 / 3] * 3))
    for beside, usual in options:
        several = _lowest(judged, [*beside, latent], targets, usual)
        losses = judged.losses(targets.losses, several, [*beside, latent])
        gain = judged.mean(lowest - losses)
        if several[-1] > 0 and gain > _LEAST_GAIN * abs(judged.mean(lowest)):
            blend, lowest = Blend(several[0], several[1] if beside else 0.0, several[-1]), losses
    return blend, chosen if blend.linear else None


def _lowest(
    judged: Judged, models: Sequence[np.ndarray], targets: Targets, usual: list[float]
) -> tuple[float, ...]:
    """Shares of the network and of models that have the lowest loss, pulled towards usual ones."""
    total = float(judged.weights.sum())
    # half of a squared error is minus the log of a normal density, but for its variance
    scale = 0.5 if targets.loss == "squared_error" else 1.0

    def objective(shares: np.ndarray) -> float:
        loss = judged.mean(judged.losses(targets.losses, shares, models))
        return scale * loss + _PULL / 2 * float(np.square(shares - usual).sum()) / total

    found = minimize(objective, usual, bounds=[(0, None)] * len(usual), method="L-BFGS-B")
    return tuple(map(float, found.x))


@dataclass(frozen=True)
class Beside:
    """Linear models that stand beside a network, each with its intercepts (n_outputs,)."""

    linear: tuple[LinearModel, np.ndarray] | None = None  # of the features themselves
    # weights (n_features, n_outputs) of pooled features, as the network's linear part has them
    latent: tuple[np.ndarray, np.ndarray] | None = None


NOTHING_BESIDE = Beside()


def models_beside(plan: Plan, rows: Rows, targets: Targets, space: LatentSpace | None) -> Beside:
    """Fit the linear models of a plan on all rows."""
    linear = latent = None
    if plan.linear_share:
        kind = LOG_RATIOS if plan.linear_log_ratios else PLAIN
        linear = linear_model(rows, targets, plan.linear_penalty, kind)
    if plan.latent_share:
        assert space is not None
        how = plan.latent_directions, plan.latent_penalty
        latent = latent_model(rows, targets, space, *how)
    return Beside(linear, latent)


def blended(
    network: Network, beside: Beside, plan: Plan, targets: Targets
) -> tuple[Network, LinearModel | None, np.ndarray | None]:
    """The network whose outputs are its share, base and intercepts included, and both models'.

    The second one's weights (n_features, n_outputs), in the units of y, belong to the linear part
    of the network.
    """
    shares = plan.network_share, plan.linear_share, plan.latent_share
    if shares == (1.0, 0.0, 0.0):
        return network, None, None
    dtype = network.table.dtype
    share = dtype.type(plan.network_share)
    bias = (1 - sum(shares)) * targets.base_outputs + plan.network_share * network.biases[-1]
    model = pooled = None
    if beside.linear is not None:
        model, intercept = beside.linear
        bias = bias + plan.linear_share * intercept
        model = model.scaled(plan.linear_share * targets.unit)
    if beside.latent is not None:
        weights, intercept = beside.latent
        bias = bias + plan.latent_share * intercept
        pooled = (weights * (plan.latent_share * targets.unit)).astype(dtype)
    network = replace(
        network,
        kernels=[*network.kernels[:-1], network.kernels[-1] * share],
        biases=[*network.biases[:-1], bias.astype(dtype)],
        linear_scale=network.linear_scale * share,
    )
    return network, model, pooled
