"""The encoders of a pipeline: the columns that each reads, and the features that it makes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import OneToOneFeatureMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder

from skembed._compat import safe_indexing
from skembed.tables import NumberEncoder, TableTransformer
from skembed.tables._field_transformer import field_widths, keeps_columns
from skembed.tables._table_plan import encoder_tables, source_columns
from skembed.tables._table_transformer import column_widths
from skembed.vocabulary import VocabularyTransformer

_NOTHING = (None, "passthrough", "drop")


@dataclass(frozen=True)
class FittedEncoder:
    """A fitted transformer among those of a pipeline that is no composition of others."""

    transformer: Any
    columns: list[str]  # of the pipeline's input; where two steps follow, of what the first makes
    features: np.ndarray  # (n_features_out,) numbers among the pipeline's, -1 where dropped
    table: Callable[[Any], Any]  # from rows of the pipeline's input to those of the transformer

    def column_of_features(self) -> list[str]:
        """Name of the column that each of the features comes from, those of several joined."""
        columns, width = self.columns, len(self.features)
        if len(columns) == 1:
            return columns * width
        widths = _widths(self.transformer, width)
        if len(widths) == len(columns) and sum(widths) == width:
            return [name for name, n in zip(columns, widths, strict=True) for _ in range(n)]
        by_name = _by_name(self.transformer, columns)
        return by_name if by_name and len(by_name) == width else [", ".join(columns)] * width


def fitted_encoders(transformer: Any, n_features: int) -> list[FittedEncoder]:
    """Take a fitted transformer of `n_features` features apart."""
    whole = FittedEncoder(transformer, _input_names(transformer), np.arange(n_features), _same)
    return list(_apart(whole))


def _same(X: Any) -> Any:
    return X


def _input_names(transformer: Any) -> list[str]:
    """Names of the columns of a fitted transformer's input."""
    names = getattr(transformer, "feature_names_in_", None)
    if names is not None:
        return [str(name) for name in names]
    return [f"x{number}" for number in range(getattr(transformer, "n_features_in_", 1))]


def _apart(encoder: FittedEncoder) -> Iterator[FittedEncoder]:
    """Replace compositions by their parts."""
    if isinstance(encoder.transformer, Pipeline):
        yield from _of_pipeline(encoder)
    elif isinstance(encoder.transformer, TableTransformer):
        yield from _of_table(encoder)
    elif isinstance(encoder.transformer, ColumnTransformer):
        yield from _of_columns(encoder)
    elif isinstance(encoder.transformer, FeatureUnion):
        yield from _of_union(encoder)
    else:
        yield encoder


def _of_pipeline(encoder: FittedEncoder) -> Iterator[FittedEncoder]:
    """Parts of the step that makes the features; later ones select or scale them."""
    steps = [step for _, step in encoder.transformer.steps if step not in _NOTHING]
    features, table, columns = encoder.features, encoder.table, encoder.columns
    while len(steps) > 1 and (hasattr(steps[-1], "get_support") or keeps_columns(steps[-1])):
        last = steps.pop()
        if hasattr(last, "get_support"):
            before = np.full(len(last.get_support()), -1)
            before[last.get_support()] = features
            features = before
    while len(steps) > 1 and _n_features_out(steps[0]) == len(columns):
        first = steps.pop(0)
        table = partial(_after, first, table)
    if len(steps) > 1:
        yield FittedEncoder(encoder.transformer, columns, encoder.features, encoder.table)
    elif not steps:
        yield FittedEncoder("passthrough", columns, features, table)
    else:
        yield from _apart(FittedEncoder(steps[0], columns, features, table))


def _after(step: Any, table: Callable[[Any], Any], X: Any) -> Any:
    return step.transform(table(X))


def _n_features_out(step: Any) -> int:
    try:
        return len(step.get_feature_names_out())
    except (AttributeError, ValueError, TypeError):
        return -1


def _of_columns(encoder: FittedEncoder) -> Iterator[FittedEncoder]:
    """Parts of a ColumnTransformer."""
    columns, numbers = encoder.transformer, np.arange(len(encoder.columns))
    frame = pd.DataFrame([numbers], columns=encoder.columns)
    for name, part, chosen in columns.transformers_:
        place = columns.output_indices_.get(name, slice(0, 0))
        if part == "drop" or place.start == place.stop:
            continue
        own = np.atleast_1d(np.asarray(safe_indexing(frame, chosen, axis=1)).ravel())
        names = [encoder.columns[number] for number in own]
        table = partial(_selected, chosen, encoder.table)
        yield from _apart(FittedEncoder(part, names, encoder.features[place], table))


def _selected(chosen: Any, table: Callable[[Any], Any], X: Any) -> Any:
    return safe_indexing(table(X), chosen, axis=1)


def _of_table(encoder: FittedEncoder) -> Iterator[FittedEncoder]:
    """Parts of a TableTransformer."""
    whole, start = encoder.transformer, 0
    sources = source_columns(whole._plan)
    names = dict(zip(whole._names, encoder.columns, strict=True))
    for kind, part in whole.encoders_:
        columns = [names[sources[name][0]] for name in part.feature_names_in_]
        end = start + sum(column_widths(part))
        table = partial(_encoder_table, whole, kind, encoder.table)
        yield from _apart(FittedEncoder(part, columns, encoder.features[start:end], table))
        start = end


def _encoder_table(whole: Any, kind: str, table: Callable[[Any], Any], X: Any) -> Any:
    return encoder_tables(whole._plan, whole._read(table(X)))[kind]


def _of_union(encoder: FittedEncoder) -> Iterator[FittedEncoder]:
    """Parts of a FeatureUnion, where their numbers of features are known."""
    parts = [part for _, part in encoder.transformer.transformer_list if part not in _NOTHING[::2]]
    widths = [len(encoder.columns) if p == "passthrough" else _n_features_out(p) for p in parts]
    if -1 in widths or sum(widths) != len(encoder.features):
        yield encoder
        return
    for part, features in zip(
        parts, np.split(encoder.features, np.cumsum(widths)[:-1]), strict=True
    ):
        yield from _apart(FittedEncoder(part, encoder.columns, features, encoder.table))


def _widths(transformer: Any, width: int) -> list[int]:
    """Number of features of each column; none where that is not known."""
    if isinstance(transformer, VocabularyTransformer | NumberEncoder):
        return column_widths(transformer)
    if isinstance(transformer, OneHotEncoder | KBinsDiscretizer):
        return field_widths(transformer, width)
    if isinstance(transformer, OneToOneFeatureMixin) or transformer == "passthrough":
        return [1] * width
    return []


def _by_name(transformer: Any, columns: list[str]) -> list[str]:
    """Columns whose name each feature's begins with; none where there are other features."""
    try:
        made = [str(name) for name in transformer.get_feature_names_out()]
    except (AttributeError, ValueError, TypeError):
        return []
    known = dict(zip(_input_names(transformer), columns, strict=False))
    found = []
    for name in made:
        begin = [column for column in known if name.startswith(column)]
        if not begin:
            return []
        found.append(known[max(begin, key=len)])
    return found
