"""What came after histories: rows of the catalogue, as targets."""

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_array, check_consistent_length

from skembed.recommending._histories import list_column, plain_rows
from skembed.vocabulary import VocabularyTransformer


def following_rows(
    y: Any, rows: sp.csr_matrix, vocabulary: VocabularyTransformer | None, *, binary: bool
) -> sp.csr_matrix:
    """Canonical rows of what came after each history: lists or items, or a matrix for a matrix.

    Raises
    ------
    ValueError
        If there are more or fewer than histories, or nothing is of the catalogue.
    """
    if vocabulary is None:
        following = _of_matrix(y, rows, binary=binary)
    else:
        y = list_column(y)
        following = vocabulary.transform(y if _is_nested(y) else [[item] for item in y])
    check_consistent_length(rows, following)
    if following is rows:
        return rows
    if not following.nnz:
        raise ValueError(
            "y has no item of the catalogue; pass at least one item that also occurs in X."
        )
    return following.astype(rows.dtype, copy=False)


def _of_matrix(y: Any, rows: sp.csr_matrix, *, binary: bool) -> sp.csr_matrix:
    """Rows of a matrix of what came after; those of X where y is no matrix, with a warning."""
    if not sp.issparse(y) and np.ndim(y) != 2:
        warnings.warn(
            f"y has {np.ndim(y)} dimensions and is ignored, expected a matrix of users x items. "
            "To train on the items that follow each history, pass y as a matrix with the columns "
            "of X.",
            UserWarning,
            stacklevel=2,
        )
        check_consistent_length(rows, y)
        return rows
    following = check_array(y, accept_sparse="csr", dtype=rows.dtype, input_name="y")
    following = sp.csr_matrix(following, copy=True)
    following.sum_duplicates()
    if following.shape[1] != rows.shape[1]:
        raise ValueError(
            f"y has {following.shape[1]} columns, but X has {rows.shape[1]}; both need one column "
            "for each item of the catalogue."
        )
    if following.nnz and following.data.min() < 0:
        row = int(np.flatnonzero((following < 0).sum(axis=1))[0])
        raise ValueError(
            f"y is negative in row {row}; set entries to 1 for items that follow, and to 0 for "
            "the others."
        )
    return plain_rows(following, binary=binary)


def _is_nested(y: Any) -> bool:
    """Whether what follows are lists, and not one item each."""
    first: Any = next((row for row in y if row is not None), None)
    first = first.as_py() if hasattr(first, "as_py") else first
    return isinstance(first, Iterable) and not isinstance(first, str | bytes)
