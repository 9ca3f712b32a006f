"""CSR matrices that keep the field of each column through what is done to matrices."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from skembed.network._made_fields import remember_fields


class _KeepsFields:
    """Fields (n_columns,) of the columns; None where an operation has lost them.

    Rows may be chosen, columns chosen or put in another order, values changed and types
    converted. Sums, products and stacks are new matrices whose columns may mean anything.
    """

    fields: np.ndarray | None = None
    shape: tuple[int, ...]

    def __getitem__(self, key: Any) -> Any:
        made = super().__getitem__(key)  # type: ignore[misc]
        if self.fields is not None and isinstance(made, _KeepsFields):
            fields = _chosen(self.fields, key)
            if fields is not None and len(fields) == made.shape[-1]:
                made.fields = fields
        return made

    def copy(self) -> Self:
        """Copy the matrix, with its fields."""
        return self._like(super().copy())  # type: ignore[misc]

    def astype(self, dtype: Any, casting: str = "unsafe", copy: bool = True) -> Self:
        """Convert the values; the fields stay."""
        return self._like(super().astype(dtype, casting=casting, copy=copy))  # type: ignore[misc]

    def _with_data(self, data: np.ndarray, copy: bool = True) -> Any:
        """The same structure with other values: scipy's way to scale, negate and copy."""
        return self._like(super()._with_data(data, copy=copy))  # type: ignore[misc]

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self.fields is not None:  # it comes from another process, whose steps can lose fields
            remember_fields(self)

    def _like(self, made: Any) -> Any:
        if isinstance(made, _KeepsFields) and made.shape == self.shape:
            made.fields = self.fields
        return made


class FieldMatrix(_KeepsFields, sp.csr_matrix):
    """`scipy.sparse.csr_matrix` with the field of each column."""


class FieldArray(_KeepsFields, sp.csr_array):
    """`scipy.sparse.csr_array` with the field of each column."""


def has_lost_fields(X: Any) -> bool:
    """Whether X comes from a matrix with fields by an operation that has lost them."""
    return isinstance(X, _KeepsFields) and X.fields is None


def _chosen(fields: np.ndarray, key: Any) -> np.ndarray | None:
    """Fields of the columns that a key chooses; None where it chooses entries, not columns."""
    if not isinstance(key, tuple):
        rows, columns = key, slice(None)
    elif len(key) == 2:
        rows, columns = key
    else:
        return None
    if sp.issparse(rows) or sp.issparse(columns) or rows is None or columns is None:
        return None
    if isinstance(columns, slice):
        return None if _n_dims(rows) == 2 and not isinstance(key, tuple) else fields[columns]
    if columns is Ellipsis:
        return fields
    columns = np.asarray(columns)
    if columns.ndim == 0:
        return fields[columns.reshape(1)]
    if columns.ndim == 2 and columns.shape[0] == 1 and _n_dims(rows) == 2:  # np.ix_
        return fields[columns[0]]
    if columns.ndim == 1 and (isinstance(rows, slice) or rows is Ellipsis or _n_dims(rows) == 0):
        return fields[columns]
    return None


def _n_dims(rows: Any) -> int | None:
    """Dimensions of an index; None for a slice or an ellipsis."""
    return None if isinstance(rows, slice) or rows is Ellipsis else np.ndim(rows)
