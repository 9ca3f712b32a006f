"""Rows of data as the inputs of an exported model."""

from typing import Any

import numpy as np
import pandas as pd

from skembed.explanation._encoders import FittedEncoder
from skembed.serving._portable_model import MISSING, PADDING, PortableModel, TermColumn
from skembed.tables import NumberEncoder
from skembed.vocabulary._tokens import Tokens


def inputs_of(model: PortableModel, encoders: list[FittedEncoder], X: Any) -> dict[str, np.ndarray]:
    """Arrays (n_samples, n_places) by the name of the input, of rows as the model takes them."""
    if model.is_bare:
        X = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
        return {"X": X.astype(model.network.table.dtype)}
    groups, numbers, inputs = iter(model.terms), iter(model.numbers), {}
    for encoder in encoders:
        given = encoder.table(X)
        if isinstance(encoder.transformer, NumberEncoder):
            values = np.asarray(pd.DataFrame(given), np.float64)
            for place in range(values.shape[1]):
                inputs[next(numbers).name] = values[:, place : place + 1]
            continue
        _, blocks = encoder.transformer._read(given, reset=False)
        for number, column in enumerate(next(groups).columns):
            parts = [_padded(block[number], column) for block in blocks]
            inputs[column.name] = _stacked(parts)
    return inputs


def _padded(tokens: Tokens, column: TermColumn) -> np.ndarray:
    """Strings (n_rows, n_places) of a block of tokens, those of short rows filled up."""
    lengths = np.diff(tokens.offsets)
    width = 1 if column.is_category else int(lengths.max(initial=1))
    missing = PADDING if column.is_category or column.missing is None else MISSING
    terms = np.array([*tokens.terms.to_pylist(), missing], dtype=object)
    filled = np.full((tokens.n_rows, max(width, 1)), PADDING, dtype=object)
    filled[np.arange(filled.shape[1]) < lengths[:, None]] = terms[tokens.codes]
    return filled


def _stacked(parts: list[np.ndarray]) -> np.ndarray:
    width = max(part.shape[1] for part in parts)
    padded = [
        np.pad(part, [(0, 0), (0, width - part.shape[1])], constant_values=PADDING)
        for part in parts
    ]
    return np.concatenate(padded)
