"""From the matrix back to the terms of its rows."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from skembed.vocabulary._output_columns import Field

Terms = NDArray[np.object_]


def decode(X: sp.csr_array, fields: list[Field]) -> list[list[Terms]]:
    """Return per column of the input the terms of each row of the matrix."""
    width = sum(field.width for field in fields)
    if X.shape[1] != width:
        raise ValueError(
            f"X has {X.shape[1]} features, expected {width}; pass a matrix that transform returned."
        )
    ends = np.cumsum([field.width for field in fields])
    return [
        _terms_of_rows(X[:, end - field.width : end], field.term_sets)
        for field, end in zip(fields, ends, strict=True)
    ]


def object_array(columns: list[list[Terms]]) -> NDArray[np.object_]:
    """Put lists of cells side by side: an array of shape (n_rows, n_columns)."""
    cells = np.empty((len(columns[0]), len(columns)), dtype=object)
    for j, column in enumerate(columns):
        for i, terms in enumerate(column):
            cells[i, j] = terms
    return cells


def _terms_of_rows(X: sp.csr_array, term_sets: list[Terms]) -> list[Terms]:
    """Return the terms that the entries of each row of one field's columns stand for."""
    X = sp.csr_array(X)
    X.sort_indices()
    X.eliminate_zeros()
    ends = np.concatenate([[0], np.cumsum([len(terms) for terms in term_sets])])
    flat = np.concatenate([*term_sets, np.array([], dtype=object)])
    sizes = np.diff(ends)[X.indices]
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    terms = flat[np.repeat(ends[X.indices], sizes) + within]
    row_ends = np.concatenate([[0], np.cumsum(sizes)])[X.indptr[1:-1]]
    return np.split(terms, row_ends) if X.shape[0] else []
