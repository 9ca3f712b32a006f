"""Rows without a label, which scikit-learn marks by -1: they are told apart from the others."""

import warnings

import numpy as np
import scipy.sparse as sp

from skembed.training._class_targets import ClassificationTask
from skembed.training._initial_network import has_linear_part
from skembed.training._parameters import Parameters
from skembed.training._sources import Rows
from skembed.training._targets import Task
from skembed.training._trials import MIN_LABELED_ROWS, tries_candidates

# scikit-learn's mark, as of `LabelPropagation` and `SelfTrainingClassifier`.
NO_LABEL = -1


def split_unlabeled(rows: Rows, task: Task) -> tuple[Rows, sp.csr_matrix | None]:
    """Rows with a label, and the features of the others, where there are any."""
    X, y, weights = rows
    assert sp.issparse(X)
    unlabeled = without_label(y, task)
    if unlabeled is None:
        return rows, None
    if unlabeled.all():
        raise ValueError(
            "All rows of y have the label -1, which stands for no label; pass at least two classes."
        )
    labeled = ~unlabeled
    return (X[labeled], y[labeled], weights[labeled]), X[unlabeled]


def without_label(y: np.ndarray, task: Task) -> np.ndarray | None:
    """Whether each row has no label, (n_samples,) bool; None where all rows have one.

    With "auto", the label -1 stands for none if the other labels are at least two and begin at
    0, and most rows have it.
    """
    if not isinstance(task, ClassificationTask) or task.unlabeled is False or y.ndim == 2:
        return None
    if task.unlabeled is True:
        if task.classes is not None and np.isin(str(NO_LABEL), task.classes.astype(str)):
            return None  # it was announced as a class
        # a list of strings and -1 becomes an array of strings
        marked = y == NO_LABEL if y.dtype.kind in "iuf" else y.astype(str) == str(NO_LABEL)
        return marked if marked.any() else None
    if y.dtype.kind not in "if" or task.classes is not None:
        return None
    marked = y == NO_LABEL
    n_marked, others = int(marked.sum()), np.unique(y[~marked])
    if not n_marked or len(others) < 2 or others[0] < 0:
        return None
    if 2 * n_marked > len(y):
        _warn(
            f"{n_marked:,} of the {len(y):,} rows have the label -1; they are taken as rows that "
            "have no label. Pass unlabeled=True to confirm this, or unlabeled=False if -1 is a "
            "class."
        )
        return marked
    _warn(
        "y has the label -1 beside classes from 0 on; it is taken as a class. Pass unlabeled=False "
        "to confirm this, or unlabeled=True if these rows have no label."
    )
    return None


def learns_from_unlabeled(
    n_unlabeled: int, y: np.ndarray, parameters: Parameters, *, validated: bool
) -> bool:
    """Whether a fit can learn from rows without a label; a warning if it cannot."""
    if parameters.cluster is not None:
        reason = "workers of skembed.distributed() learn from rows with a label only"
    elif parameters.linear is False:
        reason = "what they tell belongs to the linear part, and linear is False"
    elif not has_linear_part(parameters, len(np.unique(y))):
        reason = "so many classes have no linear part unless linear is True"
    elif validated or not tries_candidates(parameters, len(y), MIN_LABELED_ROWS):
        reason = (
            f"only fits that compare candidates learn from them: with at least {MIN_LABELED_ROWS} "
            "rows that have a label, and without X_val, warm_start, max_epochs, max_steps and "
            "early_stopping"
        )
    else:
        return True
    warn_of_left_out(n_unlabeled, reason)
    return False


def warn_of_left_out(n_unlabeled: int, reason: str) -> None:
    """Warn that rows without a label are not learned from."""
    _warn(f"{n_unlabeled:,} rows without a label are left out, as {reason}.")


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=2)
