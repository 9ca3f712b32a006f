"""A linear model beside the network: weights of the features themselves, which are not pooled."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from skembed.network._network import Table
from skembed.network._quantized_rows import whole_rows


@dataclass(frozen=True)
class LinearModel:
    """Weights of features whose sums are added to the network's outputs.

    The network pools the features of a row, so that long rows look like short ones; here each
    feature counts in full. The intercept is part of the network's last bias.
    """

    table: Table  # (n_features, n_outputs), fewer rows where compact

    def outputs(self, X: sp.csr_matrix) -> np.ndarray:
        """Sums (n_samples, n_outputs) of the weights of canonical rows, times their values."""
        rows, places = whole_rows(self.table.rows), self.table.places
        if places is not None:
            arrays = X.data, places[X.indices], X.indptr
            X = sp.csr_matrix(arrays, shape=(X.shape[0], len(rows)))
        return X @ rows

    def scaled(self, factor: np.ndarray) -> "LinearModel":
        """The same with each output (n_outputs,) times a factor."""
        rows = whole_rows(self.table.rows)
        return LinearModel(replace(self.table, rows=(rows * factor).astype(rows.dtype)))
