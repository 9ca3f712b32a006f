"""Rows held out: which they are, and the loss of a network on them."""

import warnings

import numpy as np
from sklearn.model_selection import StratifiedShuffleSplit

from skembed.network._mixed_rows import MixedRows, NumberSlots, split_rows, terms_of
from skembed.network._network import Network, NumberBlock
from skembed.network._pooling import Pooling
from skembed.network._used_columns import Columns
from skembed.parallel._one_blas_thread import one_blas_thread
from skembed.training._sources import Rows
from skembed.training._targets import Targets, Task


def hold_out(rows: Rows, task: Task, share: float, seed: int) -> tuple[Rows, Rows] | None:
    """Rows to train on and a share that is held out, stratified where there are classes.

    Where classes are too rare for that, one row of each stays among those to train on; None
    where none is left.
    """
    X, y, weights = rows
    if task.can_stratify(y, share):
        split = StratifiedShuffleSplit(1, test_size=share, random_state=seed)
        train, held_out = next(split.split(np.empty((len(y), 1)), y))
    else:
        kept = task.indispensable(y, np.random.default_rng(seed))
        others = np.delete(np.arange(len(y)), kept)
        n_held_out = min(int(np.ceil(share * len(y))), len(others) - (not len(kept)))
        if n_held_out < 1:
            return None
        held_out = others[np.random.RandomState(seed).permutation(len(others))[:n_held_out]]
        train = np.delete(np.arange(len(y)), held_out)
    train, held_out = np.sort(train), np.sort(held_out)
    return (X[train], y[train], weights[train]), (X[held_out], y[held_out], weights[held_out])


def rows_of_known_classes(rows: Rows, targets: Targets) -> Rows:
    """Rows given for validation, without those of classes that no training row has.

    The network can say nothing of such a class, so that the loss would be infinite.
    """
    X, y, weights = rows
    known = targets.knows(y)
    if known.all():
        return rows
    n_unknown = int(np.count_nonzero(~known))
    message = (
        f"{n_unknown} rows of y_val have classes that do not occur in y, such as "
        f"{y[~known][0].item()!r} in row {int(np.argmin(known))}"
    )
    if not known.any():
        raise ValueError(f"All {message}; pass validation rows with the classes of y.")
    warnings.warn(f"{message}; these rows are ignored.", UserWarning, stacklevel=2)
    return X[known], y[known], weights[known]


class Validation:
    """Rows held out, and the loss of a network on them.

    Parameters
    ----------
    rows : tuple
        Checked features, targets and weights.
    targets : Targets
        Encodes the targets and knows their loss.
    columns : Columns
        The columns that the trained table has rows for.
    pooling : Pooling
        How embeddings are pooled.
    offsets : ndarray of shape (n_samples, n_outputs), default=None
        Added to the outputs, in the units of y.
    """

    def __init__(
        self,
        rows: Rows,
        targets: Targets,
        columns: Columns,
        pooling: Pooling,
        offsets: np.ndarray | None = None,
    ) -> None:
        X, y, weights = rows
        slots = NumberSlots.of(pooling.layout)
        X = split_rows(X, slots)
        if slots is not None:
            pooling = pooling.of_terms
        segments = pooling.segments(terms_of(X))
        matrix = pooling.matrix(segments)
        self._segments = segments
        self._numbers, self._number_rows = None, np.zeros(0, np.int64)
        if slots is not None and isinstance(X, MixedRows):
            table_rows = columns.compact(X.features)
            known = table_rows < len(columns.used)
            self._number_rows = table_rows[known]
            self._numbers = X.numbers[:, known], slots.fields[known]
        self._matrix = matrix if columns.numbers is None else matrix[:, columns.used]
        self._encoded = targets.encode(y, X.dtype)
        self._weights = targets.weights(y, weights)
        self._targets = targets
        self._offsets = None if offsets is None else (offsets / targets.unit).astype(X.dtype)
        self._sizes: np.ndarray | None = None  # of the segments, the same for all networks of a run

    @property
    def weight(self) -> float:
        """Sum of the rows' weights."""
        return float(self._weights.sum())

    def loss(self, network: Network) -> float:
        """Weighted mean of the rows' losses."""
        losses = self._targets.losses(self.outputs(network), self._encoded)
        return float(np.average(losses, weights=self._weights))

    def outputs(self, network: Network) -> np.ndarray:
        """Outputs (n_samples, n_outputs) of the network for the rows."""
        if self._sizes is None:
            self._sizes = network.sizes(self._segments)
        numbers = None
        if self._numbers is not None:
            values, fields = self._numbers
            numbers = NumberBlock(values, network.table[self._number_rows], fields)
        with one_blas_thread():  # the next chunk is being packed, and training goes on at once
            outputs = network.outputs(self._matrix @ network.table, self._sizes, numbers)
        return outputs if self._offsets is None else outputs + self._offsets
