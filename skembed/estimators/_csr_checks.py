"""Any input matrix to canonical CSR rows, checked before a compiled program sees them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp

from skembed.parallel._worker_threads import workers

_INT32_MAX = np.iinfo(np.int32).max
# Entries from which sorting on a second thread is worth starting it.
_SORT_IN_PARTS = 2**18
# Root of the number of entries of a row whose squares can be added up.
_MOST_ROOT = 2**12


def as_array_like(X: Any) -> tuple[Any, bool]:
    """X, a list of numbers as an array, and whether float32 is what its values call for."""
    if not any(hasattr(X, name) for name in ("dtype", "dtypes", "schema")):
        X = _numbers(X)
    try:
        dtype = X.dtype if hasattr(X, "dtype") else np.asarray(X[:0]).dtype
        return X, dtype.kind in "iub" or (dtype.kind == "f" and dtype.itemsize < 8)
    except (AttributeError, TypeError, ValueError, KeyError):
        return X, False  # whatever it is, scikit-learn will convert or refuse it


def _numbers(X: Any) -> Any:
    """Array of X where that is one of numbers; else X, which scikit-learn will explain."""
    try:
        array = np.asarray(X)
    except (ValueError, TypeError):
        return X
    return array if array.dtype.kind in "iubf" and array.ndim == 2 else X


@contextmanager
def strings_explained(X: Any, names: Iterable[Any] | None, remedy: str) -> Iterator[None]:
    """Tell which column of X holds strings, of those named if they are, and what to do."""
    try:
        yield
    except ValueError as error:
        if "could not convert string" not in str(error):
            raise
        columns = _columns(X) if names is None else ((name, X[name]) for name in names)
        for name, values in columns:
            word = next(filter(is_word, np.asarray(values, object).ravel()), None)
            if word is not None:
                told = f"Column {name!r} of X holds strings such as {word!r}: {remedy}."
                raise ValueError(f"{error}. {told}") from error
        raise


def _columns(X: Any) -> Iterator[tuple[Any, Any]]:
    """Columns with their names, or numbers where they have none."""
    names = getattr(X, "column_names", getattr(X, "columns", None))  # Arrow's, or a data frame's
    if names is not None:
        yield from ((name, X[name]) for name in names)
    elif not sp.issparse(X) and (array := np.asarray(X, object)).ndim == 2:
        yield from enumerate(array.T)


def is_word(value: Any) -> bool:
    """Whether a value is a string that is not a number."""
    try:
        return isinstance(value, str) and float(value) is None
    except ValueError:
        return True


def check_structure(X: Any) -> None:
    """Refuse a compressed or coordinate matrix whose index arrays are wrong.

    scikit-learn's validation lets such matrices through, scipy reads out of bounds
    on some, and a compiled program would train on garbage instead of failing.
    """
    if not sp.issparse(X):
        return
    if X.ndim != 2:
        raise ValueError(
            f"Expected 2D array, got a sparse array of {X.ndim} dimension(s) instead; for a single "
            "row, pass X.reshape(1, -1)."
        )
    if X.format in ("csr", "csc"):
        _check_compressed(X)
    elif X.format == "coo":
        _check_indices(X.row, X.shape[0], "row")
        _check_indices(X.col, X.shape[1], "column")


def _check_compressed(X: Any) -> None:
    axis = ("row", "column") if X.format == "csr" else ("column", "row")
    major, minor = X.shape if X.format == "csr" else X.shape[::-1]
    indptr = X.indptr
    if indptr.dtype.kind not in "iu":
        raise ValueError(f"X.indptr has type {indptr.dtype}; it must hold integers.")
    if len(indptr) != major + 1 or indptr[0] != 0:
        raise ValueError(
            f"X.indptr must have {major + 1} values starting at 0 (one more than X has {axis[0]}s)"
            f"; it has {len(indptr)} starting at {indptr[:1]}."
        )
    falls = np.flatnonzero(np.diff(indptr) < 0)
    if len(falls):
        raise ValueError(
            f"X.indptr decreases after {axis[0]} {falls[0]}; it must not. Build X again, "
            "for example through scipy.sparse.coo_matrix."
        )
    if indptr[-1] > min(len(X.indices), len(X.data)):
        raise ValueError(
            f"X.indptr ends at {indptr[-1]} but X holds {len(X.indices)} indices and "
            f"{len(X.data)} values."
        )
    _check_indices(X.indices[: indptr[-1]], minor, axis[1])


def _check_indices(indices: np.ndarray, size: int, kind: str) -> None:
    if indices.dtype.kind not in "iu":
        raise ValueError(
            f"The {kind} indices of X have type {indices.dtype}; they must be integers."
        )
    # a negative index is a large one when read as unsigned
    if len(indices) and indices.view(f"u{indices.dtype.itemsize}").max() >= size:
        wrong = indices[(indices >= size) | (indices < 0)][0]
        raise ValueError(
            f"X has an entry in {kind} {wrong}, which is out of bounds: X has {size} {kind}s."
        )


def check_finite(X: Any) -> None:
    """Refuse NaN and infinity in a dense array or CSR, naming the first one's place."""
    values = X.data if sp.issparse(X) else X
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()):
            return
    wrong = np.argwhere(~np.isfinite(values))
    if not len(wrong):
        return  # the sum overflowed
    if sp.issparse(X):
        entry = wrong[0, 0]
        row, column = np.searchsorted(X.indptr, entry, side="right") - 1, X.indices[entry]
        value = values[entry]
    else:
        row, column = wrong[0]
        value = values[row, column]
    kind = "NaN" if np.isnan(value) else "infinity"
    raise ValueError(
        f"Input X contains {kind} in row {row}, column {column}. The embedding estimators do not "
        "accept missing or infinite values; impute them, or remove the entry from a sparse X."
    )


def check_size(rows: sp.csr_matrix) -> None:
    """Refuse values that are too large for the type: infinite, or the sum of their squares is.

    Values may have become infinite as they were converted, or as duplicates were added up.
    """
    if not rows.nnz:
        return
    largest = np.sqrt(np.finfo(rows.dtype).max) / _MOST_ROOT
    if max(rows.data.max(), -rows.data.min()) <= largest:  # False for NaN
        return
    place = int(np.flatnonzero(~(np.abs(rows.data) <= largest))[0])
    row = int(np.searchsorted(rows.indptr, place, side="right")) - 1
    raise ValueError(
        f"Input X has a value in row {row}, column {rows.indices[place]} that is too large for "
        f"{rows.dtype}, because its square is infinite; scale X to values of the order of 1."
    )


def canonical_rows(X: Any, dtype: np.dtype | None = None) -> sp.csr_matrix:
    """CSR with int32 sorted indices, no duplicates and no stored zeros.

    The caller's arrays are never written to; they are shared where they already are
    canonical.
    """
    if X.shape[1] > _INT32_MAX:
        raise ValueError(f"X has {X.shape[1]} columns; at most {_INT32_MAX} are supported.")
    rows = X.tocsr() if sp.issparse(X) else sp.csr_matrix(X)
    if rows.nnz > _INT32_MAX:
        raise ValueError(
            f"X has {rows.nnz} entries, but at most {_INT32_MAX} are supported; pass fewer rows."
        )
    # a new matrix on the same arrays: it finds out itself whether they are canonical
    arrays = rows.data[: rows.nnz], rows.indices[: rows.nnz].astype(np.int32, copy=False)
    indptr = rows.indptr.astype(np.int32, copy=False)
    rows = sp.csr_matrix((*arrays, indptr), shape=X.shape, dtype=dtype)
    if not rows.has_canonical_format and not rows.has_sorted_indices:
        rows = _sorted(rows)
    if not rows.has_canonical_format or not rows.data.all():
        rows = rows.copy()
        rows.sum_duplicates()
        rows.eliminate_zeros()
    return rows


def _sorted(X: sp.csr_matrix) -> sp.csr_matrix:
    """Rows with ascending indices, in arrays of their own; large ones sorted on two threads."""
    n_parts = 2 if X.nnz >= _SORT_IN_PARTS else 1
    middle = np.searchsorted(X.indptr, np.linspace(0, X.nnz, n_parts + 1)[1:-1])
    bounds = [0, *middle.tolist(), X.shape[0]]
    with workers(n_parts) as threads:
        parts = list(threads.map(lambda b: _sorted_part(X, *b), pairwise(bounds)))
    data, indices = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("data", "indices")
    )
    return sp.csr_matrix((data, indices, X.indptr), shape=X.shape)


def _sorted_part(X: sp.csr_matrix, start: int, end: int) -> sp.csr_matrix:
    part = X[start:end]
    part.sort_indices()
    return part
