"""Rows held out: which they are, and the loss of a network on them."""

import numpy as np
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from skembed.network._mixed_rows import MixedRows, NumberSlots, split_rows, terms_of
from skembed.network._network import Network, NumberBlock
from skembed.network._pooling import Pooling
from skembed.network._used_columns import Columns
from skembed.parallel._one_blas_thread import one_blas_thread
from skembed.training._sources import Rows
from skembed.training._targets import Targets, Task


def hold_out(rows: Rows, task: Task, share: float, seed: int) -> tuple[Rows, Rows]:
    """Rows to train on and a share that is held out, stratified where there are classes."""
    X, y, weights = rows
    splitter = StratifiedShuffleSplit if task.can_stratify(y, share) else ShuffleSplit
    split = splitter(1, test_size=share, random_state=seed)
    chosen = next(split.split(np.empty((X.shape[0], 1)), y))
    train, held_out = ((X[i], y[i], weights[i]) for i in map(np.sort, chosen))
    return train, held_out


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
    """

    def __init__(self, rows: Rows, targets: Targets, columns: Columns, pooling: Pooling) -> None:
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
        self._sizes: np.ndarray | None = None  # of the segments, the same for all networks of a run

    def loss(self, network: Network) -> float:
        """Weighted mean of the rows' losses."""
        if self._sizes is None:
            self._sizes = network.sizes(self._segments)
        numbers = None
        if self._numbers is not None:
            values, fields = self._numbers
            numbers = NumberBlock(values, network.table[self._number_rows], fields)
        with one_blas_thread():  # the next chunk is being packed, and training goes on at once
            logits = network.outputs(self._matrix @ network.table, self._sizes, numbers)
        return float(np.average(self._targets.losses(logits, self._encoded), weights=self._weights))
