"""Warnings about data that look right and would be read wrongly."""

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp

from skembed.estimators._value_sizes import large_columns
from skembed.network._field_layout import FieldLayout
from skembed.network._field_matrix import has_lost_fields
from skembed.network._made_fields import columns_with_fields
from skembed.training._class_targets import ClassificationTask
from skembed.training._label_sets import is_one_hot
from skembed.training._parameters import Parameters, is_auto
from skembed.training._sources import Rows
from skembed.training._targets import Task

# Rows of a part of the data from which "all of them" is no chance.
_MIN_ROWS = 20


def warn_of_data(
    given: Any,
    rows: Rows,
    task: Task,
    parameters: Parameters,
    layout: FieldLayout | None,
    *,
    whole: bool,
) -> None:
    """Warn of what the first rows of a network look like; `whole`: they are all rows of a fit.

    `given` is X as the caller has given it.
    """
    X, y, _ = rows
    _warn_of_large_values(given, X, layout)
    if is_auto(parameters.fields) and getattr(given, "fields", None) is None and layout is None:
        _warn_of_lost_fields(given, X)
    if isinstance(task, ClassificationTask) and y.ndim == 2:
        _warn_of_one_hot(y, whole)


def _warn_of_one_hot(y: np.ndarray, whole: bool) -> None:
    """Warn if label sets look like classes of one a row."""
    if (whole or len(y) >= _MIN_ROWS) and is_one_hot(y):
        _warn(
            f"y has {y.shape[1]} columns with exactly one label in every row. They are trained as "
            "label sets: each label independently, with probabilities that do not sum to 1. If "
            "each row has one class, pass y.argmax(axis=1)."
        )


def _warn_of_lost_fields(given: Any, X: sp.csr_matrix) -> None:
    """Warn if X was made of a matrix with fields and has none."""
    if has_lost_fields(given):
        what = "X was made from a matrix with fields by an operation that creates new columns"
    elif columns := columns_with_fields(X):
        what = (
            f"Columns {columns.start}-{columns.stop - 1} of X come from a matrix with fields, "
            "but X is a plain matrix, such as FeatureUnion, hstack, vstack and toarray return"
        )
    else:
        return
    _warn(
        f"{what}, so the fields are lost. All features, including numbers, are now pooled in one "
        "vector. Move the step in between into the FieldTransformer, or set the network's fields "
        "to the fields_ of the transformer plus those of the added columns. Set fields=None if "
        "you want one vector."
    )


def _warn_of_large_values(given: Any, X: sp.csr_matrix, layout: FieldLayout | None) -> None:
    """Warn of columns that are codes, or numbers that were not scaled."""
    numeric = None if layout is None else layout.numeric
    large = large_columns(X, numeric)
    if len(large.codes):
        values = X[:, [int(large.codes[0])]].data
        _warn(
            f"{_columns(large.codes, given)} whole numbers of many values, such as "
            f"{', '.join(f'{value:g}' for value in values[:3])}. A value is the weight of its "
            "feature, so 7 counts seven times as much as 1. If these are codes or ids, encode "
            "them as terms: use VocabularyTransformer() before the network, in place of an "
            "OrdinalEncoder, or make_embedding_pipeline(network, categorical=[...]) for a table. "
            "If they are quantities, use make_embedding_pipeline(network, numeric=[...]) or "
            "NumberEncoder, or scale them."
        )
    if len(large.numbers):
        size = np.abs(X[:, [int(large.numbers[0])]].data).mean()
        _warn(
            f"{_columns(large.numbers, given)} numbers as large as {size:.3g} on average. Numbers "
            "much larger than 1 make training unstable and predictions poor. Scale them "
            "(StandardScaler), or use make_embedding_pipeline(network, numeric=[...]) or "
            "NumberEncoder for these columns. Encode ids with a VocabularyTransformer."
        )


def _columns(columns: np.ndarray, given: Any) -> str:
    """Subject and verb of a sentence on columns."""
    names = getattr(given, "columns", None)
    first = int(columns[0])
    name = repr(names[first]) if names is not None and len(names) > first else str(first)
    if len(columns) == 1:
        return f"Column {name} of X holds"
    return f"Column {name} of X and {len(columns) - 1} more hold"


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=2)
