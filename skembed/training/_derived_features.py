"""Features that a fit derives from X and y: target statistics, as numbers behind those of X."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from skembed.network._field_layout import NUMERIC, FieldLayout
from skembed.network._mixed_rows import MixedRows, NumberSlots, without_features
from skembed.network._pooling import Pooling
from skembed.training._field_codes import FieldCodes
from skembed.training._sources import Rows
from skembed.training._target_statistics import TargetStatistics, fit_statistics
from skembed.training._targets import Targets


@dataclass(frozen=True)
class DerivedFeatures:
    """How rows of X are extended, as the network has them."""

    codes: FieldCodes
    statistics: TargetStatistics
    keeps_categories: bool  # whether the categories themselves stay features

    def extend(self, X: sp.csr_matrix, layout: FieldLayout | None) -> MixedRows:
        """Canonical rows of X with their statistics behind: those of all training rows.

        `layout` is that of the extended rows.
        """
        return self.joined(X, self.statistics.transform(self.codes.encode(X)), layout)

    def joined(
        self, X: sp.csr_matrix, statistics: np.ndarray, layout: FieldLayout | None
    ) -> MixedRows:
        """Rows of X, without their categories where these go, and statistics behind."""
        slots = NumberSlots.of(layout)
        assert slots is not None  # of the statistics, at least
        numeric = slots.features[slots.features < X.shape[1]]
        dropped = np.zeros(X.shape[1], bool)
        dropped[numeric] = True
        if not self.keeps_categories:
            dropped |= self.codes.columns >= 0
        terms = without_features(X, dropped)
        shape = X.shape[0], X.shape[1] + statistics.shape[1]
        terms = sp.csr_matrix((terms.data, terms.indices, terms.indptr), shape=shape)
        numbers = statistics.astype(X.dtype, copy=False)
        if len(numeric):
            numbers = np.hstack([X[:, numeric].toarray(), numbers])
        return MixedRows(terms, numbers, slots.features)


def derive_features(
    rows: Rows,
    targets: Targets,
    pooling: Pooling,
    order: int,
    *,
    keeps_categories: bool,
    embedding_dim: int,
    seed: int,
) -> tuple[DerivedFeatures, Rows, Pooling] | None:
    """Fit the statistics of training rows; the rows with cross-fitted ones behind.

    Parameters
    ----------
    rows : tuple
        Checked features, targets and weights.
    targets : Targets
        Encode the targets.
    pooling : Pooling
        How the features are pooled; its fields are the columns.
    order : int
        Most columns of a combination.
    keeps_categories : bool
        Whether the categories stay features beside their statistics.
    embedding_dim : int
        Numbers that share a field.
    seed : int
        Of the folds.

    Returns
    -------
    tuple of DerivedFeatures, rows and Pooling, or None
        What extends new rows, the training rows, and how they are pooled. None where X has
        no columns of categories, or none that vary.
    """
    X, y, weights = rows
    codes = FieldCodes.of(X, pooling.layout)
    if not codes.n_columns:
        return None
    indicators = targets.indicators(targets.encode(y, np.dtype(np.float64)))
    fitted = fit_statistics(
        codes.encode(X),
        codes.sizes,
        np.asarray(indicators, np.float64),
        targets.weights(y, weights),
        order,
        targets.link_means,
        np.random.default_rng(seed),
    )
    if fitted is None:
        return None
    statistics, numbers = fitted
    derived = DerivedFeatures(codes, statistics, keeps_categories)
    pooling = extended_pooling(pooling, X.shape[1], numbers.shape[1], embedding_dim)
    return derived, (derived.joined(X, numbers, pooling.layout), y, weights), pooling


def extended_pooling(pooling: Pooling, n_features: int, n_numbers: int, dim: int) -> Pooling:
    """Pooling of rows with so many numbers behind their features."""
    layout = pooling.layout
    fields = np.zeros(n_features, np.int64)
    if layout is not None:
        fields = np.where(layout.numeric, NUMERIC, layout.numbers)
    fields = np.concatenate([fields, np.full(n_numbers, NUMERIC)])
    return Pooling(pooling.combiner, FieldLayout.of(fields, dim))
