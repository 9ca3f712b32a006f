"""Recommending: the items of each row, as sparse targets of a softmax over the catalogue."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.special import logsumexp

from skembed.network._network import Network
from skembed.training._batch_shape import RowLengths
from skembed.training._first_pass import State, Survey
from skembed.training._targets import PSEUDO_ROWS, with_last_bias

# Rows that an item counts as in more, so that none has a share of zero.
_PSEUDO_COUNT = 0.5


@dataclass(frozen=True)
class ItemTargets:
    """The items that belong to a row; outputs are the logits of a softmax over all items."""

    totals: np.ndarray  # (n_items,) weight of the rows' entries of each item
    entry_lengths: RowLengths
    mean_weight: float = 1.0
    loss = "multinomial"
    link = "softmax"
    n_classes = 1  # of which one excludes the others

    @property
    def n_outputs(self) -> int:
        """Number of items."""
        return len(self.totals)

    @property
    def shares(self) -> np.ndarray:
        """Share (n_items,) of each item in all entries, kept off 0."""
        counts = self.totals + _PSEUDO_COUNT
        return counts / counts.sum()

    def encode(self, y: sp.csr_matrix, dtype: np.dtype) -> sp.csr_matrix:
        """Targets for the loss: canonical CSR rows (n_samples, n_items)."""
        return y.astype(dtype, copy=False)

    def knows(self, y: sp.csr_matrix) -> np.ndarray:
        """Whether each row's items can be encoded: all can."""
        return np.ones(y.shape[0], bool)

    def weights(self, y: sp.csr_matrix, weights: np.ndarray) -> np.ndarray:
        """Weights (n_samples,), 1 on average."""
        return weights / weights.dtype.type(self.mean_weight)

    def losses(self, logits: np.ndarray, encoded: sp.csr_matrix) -> np.ndarray:
        """Cross entropy of the items, summed over those of a row, (n_samples,), in nats."""
        totals = np.asarray(encoded.sum(axis=1)).ravel()
        return totals * logsumexp(logits, axis=1) - _row_products(encoded, logits)

    def folded(self, network: Network) -> Network:
        """Network for prediction: the logits are what is trained."""
        return network

    unfolded = folded

    @property
    def unit(self) -> np.ndarray:
        """Ones (n_items,): the logits are what is predicted."""
        return np.ones(self.n_outputs)

    def indicators(self, encoded: sp.csr_matrix) -> np.ndarray:
        """Whether each row has each item (n_samples, n_items)."""
        return encoded.toarray()

    def term_scores(
        self, sums: np.ndarray, counts: np.ndarray, pseudo_rows: float = PSEUDO_ROWS
    ) -> np.ndarray:
        """How much more often an item comes with a term than with any, as a logarithm."""
        shares = self.shares
        return np.log((sums + pseudo_rows * shares) / (counts + pseudo_rows) / shares)

    def link_means(self, means: np.ndarray) -> np.ndarray:
        """Means of the indicators on the scale of the logits."""
        return np.log(np.maximum(means, 1e-9))

    @property
    def base_outputs(self) -> np.ndarray:
        """Logits (n_items,) of the items' shares: what is popular."""
        return np.log(self.shares)

    def started(self, network: Network) -> Network:
        """Initial network whose outputs are those of the items' shares."""
        return with_last_bias(network, self.base_outputs)


def _row_products(encoded: sp.csr_matrix, logits: np.ndarray) -> np.ndarray:
    """Sum (n_samples,) of each row's entries times the logits there."""
    rows = np.repeat(np.arange(encoded.shape[0]), np.diff(encoded.indptr))
    products = encoded.data * logits[rows, encoded.indices]
    return np.bincount(rows, products, minlength=encoded.shape[0])


@dataclass
class ItemTally:
    """Weight of the entries of each item, and the lengths of the targets' rows."""

    totals: np.ndarray | None = None
    _lengths: list[RowLengths] = field(default_factory=list)

    def add(self, y: sp.csr_matrix, weights: np.ndarray) -> None:
        """Take the targets and weights of some rows in."""
        totals = weights.astype(np.float64) @ y.astype(np.float64)
        self.totals = totals if self.totals is None else self.totals + totals
        self._lengths.append(RowLengths.of(y))

    def state(self) -> State:
        """All that was gathered, for another process."""
        assert self.totals is not None
        return asdict(self.lengths), {"totals": self.totals}

    def merge(self, state: State) -> None:
        """Take in what another process has gathered."""
        totals = state[1]["totals"]
        self.totals = totals if self.totals is None else self.totals + totals
        self._lengths.append(RowLengths(**state[0]))

    @property
    def lengths(self) -> RowLengths:
        """Moments of the numbers of items in the rows."""
        return RowLengths.merged(self._lengths)


@dataclass(frozen=True)
class ItemTask:
    """The items of each row are to be found; y is canonical CSR."""

    def checked(self, y: Any) -> sp.csr_matrix:
        """The rows of items, which whoever calls has checked."""
        return y

    def tally(self) -> ItemTally:
        """Make what counts the items in the first pass."""
        return ItemTally()

    def targets(self, survey: Survey, tally: ItemTally) -> ItemTargets:
        """Make the targets of the surveyed rows."""
        assert tally.totals is not None
        mean_weight = survey.weight / survey.row_lengths.n_rows
        return ItemTargets(tally.totals, tally.lengths, mean_weight)

    def with_targets_of(self, y: sp.csr_matrix) -> "ItemTask":
        """The task for some of the rows: the same."""
        return self

    def indispensable(self, y: sp.csr_matrix, rng: np.random.Generator) -> np.ndarray:
        """None: items are no classes."""
        return np.zeros(0, np.int64)

    def strata(self, y: sp.csr_matrix) -> np.ndarray:
        """Zeros (n_samples,): items are no classes."""
        return np.zeros(y.shape[0], np.int64)

    def can_stratify(self, y: sp.csr_matrix, held_out: float) -> bool:
        """Items are no classes to stratify by."""
        return False
