"""The features of a fitted estimator: their embeddings, names, counts and effects."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.NDArray[np.number[Any]]


def embeddings_of(estimator: BaseEstimator) -> Floats:
    """Return the embedding table of an estimator or of a pipeline's last step."""
    last = _last_step(estimator)
    if not hasattr(last, "embeddings_"):
        raise TypeError(
            f"{type(last).__name__} has no attribute embeddings_; give an estimator that learns "
            "embeddings, such as EmbeddingDNNClassifier, or a pipeline that ends in one."
        )
    return last.embeddings_


def names_of(estimator: BaseEstimator, n_features: int) -> Collection[str]:
    """Return the names of the features that have the embeddings."""
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        return _names_from_steps(estimator[:-1])
    default = [f"x{index}" for index in range(n_features)]
    last = _last_step(estimator)
    if hasattr(last, "items_"):  # those of a recommender
        return [str(item) for item in last.items_.tolist()]
    return getattr(last, "feature_names_in_", default)


def counts_of(estimator: BaseEstimator) -> Numbers | None:
    """Return the document count of each feature, NaN where a pipeline's vocabulary has none."""
    counts = _counted_terms(estimator)
    if not counts:
        return None
    try:
        names = _names_from_steps(estimator[:-1])
    except ValueError:
        return None
    found = np.array([counts.get(name, np.nan) for name in names])
    if np.isnan(found).all():
        return None
    return found if np.isnan(found).any() else found.astype(np.int64)


class Effects(NamedTuple):
    """A number for each feature, and where its sign points."""

    values: Floats  # (n_features,)
    name: str
    directions: tuple[str, str] | None  # of numbers below 0, and above


def effects_of(estimator: BaseEstimator, output: int | None) -> Effects | None:
    """Return the effect of each feature on an output, by default on the only one.

    Of our networks it is what the feature alone adds to the output of an empty row; of
    other estimators the weight in their linear part, ``linear_coef_``.
    """
    last = _last_step(estimator)
    if hasattr(last, "_effects_alone"):
        table, name = last._effects_alone().T, "effect alone"
    else:
        table, name = (
            np.atleast_2d(getattr(last, "linear_coef_", np.empty((0, 0)))),
            "linear weight",
        )
    if not len(table):  # an estimator that could have a linear part has (0, n_features)
        if output is None:
            return None
        raise ValueError(
            f"output is {output}, but {type(last).__name__} has no linear part; set output=None."
        )
    if output is None and len(table) > 1:
        return None
    number = output or 0
    if not 0 <= number < len(table):
        raise ValueError(
            f"output is {output}, but the estimator has {len(table)} outputs; "
            f"give a number from 0 to {len(table) - 1}."
        )
    return Effects(table[number], name, _directions(last, number, len(table)))


def rows_of(estimator: BaseEstimator, X: Any) -> Any:
    """Return the features of rows, as an estimator or a pipeline's last step gets them."""
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        return estimator[:-1].transform(X)
    return estimator.item_matrix(X) if hasattr(estimator, "item_matrix") else X


def _directions(last: BaseEstimator, output: int, n_outputs: int) -> tuple[str, str] | None:
    classes = getattr(last, "classes_", None)
    if classes is None:
        return ("smaller", "larger") if hasattr(last, "_effects_alone") else None
    if n_outputs == 1 and len(classes) == 2:
        return str(classes[0]), str(classes[1])
    return (f"not {classes[output]}", str(classes[output])) if output < len(classes) else None


def _last_step(estimator: BaseEstimator) -> BaseEstimator:
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def _names_from_steps(steps: Pipeline) -> Collection[str]:
    """Return the names of the features that leave the steps before the last."""
    try:
        return steps.get_feature_names_out()
    except AttributeError as error:
        raise ValueError(
            "The pipeline's steps before the last cannot name their features, because one has no "
            "get_feature_names_out; pass the names as feature_names to EmbeddingDisplay."
        ) from error


def _counted_terms(estimator: BaseEstimator) -> dict[str, int]:
    """Return the document count of each feature of a pipeline's vocabulary, by its name."""
    steps = estimator[:-1] if isinstance(estimator, Pipeline) else []
    for step in steps:
        if hasattr(step, "document_counts_") and hasattr(step, "vocabulary_"):
            return _counts_by_name(step)
    return {}


def _counts_by_name(vocabulary: Any) -> dict[str, int]:
    """Return the document count of each term's feature, by the name of the feature."""
    terms, counts = vocabulary.vocabulary_, vocabulary.document_counts_
    # Hashed terms are counted too, but have no column: their vocabulary is empty.
    if isinstance(terms, dict):
        return dict(zip(terms, counts, strict=False))
    names = vocabulary.get_feature_names_out()
    # each column of the input has its terms, then as many further features as any other
    n_extra = (len(names) - sum(map(len, terms))) // max(len(terms), 1)
    found: dict[str, int] = {}
    start = 0
    for of_column, numbers in zip(terms, counts, strict=True):
        found |= dict(zip(names[start : start + len(of_column)], numbers, strict=False))
        start += len(of_column) + n_extra
    return found
