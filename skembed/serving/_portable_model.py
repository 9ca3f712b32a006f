"""What a fitted model computes, as plain arrays that any other program can be given."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import check_is_fitted

from skembed.estimators._base import BaseEmbeddingDNN
from skembed.estimators._fitted import linear_model_of, whole_network_of
from skembed.estimators._one_state import as_now
from skembed.explanation._encoders import FittedEncoder, fitted_encoders
from skembed.network._network import Network
from skembed.tables import NumberEncoder, TableTransformer
from skembed.training._derived_features import DerivedFeatures
from skembed.training._target_statistics import TargetStatistics
from skembed.vocabulary import VocabularyTransformer
from skembed.vocabulary._output_columns import unique_names

# What stands for a missing term in an input of strings, where missing terms have a feature.
MISSING = "<missing>"
# What fills up rows of strings that are shorter than others, or stands for a missing category.
PADDING = ""
# Numbers of combinations stay below.
_MOST_KEYS = 2**62


@dataclass(frozen=True)
class TermColumn:
    """An input of strings, and the feature of each term.

    Features are numbers among those of the network; -1 where a selection has dropped one.
    """

    name: str
    terms: list[str]
    features: np.ndarray  # (n_terms,) int64
    buckets: np.ndarray  # (n_buckets,) int64 features of terms without a feature of their own
    missing: int | None  # feature of missing values
    is_category: bool  # whether a row has one string, and an empty one is a missing value


@dataclass(frozen=True)
class TermColumns:
    """The inputs of strings of one `VocabularyTransformer`, whose values are made together."""

    columns: list[TermColumn]
    weighting: str
    idf: dict[int, float] | None  # by feature
    ngram_range: tuple[int, int]
    stop_terms: list[str]
    tokens: dict[str, Any] | None  # how a text becomes the terms; None where there are no texts


@dataclass(frozen=True)
class NumberColumn:
    """An input of numbers, and its knots or bins."""

    name: str
    encoding: str  # "linear" or "bin"
    edges: list[np.ndarray]  # of each resolution, float64
    features: list[np.ndarray]  # of each resolution, int64: one a knot or bin, then of missing
    scale: np.ndarray | None  # (2, n) numbers and their normal quantiles
    number: int  # feature of the quantile; -1: none


@dataclass(frozen=True)
class StatisticsTable:
    """Target statistics of all combinations of columns, looked up by one number each.

    The number of a row and combination is the product of the row's codes and `weights`, and
    the combination's own number, from 0.
    """

    weights: np.ndarray  # (n_columns, n_combinations) int64
    keys: np.ndarray  # (n_keys,) int64
    values: np.ndarray  # (n_keys + n_combinations, n_statistics): of keys, then of unknown ones

    @classmethod
    def of(cls, statistics: TargetStatistics) -> "StatisticsTable":
        """Lay out fitted statistics."""
        n = len(statistics.members)
        weights = np.zeros((len(statistics.sizes), n), np.int64)
        for number, members in enumerate(statistics.members):
            factor = 1
            for member in members[members >= 0][::-1].tolist():
                weights[member, number] = factor * n
                factor *= int(statistics.sizes[member])
            if factor * n >= _MOST_KEYS:
                raise TypeError(
                    "Target statistics of combinations of so many categories cannot be exported; "
                    "fit with target_statistics=False or 1."
                )
        own = np.repeat(np.arange(n), np.diff(statistics.offsets))
        values = np.vstack([statistics.values, statistics.unknown])
        return cls(weights, statistics.keys * n + own, values)


@dataclass(frozen=True)
class PortableModel:
    """Inputs, network and outputs of a fitted model."""

    network: Network  # with a row of the table for each feature
    linear: np.ndarray | None  # (n_features, n_outputs) weights beside the network
    derived: DerivedFeatures | None
    statistics: StatisticsTable | None  # of the derived features
    n_features: int  # of X, those that the fit has derived not included
    classes: np.ndarray | None  # None: numbers are predicted
    link: str  # from outputs to predictions: "sigmoid", "softmax", "labels", "exp" or "identity"
    terms: list[TermColumns] = field(default_factory=list)
    numbers: list[NumberColumn] = field(default_factory=list)

    @property
    def is_bare(self) -> bool:
        """Whether the input is the features themselves."""
        return not self.terms and not self.numbers


def portable_model(model: Any) -> tuple[PortableModel, list[FittedEncoder]]:
    """Take a fitted network, or a pipeline that ends in one, apart.

    Returns
    -------
    tuple of PortableModel and list of FittedEncoder
        The model, and where the inputs of each of its encoders come from.

    Raises
    ------
    TypeError
        For models with a step that has no counterpart elsewhere, which is named.
    """
    steps: list[Any] = []
    if isinstance(model, Pipeline):
        check_is_fitted(model)
        *named, (_, model) = model.steps
        steps = [step for _, step in named if step not in (None, "passthrough")]
    if not isinstance(model, BaseEmbeddingDNN):
        raise TypeError(
            "Only an EmbeddingDNNClassifier or EmbeddingDNNRegressor, or a Pipeline that ends in "
            f"one, can be exported; got {type(model).__name__}."
        )
    check_is_fitted(model, "coefs_")
    model = as_now(model)
    if len(steps) > 1:
        raise _unsupported(steps[1])
    encoders = _encoders(steps[0], model.n_features_in_) if steps else []
    names = iter(unique_names([name for encoder in encoders for name in _input_names(encoder)]))
    terms, numbers = [], []
    categories = [one for step in steps for one in _category_encoders(step)]
    for encoder in encoders:
        own = [next(names) for _ in _input_names(encoder)]
        if isinstance(encoder.transformer, NumberEncoder):
            numbers += _number_columns(encoder, own)
        else:
            is_category = any(encoder.transformer is one for one in categories)
            terms.append(_term_columns(encoder, own, is_category))
    return PortableModel(**_network_parts(model), terms=terms, numbers=numbers), encoders


def _network_parts(model: Any) -> dict[str, Any]:
    network, linear = whole_network_of(model), linear_model_of(model)
    derived = getattr(model, "_derived_features", None)
    kind = "exp" if getattr(model, "loss", None) == "poisson" else "identity"
    classes = getattr(model, "classes_", None)
    if classes is not None:
        two = len(network.biases[-1]) == 1
        kind = "labels" if model._label_sets else "sigmoid" if two else "softmax"
    return {
        "network": network,
        "linear": None if linear is None else linear.table.whole(),
        "derived": derived,
        "statistics": None if derived is None else StatisticsTable.of(derived.statistics),
        "n_features": model.n_features_in_,
        "classes": classes,
        "link": kind,
    }


def _encoders(transformer: Any, n_features: int) -> list[FittedEncoder]:
    encoders = fitted_encoders(transformer, n_features)
    for encoder in encoders:
        if not isinstance(encoder.transformer, VocabularyTransformer | NumberEncoder):
            raise _unsupported(encoder.transformer)
    for part in _parts(transformer):
        if isinstance(part, Pipeline):  # scalers and selections in it would be lost
            raise _unsupported(part)
    return encoders


def _parts(transformer: Any) -> Iterator[Any]:
    """A transformer, and those that it is put together of."""
    yield transformer
    inner: list[Any] = []
    if isinstance(transformer, ColumnTransformer):
        inner = [part for _, part, _ in transformer.transformers_]
    elif isinstance(transformer, FeatureUnion):
        inner = [part for _, part in transformer.transformer_list]
    elif isinstance(transformer, TableTransformer):
        inner = [part for _, part in transformer.encoders_]
    for part in inner:
        yield from _parts(part)


def _category_encoders(transformer: Any) -> Iterator[Any]:
    """Encoders of the columns of tables that hold one category a row."""
    for part in _parts(transformer):
        if isinstance(part, TableTransformer):
            yield from (one for kind, one in part.encoders_ if kind == "categorical")


def _unsupported(step: Any) -> TypeError:
    name = step if isinstance(step, str) else type(step).__name__
    return TypeError(
        f"{name} cannot be exported. Before the network, use a VocabularyTransformer, a "
        "TableTransformer (make_embedding_pipeline), or a FieldTransformer or ColumnTransformer "
        "of VocabularyTransformers and NumberEncoders."
    )


def _input_names(encoder: FittedEncoder) -> list[str]:
    transformer = encoder.transformer
    if isinstance(transformer, VocabularyTransformer) and transformer._names is None:
        single = encoder.columns[0] if len(encoder.columns) == 1 else "x0"
        plain = "terms" if transformer.tokenizer is None else "tokens"
        return [plain if single == "x0" else single]
    names = getattr(transformer, "feature_names_in_", None)
    if names is None:
        names = encoder.columns
    return [str(name) for name in names]


def _term_columns(encoder: FittedEncoder, names: list[str], is_category: bool) -> TermColumns:
    transformer = encoder.transformer
    if transformer.char_ngram_range is not None:
        raise TypeError(
            f"char_ngram_range={transformer.char_ngram_range} cannot be exported: the exported "
            "model does not cut terms into n-grams of characters. Fit with char_ngram_range=None, "
            "or store the model with skembed.save."
        )
    if transformer.handle_unknown == "error":
        warnings.warn(
            "handle_unknown='error' cannot be exported; the exported model ignores terms that are "
            "not in the vocabulary.",
            UserWarning,
            stacklevel=2,
        )
    columns, end = [], 0
    for name, one in zip(names, transformer._fields, strict=True):
        features = np.asarray(encoder.features[end : end + one.width], np.int64)
        end += one.width
        terms = one.vocabulary.terms.to_pylist()[: one.n_terms]
        buckets = features[one.n_terms : one.n_terms + one.n_buckets]
        missing = int(features[-1]) if one.has_missing else None
        if PADDING in terms:
            raise ValueError(
                f"The vocabulary of {name!r} has the empty string, which is the padding in the "
                "inputs of an exported model; replace the empty string before the fit."
            )
        columns.append(
            TermColumn(name, terms, features[: one.n_terms], buckets, missing, is_category)
        )
    idf = None
    if transformer.weighting == "tfidf":
        idf = dict(zip(encoder.features.tolist(), transformer.idf_.tolist(), strict=True))
    tokens = None
    if transformer.tokenizer == "word":
        tokens = {"pattern": transformer.token_pattern, "lowercase": transformer.lowercase}
    elif transformer.tokenizer is not None:
        tokens = {"pattern": None, "lowercase": transformer.lowercase}
    return TermColumns(
        columns,
        transformer.weighting,
        idf,
        tuple(transformer.ngram_range),
        list(transformer.stop_terms or ()),
        tokens,
    )


def _number_columns(encoder: FittedEncoder, names: list[str]) -> list[NumberColumn]:
    transformer, end, columns = encoder.transformer, 0, []
    n_numbers = len(transformer.scales_)
    numbers = encoder.features[len(encoder.features) - n_numbers :].tolist() or [-1] * len(names)
    for number, (name, of_column) in enumerate(zip(names, transformer.edges_, strict=True)):
        features = []
        for edges in of_column:
            width = transformer._width(edges)
            features.append(np.asarray(encoder.features[end : end + width], np.int64))
            end += width
        scale = transformer.scales_[number] if n_numbers else None
        columns.append(
            NumberColumn(
                name, transformer.encoding, list(of_column), features, scale, numbers[number]
            )
        )
    return columns
