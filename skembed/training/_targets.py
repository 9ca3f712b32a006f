"""What training asks of a task and of its targets, and what classes and values share."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol, Self

import numpy as np
import scipy.sparse as sp
from scipy.special import logit

from skembed.network._network import Network
from skembed.training._batch_shape import RowLengths
from skembed.training._first_pass import Survey, Tally

# Rows with the usual targets that a term's score counts in, beside its own.
PSEUDO_ROWS = 30.0
# Characters of a value in a message.
_LONGEST_VALUE = 60
# Bound of the shares of which log-odds are taken.
_LEAST_SHARE = 1e-4


class Targets(Protocol):
    """Targets of one fit: how they are encoded, weighted, and what a prediction costs."""

    @property
    def loss(self) -> str:
        """Name of the loss."""

    @property
    def link(self) -> str:
        """Keras' name of the function that turns logits into predictions."""

    @property
    def n_outputs(self) -> int:
        """Logits of a row."""

    @property
    def n_classes(self) -> int:
        """Classes that exclude one another; 1 where there are none."""

    @property
    def mean_weight(self) -> float:
        """Mean weight of a row, class weights included."""

    @property
    def entry_lengths(self) -> RowLengths | None:
        """Numbers of entries in the rows of encoded targets that are sparse; None of dense ones."""

    def encode(self, y: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Targets for the loss: an array, or canonical CSR rows."""

    def knows(self, y: np.ndarray) -> np.ndarray:
        """Whether each row's target can be encoded, (n_samples,) bool."""

    def weights(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Weights (n_samples,), 1 on average."""

    def losses(self, logits: np.ndarray, encoded: np.ndarray) -> np.ndarray:
        """Loss (n_samples,) of each row."""

    def indicators(self, encoded: np.ndarray) -> np.ndarray:
        """What is summed over the rows with a term (n_samples, n_outputs)."""

    def term_scores(
        self, sums: np.ndarray, counts: np.ndarray, pseudo_rows: float = PSEUDO_ROWS
    ) -> np.ndarray:
        """What each term says of each output (n_terms, n_outputs)."""

    def link_means(self, means: np.ndarray) -> np.ndarray:
        """Means of the indicators on the scale of the logits."""

    @property
    def base_outputs(self) -> np.ndarray:
        """Outputs (n_outputs,) that are right on average, whatever the row."""

    def started(self, network: Network) -> Network:
        """Initial network whose outputs are right on average."""

    def folded(self, network: Network) -> Network:
        """Network that predicts in the units of y, for one that predicts encoded targets."""

    @property
    def unit(self) -> np.ndarray:
        """What one more of each output (n_outputs,) adds to the prediction in the units of y."""

    def unfolded(self, network: Network) -> Network:
        """Network that predicts encoded targets, for one that predicts in the units of y."""


class Task(Protocol):
    """What is to be predicted: how y is checked, counted and encoded."""

    def checked(self, y: Any) -> np.ndarray:
        """Validate y."""

    def tally(self) -> Tally:
        """Make what counts the targets in the first pass."""

    def targets(self, survey: Survey, tally: Any) -> Targets:
        """Make the targets of a fit from what the first pass has found."""

    def with_targets_of(self, y: np.ndarray) -> Self:
        """The task for some of the rows with these targets, which may lack some classes."""

    def can_stratify(self, y: np.ndarray, held_out: float) -> bool:
        """Whether a share of the rows can be held out in the proportions of their classes."""

    def strata(self, y: np.ndarray) -> np.ndarray:
        """Number (n_samples,) of each row's class; all the same where there are no classes."""

    def indispensable(self, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Rows without which the others would lack a class: one of each, drawn at random."""


def listed(values: Iterable[Any], most: int = 5) -> str:
    """Values for a message: all of a few, the first ones of many and their number."""
    values = list(values)
    shown = ", ".join(repr(value)[:_LONGEST_VALUE] for value in values[:most])
    return f"[{shown}]" if len(values) <= most else f"[{shown}, ... {len(values):,} in all]"


def clipped_logit(shares: np.ndarray) -> np.ndarray:
    """Log-odds of shares, bounded."""
    return logit(np.clip(shares, _LEAST_SHARE, 1 - _LEAST_SHARE))


def with_last_bias(network: Network, bias: np.ndarray) -> Network:
    """Network with another bias of the last layer."""
    return replace(network, biases=[*network.biases[:-1], bias.astype(network.table.dtype)])


def term_sums(
    X: sp.csr_matrix, indicators: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sum of the indicators (n_terms, n_outputs), and weight (n_terms, 1), of each term's rows."""
    values = np.column_stack([np.ones(len(weights)), indicators])
    present = sp.csr_matrix((np.ones(X.nnz), X.indices, X.indptr), shape=X.shape)
    sums = present.T @ (values * weights[:, None].astype(np.float64))
    return sums[:, 1:], sums[:, :1]


def log_odds(
    sums: np.ndarray, counts: np.ndarray, totals: np.ndarray, pseudo_rows: float = PSEUDO_ROWS
) -> np.ndarray:
    """How much more likely a class is in the rows with a term than in all, as log-odds.

    With m rows having the term, k of them of the class, whose share of all rows is p, it
    is log((k + a p) / (m - k + a (1 - p))) - log(p / (1 - p)): as if the term had been seen
    in a more rows with the usual share of the class.

    Parameters
    ----------
    sums : ndarray of shape (n_terms, n_outputs)
        k, of each term and class.
    counts : ndarray of shape (n_terms, 1)
        m, of each term.
    totals : ndarray of shape (1 + n_outputs,)
        Number of all rows, then of those of each class.
    pseudo_rows : float, default=30
        a.

    Returns
    -------
    ndarray of shape (n_terms, n_outputs)
        The log-odds.
    """
    share = class_shares(totals)
    inside = (sums + pseudo_rows * share) / (counts - sums + pseudo_rows * (1 - share))
    return np.log(inside) - logit(share)


def class_shares(totals: np.ndarray) -> np.ndarray:
    """Share of each class (n_outputs,), kept off 0 and 1."""
    least = 0.5 / max(totals[0], 1)
    return np.clip(totals[1:] / totals[0], least, 1 - least)
