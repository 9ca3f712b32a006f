"""Rows drawn from the vocabulary of a model, on which what was exported is compared with it."""

import copy
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from skembed.explanation._encoders import FittedEncoder
from skembed.serving._portable_model import (
    MISSING,
    PADDING,
    NumberColumn,
    PortableModel,
    TermColumn,
)
from skembed.tables import NumberEncoder

_N_ROWS, _N_TERMS = 20, 8

Inputs = dict[str, np.ndarray]


def sample_inputs(model: PortableModel, seed: int = 0) -> Inputs:
    """Inputs of some rows: known, unknown and missing terms, numbers, rows of nothing."""
    rng = np.random.default_rng(seed)
    if model.is_bare:
        dense = rng.random((_N_ROWS, model.n_features)) * (rng.random((_N_ROWS, 1)) > 0.2)
        dense[rng.random(dense.shape) > min(20 / model.n_features, 0.5)] = 0
        return {"X": dense.astype(model.network.table.dtype)}
    inputs = {}
    for group in model.terms:
        words = [gram.split(" ") for column in group.columns for gram in column.terms[:1000]]
        for column in group.columns:
            inputs[column.name] = _drawn_terms(column, group.ngram_range[1], words, rng)
    return inputs | {column.name: _drawn_numbers(column, rng) for column in model.numbers}


def _drawn_terms(
    column: TermColumn, longest: int, words: list[list[str]], rng: np.random.Generator
) -> np.ndarray:
    known = column.terms if longest == 1 else [word for gram in words for word in gram]
    pool = [*known[:5000], "no such term"]
    lost = [MISSING] if column.missing is not None and not column.is_category else []
    drawn = np.full((_N_ROWS, 1 if column.is_category else _N_TERMS), PADDING, dtype=object)
    for row in range(_N_ROWS):
        n = rng.integers(0, drawn.shape[1] + 1)
        drawn[row, :n] = rng.choice(np.array(pool + lost, dtype=object), n)
    return drawn


def _drawn_numbers(column: NumberColumn, rng: np.random.Generator) -> np.ndarray:
    knots = np.concatenate([*column.edges, [-1.0, 0.0, 1.0]])
    numbers = rng.choice(knots, (_N_ROWS, 1)) + rng.normal(size=(_N_ROWS, 1)) * (rng.random() > 0.5)
    numbers[rng.random(_N_ROWS) < 0.1] = np.nan
    return numbers


def features_of_inputs(
    model: PortableModel, encoders: list[FittedEncoder], inputs: Inputs
) -> sp.csr_matrix:
    """The features that the model's own encoders make of inputs, but for splitting of texts."""
    if model.is_bare:
        return sp.csr_matrix(inputs["X"])
    groups, numbers, parts = iter(model.terms), iter(model.numbers), []
    for encoder in encoders:
        if isinstance(encoder.transformer, NumberEncoder):
            own = [next(numbers) for _ in encoder.transformer.edges_]
            frame = pd.concat([pd.DataFrame(inputs[column.name]) for column in own], axis=1)
            frame.columns = getattr(encoder.transformer, "feature_names_in_", frame.columns)
            made = encoder.transformer.transform(
                frame if hasattr(encoder.transformer, "feature_names_in_") else frame.to_numpy()
            )
        else:
            made = _transformed(encoder.transformer, next(groups).columns, inputs)
        made = sp.coo_matrix(made)
        shape = made.shape[0], model.n_features
        parts.append(sp.csr_matrix((made.data, (made.row, encoder.features[made.col])), shape))
    return sum(parts[1:], parts[0])


def _transformed(transformer: Any, columns: list[TermColumn], inputs: Inputs) -> Any:
    plain = copy.copy(transformer)
    plain.tokenizer, plain.handle_unknown = None, "ignore"
    cells = [[_cell(row, column) for row in inputs[column.name]] for column in columns]
    if transformer._names is None:
        return plain.transform(cells[0])
    frame = pd.DataFrame(dict(zip(transformer._names, cells, strict=True)))
    return plain.transform(frame)


def _cell(row: np.ndarray, column: TermColumn) -> Any:
    terms = [None if term == MISSING else term for term in row if term != PADDING]
    if column.is_category and not terms:
        return [] if column.missing is None else None
    return terms
