"""Fitted attributes of networks in fewer bytes: tables as codes, dense layers as float16."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skembed._checked_file import ModelFormatError
from skembed.network._quantized_rows import QuantizedRows, column_gains

State = dict[str, Any]

NAME = "_quantized_table"
# Rows that have a feature of which that is not known.
MANY = 1e30
_HALF = ("coefs_", "_linear_model")
_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Quantizing:
    """How tables are rounded."""

    prune: float = 0.0  # share of the rows that become the mean
    counts: np.ndarray | None = None  # (n_features,) rows of data that have each feature


def quantized_state(estimator: Any, state: State, how: Quantizing) -> State:
    """Attributes of a network with a quantized table, and without the optimizer's state."""
    rows = estimator._table.rows
    if not isinstance(rows, QuantizedRows) or estimator._table.places is not None or how.prune:
        table, counts = estimator._table.whole(), how.counts
        if counts is not None:  # features that the fit has derived come last
            counts = np.pad(counts, (0, len(table) - len(counts)), constant_values=MANY)
        rows = QuantizedRows.of(table, _gains(estimator), prune=how.prune, counts=counts)
    kept = {k: v for k, v in state.items() if k not in ("embeddings_", "_linear_table")}
    for name in _HALF:
        if name in kept:
            kept[name] = _halved(kept[name])
    return {**kept, NAME: rows, "_optimizer_state": None}


def expanded_state(state: State) -> State:
    """Attributes with the table and the layers in the type of the network.

    Raises
    ------
    ModelFormatError
        If the table is none.
    """
    rows = state.get(NAME)
    if rows is None:
        return state
    scale = state.get("_linear_scale")
    if not (_is_table(rows) and isinstance(scale, np.ndarray) and scale.ndim == 1):
        raise ModelFormatError(f"{NAME} is not valid.")
    table, dim = rows.whole(), rows.shape[1] - len(scale)
    whole = {k: v for k, v in state.items() if k != NAME}
    for name in _HALF:
        if name in whole:
            whole[name] = _widened(whole[name], table.dtype)
    return {**whole, "embeddings_": table[:, :dim].copy(), "_linear_table": table[:, dim:].copy()}


def _gains(estimator: Any) -> np.ndarray:
    scale = estimator._linear_scale
    dim = estimator._table.rows.shape[1] - len(scale)
    return column_gains(estimator.coefs_, scale, dim)


def _halved(value: Any) -> Any:
    """Arrays in two bytes a number, where these can hold them."""
    if isinstance(value, list):
        return [_halved(part) for part in value]
    fits = np.abs(value).max(initial=0) < _LARGEST
    return value.astype(np.float16) if fits else value


def _widened(value: Any, dtype: np.dtype) -> Any:
    if isinstance(value, list):
        return [_widened(part, dtype) for part in value]
    is_half = isinstance(value, np.ndarray) and value.dtype == np.float16
    return value.astype(dtype) if is_half else value


def _is_table(rows: Any) -> bool:
    """Whether quantized rows of a file fit together and are finite."""
    if not isinstance(rows, QuantizedRows):
        return False
    parts = rows.codes, rows.basis, rows.mean
    if not all(isinstance(part, np.ndarray) for part in parts) or rows.codes.dtype != np.int8:
        return False
    if rows.codes.ndim != 2 or not rows.codes.size:
        return False
    if rows.mean.ndim != 1 or rows.basis.shape != (rows.codes.shape[1], len(rows.mean)):
        return False
    floats = rows.basis.dtype == rows.mean.dtype and rows.mean.dtype in (np.float32, np.float64)
    return bool(floats and np.isfinite(rows.basis).all() and np.isfinite(rows.mean).all())
