"""A DataFrame of categories and numbers, for rivals that take one."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from skembed.comparison._column_kinds import Kind
from skembed.comparison._table_features import expand, tree_features


class NativeColumns(TransformerMixin, BaseEstimator):
    """Categories of the training rows as pandas categories, numbers as float64.

    Texts and lists become components of a truncated SVD, as for the trees of `compare`.
    """

    def __init__(self, kinds: Mapping[str, Kind], seed: int = 0) -> None:
        self.kinds = kinds
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: Any = None) -> "NativeColumns":
        """Learn categories and components."""
        bags, self._plain = {}, {}
        for name, kind in self.kinds.items():
            (bags if kind in ("text", "list") else self._plain)[name] = kind
        cells = expand(X, self._plain)
        self.dtypes_ = {
            name: pd.CategoricalDtype(sorted(column.unique()))
            for name, column in cells.items()
            if not pd.api.types.is_numeric_dtype(column.dtype)
        }
        self.bags_ = None
        if bags:
            features, _ = tree_features(bags, X, target_type="auto", seed=self.seed)
            self.bags_ = features.fit(X, y)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Make the columns; a category that training rows lack is missing."""
        cells = expand(X, self._plain)
        for name, dtype in self.dtypes_.items():
            known = cells[name].isin(dtype.categories)
            cells[name] = cells[name].where(known).astype(dtype)
        if self.bags_ is None:
            return cells
        parts = pd.DataFrame(self.bags_.transform(X), index=X.index).add_prefix("component ")
        return pd.concat([cells, parts], axis=1)
