"""Histories as a caller has them, lists or a matrix, to users x items in canonical CSR."""

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.sparse as sp

from skembed.estimators._checked_data import check_features
from skembed.vocabulary import VocabularyTransformer

_PAIRS = (
    "pass a list of items for each user; for a table of users and items, pass "
    "X.groupby('user')['item'].agg(list)"
)


def is_matrix(X: Any) -> bool:
    """Whether histories are users x items, and not a list of items for each user."""
    if sp.issparse(X):
        return True
    shape = getattr(X, "shape", None)
    if isinstance(X, np.ndarray):
        return X.ndim != 1 or X.dtype != object
    return shape is not None and len(shape) == 2 and shape[1] > 1


def list_column(X: Any) -> Any:
    """The lists of a frame that has them in its only column; anything else as it is."""
    if hasattr(X, "columns") and getattr(X, "shape", (0, 0))[1] == 1:
        name = list(X.columns)[0] if not hasattr(X, "column_names") else X.column_names[0]
        return X[name]
    return X


def history_lists(X: Any) -> Any:
    """The lists of X, one for each user, refused where its first row is no list.

    Raises
    ------
    TypeError
        If X is no sequence.
    ValueError
        If its first row is a single item.
    """
    X = list_column(X)
    if not isinstance(X, Iterable):
        raise TypeError(
            f"X is of type {type(X).__name__}; pass a list of items for each user, or a matrix of "
            "users x items."
        )
    first: Any = None if isinstance(X, str | bytes) else next(iter(X), None)
    first = first.as_py() if hasattr(first, "as_py") else first
    if first is not None and (isinstance(first, str | bytes) or not isinstance(first, Iterable)):
        raise ValueError(
            f"Row 0 of X is {first!r:.60}, expected a list of items; pass a list for each user, "
            f"such as [[{first!r:.60}]] for one user."
        )
    return X


def matrix_rows(estimator: Any, X: Any, *, binary: bool, reset: bool) -> sp.csr_matrix:
    """Canonical rows of a matrix of users x items, checked, without zeros.

    Raises
    ------
    ValueError
        If an entry is negative: the message names its row and column.
    """
    rows = check_features(estimator, X, reset=reset, remedy_of_strings=_PAIRS)
    if rows.nnz and rows.data.min() < 0:
        place = int(rows.data.argmin())
        row = int(np.searchsorted(rows.indptr, place, side="right")) - 1
        raise ValueError(
            f"Negative values in data passed to {type(estimator).__name__}: X is "
            f"{rows.data[place]:g} in row {row}, column {rows.indices[place]}. An entry means that "
            "the item is in the user's history; set the entries of disliked items to 0."
        )
    return plain_rows(rows, binary=binary)


def warn_of_full_rows(rows: sp.csr_matrix) -> None:
    """Warn where every user has had every item: X may hold ids, not what users have had."""
    n_users, n_items = rows.shape
    if n_items > 1 and rows.nnz == n_users * n_items:
        warnings.warn(
            f"Every row of X has an entry in each of its {n_items} columns, which means that every "
            f"user has every item. If X holds ids, {_PAIRS}; for rows of ids, pass X.tolist().",
            UserWarning,
            stacklevel=2,
        )


def plain_rows(rows: sp.csr_matrix, *, binary: bool) -> sp.csr_matrix:
    """Rows without stored zeros, their values 1 where only presence counts."""
    if rows.nnz and not rows.data.all():
        rows = rows.copy()
        rows.eliminate_zeros()
    if binary and rows.nnz and (rows.data.min() != 1 or rows.data.max() != 1):
        arrays = np.ones_like(rows.data), rows.indices, rows.indptr
        rows = sp.csr_matrix(arrays, shape=rows.shape)
    return rows


def new_vocabulary(min_count: int, *, binary: bool) -> VocabularyTransformer:
    """A vocabulary of items, not fitted."""
    weighting = "binary" if binary else "count"
    return VocabularyTransformer(weighting=weighting, min_frequency=min_count)


def items_of(vocabulary: VocabularyTransformer, first_item: Any) -> np.ndarray:
    """Ids (n_items,) of the items of a fitted vocabulary, integers where the first one is."""
    names = list(vocabulary.vocabulary_)
    if isinstance(first_item, int | np.integer) and not isinstance(first_item, bool | np.bool_):
        try:
            return np.array([int(name) for name in names])
        except ValueError:  # other rows have other ids
            pass
    return np.array(names, dtype=object)


def first_item(X: Iterable[Any]) -> Any:
    """The first item of the first history that has one; None where none has."""
    for row in X:
        row = row.as_py() if hasattr(row, "as_py") else row
        if row is None or isinstance(row, str | bytes):
            return row
        for item in row:
            return item.as_py() if hasattr(item, "as_py") else item
    return None
