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
    if is_auto(parameters.fields) and getattr(given, "fields", None) is None:
        _warn_of_lost_fields(given, X)
    if isinstance(task, ClassificationTask) and y.ndim == 2:
        _warn_of_one_hot(y, whole)


def _warn_of_one_hot(y: np.ndarray, whole: bool) -> None:
    """Warn if label sets look like classes of one a row."""
    if (whole or len(y) >= _MIN_ROWS) and is_one_hot(y):
        _warn(
            f"y has {y.shape[1]} columns with exactly one label in every row. They are trained as "
            "label sets: each label by itself, with probabilities that do not sum to 1. If a row "
            "has one class, give y.argmax(axis=1), one class label a row."
        )


def _warn_of_lost_fields(given: Any, X: sp.csr_matrix) -> None:
    """Warn if X was made of a matrix with fields and has none."""
    if has_lost_fields(given):
        what = "X comes from a matrix with fields, by an operation that makes new columns"
    elif columns := columns_with_fields(X):
        what = (
            f"Columns {columns.start}-{columns.stop - 1} of X are those of a matrix with fields, "
            "but X is a plain matrix, as FeatureUnion, hstack, vstack and toarray make it"
        )
    else:
        return
    _warn(
        f"{what}: the fields have got lost. All features are pooled in one vector now, numbers "
        "among them. Put the step in between into the FieldTransformer, set the network's fields "
        "to the fields_ of the transformer, with those of the columns that were added, or set "
        "fields=None if you want one vector."
    )


def _warn_of_large_values(given: Any, X: sp.csr_matrix, layout: FieldLayout | None) -> None:
    """Warn of columns that are codes, or numbers that were not scaled."""
    numeric = None if layout is None else layout.numeric
    large = large_columns(X, numeric)
    if len(large.codes):
        values = X[:, [int(large.codes[0])]].data
        _warn(
            f"{_columns(large.codes, given)} whole numbers of many values, such as "
            f"{', '.join(f'{value:g}' for value in values[:3])}. The value of an entry weighs its "
            "feature: 7 is seven times 1. If these are codes or ids, make terms of them: "
            "VocabularyTransformer() before the network takes them as they are, in place of "
            "OrdinalEncoder, too, and make_embedding_pipeline(network, categorical=[...]) takes "
            "a table. If they are quantities, make_embedding_pipeline(network, numeric=[...]) or "
            "NumberEncoder suits them, or scale them."
        )
    if len(large.numbers):
        size = np.abs(X[:, [int(large.numbers[0])]].data).mean()
        _warn(
            f"{_columns(large.numbers, given)} numbers as large as {size:.3g} on average. Numbers "
            "beyond the order of 1 make training unstable and predictions poor: scale them "
            "(StandardScaler), or give the columns to make_embedding_pipeline(network, "
            "numeric=[...]) or NumberEncoder; ids are categories, for a VocabularyTransformer."
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
