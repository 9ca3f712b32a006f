"""Columns of a table as the features that a linear model, or trees, do best with.

Both are pipelines of scikit-learn for a DataFrame of `as_table` whose kinds are known.
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from skembed._compat import target_encoder
from skembed.comparison._column_kinds import Kind
from skembed.comparison._quantile_bins import QuantileBins
from skembed.vocabulary import VocabularyTransformer

_MISSING = "(missing)"
# What HistGradientBoosting takes as categories of its own.
_NATIVE = 255
# Bins of numbers, each of as many training rows as this; the finest two are used.
_RESOLUTIONS, _ROWS_IN_BIN = (4, 16, 64), 200
# Rows from which pairs of words, and words of more than one row, are worth their columns.
_PAIRS_FROM, _COMMON_FROM = 10_000, 1_000
# What tf-idf is multiplied by, so that one penalty suits it and one-hot columns.
_TEXT_SCALE = 4.0
_DATE_PARTS = {"month": "category", "weekday": "category", "hour": "category", "day": "number"}

Kinds = Mapping[str, Kind]


def linear_features(kinds: Kinds, n_rows: int) -> Pipeline:
    """One-hot categories, numbers in bins and standardised, tf-idf of texts, multi-hot lists.

    Parameters
    ----------
    kinds : mapping
        Kind of each column to use.
    n_rows : int
        Training rows.

    Returns
    -------
    Pipeline
        Unfitted; makes a CSR matrix.
    """
    names = names_by_kind(kinds)
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    numbers = make_pipeline(imputer, StandardScaler())
    bins = resolutions(n_rows)
    steps = [
        ("category", OneHotEncoder(handle_unknown="ignore"), names["category"]),
        ("number", numbers, names["number"]),
        ("bins", QuantileBins(bins), names["number"] if bins else []),
        *_bags(names, n_rows),
    ]
    return _pipeline(kinds, steps, sparse_threshold=1.0)


def tree_features(
    kinds: Kinds, frame: pd.DataFrame, *, target_type: str, seed: int
) -> tuple[Pipeline, list[int]]:
    """Features for gradient boosting, and which of them are categories by number.

    Columns of up to 255 categories are numbered, others are target-encoded; numbers stay;
    texts are components of their tf-idf and lists of their multi-hot rows.

    Parameters
    ----------
    kinds : mapping
        Kind of each column to use.
    frame : DataFrame
        Training rows.
    target_type : {"auto", "continuous"}
        What `TargetEncoder` takes the targets for.
    seed : int
        Seed of folds and components.

    Returns
    -------
    Pipeline
        Unfitted; makes a dense array.
    list of int
        Numbers of the columns of that array that are categories.
    """
    names, expanded = names_by_kind(kinds), expand(frame, kinds)
    few = [name for name in names["category"] if expanded[name].nunique() <= _NATIVE]
    many = [name for name in names["category"] if name not in few]
    numbered = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    target = target_encoder(target_type, seed)
    bags = [
        (name, make_pipeline(bag, Components(random_state=seed)), columns)
        for name, bag, columns in _bags(names, len(frame))
    ]
    steps = [
        ("category", numbered, few),
        ("target", target, many),
        ("number", FunctionTransformer(), names["number"]),
        *bags,
    ]
    return _pipeline(kinds, steps, sparse_threshold=0.0), [*range(len(few))]


def _pipeline(kinds: Kinds, steps: list[tuple], *, sparse_threshold: float) -> Pipeline:
    cells = FunctionTransformer(expand, kw_args={"kinds": dict(kinds)})
    columns = ColumnTransformer(
        [step for step in steps if len(step[2])], sparse_threshold=sparse_threshold
    )
    return _Features([("cells", cells), ("columns", columns)])


class _Features(Pipeline):
    """Pipeline whose arrays stay arrays, whatever `set_config` says."""

    @config_context(transform_output="default")
    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit the steps and return what they make of X."""
        return super().fit_transform(X, y, **params)

    @config_context(transform_output="default")
    def transform(self, X: Any, **params: Any) -> Any:
        """Return what the steps make of X."""
        return super().transform(X, **params)


def resolutions(n_rows: int) -> tuple[int, ...]:
    """Numbers of bins that so many rows fill; none for few rows."""
    return tuple(k for k in _RESOLUTIONS if n_rows >= k * _ROWS_IN_BIN)[-2:]


def _bags(names: Mapping[str, list[str]], n_rows: int) -> list[tuple]:
    """Steps for texts, words and maybe pairs of them, and for lists."""
    words = VocabularyTransformer(
        tokenizer="word",
        ngram_range=(1, 2 if n_rows >= _PAIRS_FROM else 1),
        min_frequency=2 if n_rows >= _COMMON_FROM else 1,
        weighting="count",
    )
    scale = FunctionTransformer(_scaled, accept_sparse=True)
    tfidf = make_pipeline(words, TfidfTransformer(sublinear_tf=True), scale)
    texts = [(f"text {name}", tfidf, name) for name in names["text"]]
    lists = VocabularyTransformer(handle_missing="ignore", num_oov_buckets=1)
    return texts + [(f"list {name}", lists, [name]) for name in names["list"]]


def _scaled(X: sp.csr_matrix) -> sp.csr_matrix:
    return X * _TEXT_SCALE


def expand(frame: pd.DataFrame, kinds: Kinds) -> pd.DataFrame:
    """Cells of each kind in one form, and dates as their parts.

    Categories and texts become strings, numbers float64, lists stay.
    """
    columns: dict[str, Any] = {}
    for name, kind in kinds.items():
        column = frame[name]
        if kind == "date":
            columns |= _date_parts(name, column)
        elif kind == "number":
            columns[name] = pd.to_numeric(column).to_numpy(np.float64, na_value=np.nan)
        elif kind == "list":
            columns[name] = column.astype(object)
        else:
            columns[name] = _strings(column, "" if kind == "text" else _MISSING)
    return pd.DataFrame(columns, index=frame.index)


def _strings(column: pd.Series, missing: str) -> np.ndarray:
    """Cells as strings; numbers that are whole as such, whether or not some are missing."""
    is_missing = column.isna().to_numpy()
    if pd.api.types.is_float_dtype(column.dtype):
        whole = column.dropna()
        column = column.astype("Int64") if (whole == whole.round()).all() else column
    cells = column.astype(object).map(str).to_numpy(object)
    return np.where(is_missing, missing, cells)


def _date_parts(name: str, column: pd.Series) -> dict[str, np.ndarray]:
    dates = pd.to_datetime(column, utc=True)
    days = (dates - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
    parts = {"month": dates.dt.month, "weekday": dates.dt.day_of_week, "hour": dates.dt.hour}
    found = {f"{name} {part}": _strings(values, _MISSING) for part, values in parts.items()}
    return {**found, f"{name} day": days.to_numpy(np.float64)}


def names_by_kind(kinds: Kinds) -> dict[str, list[str]]:
    """Names of the columns of `expand`, by kind."""
    names: dict[str, list[str]] = {kind: [] for kind in ("category", "number", "text", "list")}
    for name, kind in kinds.items():
        if kind == "date":
            for part, part_kind in _DATE_PARTS.items():
                names[part_kind].append(f"{name} {part}")
        else:
            names[kind].append(name)
    return names


class Components(TransformerMixin, BaseEstimator):
    """Sparse rows as a dense array: as they are where they are narrow, else by truncated SVD."""

    def __init__(
        self, n_components: int = 64, *, widest: int = 128, random_state: int | None = None
    ) -> None:
        self.n_components = n_components
        self.widest = widest
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the components, if there are more than `widest` columns."""
        self.decomposition_ = None
        if X.shape[1] > self.widest:
            decomposition = TruncatedSVD(self.n_components, random_state=self.random_state)
            self.decomposition_ = decomposition.fit(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Make the rows dense."""
        if self.decomposition_ is None:
            return X.toarray() if sp.issparse(X) else np.asarray(X)
        return self.decomposition_.transform(X)
