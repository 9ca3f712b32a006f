"""Warnings about data that look right and would be read wrongly."""

import warnings

import numpy as np

from skembed.training._class_targets import ClassificationTask
from skembed.training._label_sets import is_one_hot
from skembed.training._sources import Rows
from skembed.training._targets import Task

# Rows of a part of the data from which "all of them" is no chance.
_MIN_ROWS = 20


def warn_of_data(rows: Rows, task: Task, *, whole: bool) -> None:
    """Warn of what the first rows of a network look like; `whole`: they are all rows of a fit."""
    _, y, _ = rows
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


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=2)
