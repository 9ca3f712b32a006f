"""Warnings about data that look right and would be read wrongly."""

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp

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
    given: Any, rows: Rows, task: Task, parameters: Parameters, *, whole: bool
) -> None:
    """Warn of what the first rows of a network look like; `whole`: they are all rows of a fit.

    `given` is X as the caller has given it.
    """
    X, y, _ = rows
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


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=2)
