"""Label sets: a matrix of y that says with 1 and 0 which labels a row has."""

from typing import Any

import numpy as np
import scipy.sparse as sp

# Values that a message names at most.
_MOST_NAMED = 4


def checked_label_sets(y: Any) -> np.ndarray:
    """Label sets (n_samples, n_labels) of a matrix, sparse or dense, of 0 and 1.

    Raises
    ------
    ValueError
        If it holds anything else; the message names it, and what to give instead.
    """
    if sp.issparse(y):
        y = y.tocsr(copy=True)
        y.sum_duplicates()
        y = y.toarray()
    numbers = _as_numbers(y)
    if numbers is None or not ((numbers == 0) | (numbers == 1)).all():
        raise ValueError(_told(y if numbers is None else numbers))
    return numbers


def refuse_label_lists(y: Any) -> None:
    """Refuse lists of labels, which are no matrix.

    Raises
    ------
    ValueError
        If rows hold collections of different sizes, or sets.
    """
    kind = getattr(getattr(y, "dtype", None), "kind", None)
    if not isinstance(y, list | tuple) and (kind != "O" or y.ndim != 1):
        return
    rows = [row for row in y if isinstance(row, list | tuple | set | frozenset | np.ndarray)]
    if rows and (len({len(row) for row in rows}) > 1 or isinstance(rows[0], set | frozenset)):
        raise ValueError(
            f"y has collections of labels such as {rows[0]!r:.60}, expected a matrix with a column "
            "of 0 and 1 for each label; pass "
            "sklearn.preprocessing.MultiLabelBinarizer().fit_transform(y)."
        )


def is_one_hot(y: np.ndarray) -> bool:
    """Whether checked label sets have exactly one label in every row."""
    return bool((np.count_nonzero(y, axis=1) == 1).all())


def _as_numbers(y: np.ndarray) -> np.ndarray | None:
    """Numbers of an array of them, whatever its type; None if there is anything else."""
    if y.dtype.kind in "biuf":
        return y
    try:
        return y.astype(np.float64) if y.dtype == object else None
    except (TypeError, ValueError):
        return None


def _told(y: np.ndarray) -> str:
    """What a matrix should hold, what it holds, and the way out."""
    values = sorted(set(y.ravel().tolist()), key=lambda value: (str(type(value)), value))
    return (
        f"y has {y.shape[1]} columns and is read as label sets, expected 1 for each label of a "
        f"row and 0 elsewhere, but y has the values {_listed(values)}. {_remedy(values)}"
    )


def _remedy(values: list[Any]) -> str:
    if any(isinstance(value, str) for value in values):
        return (
            "Pass the lists of labels through sklearn.preprocessing.MultiLabelBinarizer, or fit a "
            "network for each column."
        )
    if len(values) <= 2:
        return f"Pass (y == {_short(values[-1])}).astype(int) if {_short(values[-1])} means yes."
    if all(0 <= value <= 1 for value in values):
        return "Pass (y > 0.5).astype(int); fractional labels are not supported."
    return (
        "Pass a column of 0 and 1 for each label, fit a network for each column of classes, or "
        "use an EmbeddingDNNRegressor for numeric targets."
    )


def _listed(values: list[Any]) -> str:
    named = [_short(value) for value in values[:_MOST_NAMED]]
    more = len(values) - len(named)
    if more:
        return f"{', '.join(named)} and {more} more values"
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def _short(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else repr(value)
