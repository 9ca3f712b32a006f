"""Whether the fitted attributes of an estimator fit together, checked before they are used."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from skembed._checked_file import ModelFormatError
from skembed.saving._derived_state import is_derived_features
from skembed.saving._recommender_state import (
    is_item_ids,
    is_item_vocabulary,
    recommender_fault,
)

State = dict[str, Any]


def check_state(class_name: str, state: State) -> None:
    """Raise ModelFormatError for fitted attributes that no fit of that class leaves."""
    required, optional = ATTRIBUTES[class_name]
    if class_name == "VocabularyTransformer" and "_fields" not in state:
        required = {}  # hashing needs no fit
    for name, check in {**required, **optional}.items():
        if name in state:
            _require(check(state[name]), f"{name} is not valid")
        else:
            _require(name not in required, f"{name} is missing")
    if class_name == "VocabularyTransformer":
        _check_columns(state)
    elif class_name == "EmbeddingRecommender":
        fault = recommender_fault(state)
        _require(fault is None, str(fault))
    elif "embeddings_" in required:
        _check_network(class_name, state)


def architecture(state: State) -> dict[str, Any]:
    """Sizes of the network; what the manifest says of it."""
    n_features, embedding_dim = state["embeddings_"].shape
    return {
        "n_features": n_features,
        "embedding_dim": embedding_dim,
        "units": [len(bias) for bias in state["intercepts_"]],
        "dtype": state["embeddings_"].dtype.name,
    }


def _require(condition: Any, fault: str) -> None:
    if not condition:
        raise ModelFormatError(f"{fault}.")


def _check_network(class_name: str, state: State) -> None:
    table, kernels, biases = state["embeddings_"], state["coefs_"], state["intercepts_"]
    derived, n_features = state.get("_derived_features"), state["n_features_in_"]
    n_rows = n_features if derived is None else n_features + derived.statistics.n_numbers
    _require(table.shape[0] == n_rows, "embeddings_ does not have n_features_in_ rows")
    columns = derived is None or len(derived.codes.columns) == n_features
    _require(columns, "_derived_features does not have n_features_in_ features")
    _require(kernels and len(kernels) == len(biases), "coefs_ and intercepts_ differ in length")
    layout = state.get("_field_layout_")
    _require(
        layout is None or len(layout.numbers) == len(table), "the fields do not match embeddings_"
    )
    n_fields = 1 if layout is None else layout.n_fields
    n_inputs = table.shape[1] * n_fields
    if kernels and len(kernels[0]) == n_inputs + n_fields:  # and the sizes of the rows
        n_inputs += n_fields
    sizes = [n_inputs, *map(len, biases)]
    for number, (kernel, shape) in enumerate(zip(kernels, pairwise(sizes), strict=True)):
        _require(kernel.shape == shape, f"coefs_[{number}] has shape {kernel.shape}, not {shape}")
    dtypes = {array.dtype for array in [table, *kernels, *biases]}
    _require(len(dtypes) == 1, "the weights are not all of one dtype")
    _require(sizes[-1] == _n_outputs(class_name, state), f"there are {sizes[-1]} outputs")
    names = state.get("feature_names_in_")
    _require(names is None or len(names) == n_features, "feature_names_in_ has a wrong length")
    width = table.shape[1] + _check_linear_part(state, table, sizes[-1])
    beside = state.get("_linear_model")
    if beside is not None:
        fits = beside.shape == (n_features, sizes[-1]) and beside.dtype == table.dtype
        _require(fits, "_linear_model has a wrong shape")
    optimizer = state["_optimizer_state"]
    slots = [] if optimizer is None else optimizer.table_slots
    shape = len(table), width
    _require(all(slot.shape == shape for slot in slots), "_optimizer_state has wrong shapes")


def _check_linear_part(state: State, table: np.ndarray, n_outputs: int) -> int:
    """Check the weights of the linear part; returns its columns, none in the first files."""
    linear = state.get("_linear_table", table[:, :0])
    scale = state.get("_linear_scale", np.zeros(0, table.dtype))
    _require(linear.dtype == scale.dtype == table.dtype, "the weights are not all of one dtype")
    sizes = len(linear) == len(table) and linear.shape[1] == len(scale)
    _require(sizes and len(scale) in (0, n_outputs), "_linear_table has a wrong shape")
    return len(scale)


def _n_outputs(class_name: str, state: State) -> int:
    if class_name == "EmbeddingDNNRegressor":
        n_outputs = state["n_outputs_"]
        for name in "_target_offset", "_target_scale":
            _require(np.shape(state[name]) in ((), (n_outputs,)), f"{name} has a wrong shape")
        return n_outputs
    classes = state["classes_"]
    if state["_label_sets"]:
        _require(np.array_equal(classes, np.arange(len(classes))), "classes_ is not 0, 1, ...")
        return len(classes)
    _require(len(classes) > 1 and (classes[:-1] < classes[1:]).all(), "classes_ is not sorted")
    return 1 if len(classes) == 2 else len(classes)


def _check_columns(state: State) -> None:
    """Check the attributes of a transformer that say what the columns of the input are."""
    names, fields, tracked = (
        state.get("_names"),
        state.get("_fields", []),
        state.get("_tracked", []),
    )
    given = state.get("feature_names_in_")
    if names is None:
        _require("_fields" not in state or len(fields) == 1, "_fields does not have one column")
    else:
        _require(len(names) == len(fields), "_names and _fields differ in length")
        _require(state.get("n_features_in_") == len(names), "n_features_in_ is not that of _names")
        _require(given is None or list(given) == names, "feature_names_in_ is not _names")
    _require(len(fields) == len(tracked), "_fields and _tracked differ in length")
    for terms in [f.vocabulary.terms for f in fields] + [t.counts.terms for t in tracked]:
        _require(len(terms.unique()) == len(terms), "a vocabulary has duplicate terms")


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_index(value: Any) -> bool:
    """Whether a value is an integer, of Python or numpy, that is not negative."""
    whole = type(value) is int or isinstance(value, np.integer)
    return bool(whole and 0 <= value < 2**63)


def _is_bool(value: Any) -> bool:
    return type(value) is bool


def _is_array(value: Any, kinds: str, ndim: int) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in kinds and value.ndim == ndim


def _moderate(weights: np.ndarray) -> bool:
    """Whether weights are finite, and none so large that products of a few overflow."""
    largest = float(np.cbrt(np.finfo(weights.dtype).max))
    return bool((np.abs(weights) <= largest).all())


def _is_weights(value: Any, ndim: int) -> bool:
    """Whether a value is a finite array of weights that is not empty."""
    if not _is_array(value, "f", ndim) or value.dtype.itemsize < 4 or not value.size:
        return False
    return _moderate(value)


def _all(check: Callable[..., bool], *args: Any) -> Callable[[Any], bool]:
    """Return a check for lists whose items all pass `check`."""
    return lambda value: type(value) is list and all(check(item, *args) for item in value)


def _is_classes(value: Any) -> bool:
    if not _is_array(value, "biufUO", 1):
        return False
    return value.dtype.kind != "f" or not np.isnan(value).any()


def _is_names(value: Any) -> bool:
    return _is_array(value, "O", 1)


def _is_scores(value: Any) -> bool:
    lists = type(value) is dict and all(type(name) is str for name in value)
    return lists and "loss" in value and all(map(_all(isinstance, float), value.values()))


def _is_numbers(value: Any) -> bool:
    """Whether a value is a finite number or a 1-D array of them."""
    number = isinstance(value, int | float | np.number) or _is_array(value, "f", 1)
    return bool(number and np.all(np.isfinite(value)))


def _is_plan(value: Any) -> bool:
    """Whether these are settings; those of candidates may be among them."""
    return type(value) is dict and all(
        _is_setting(item) or _all(_are_settings)(item) for item in value.values()
    )


def _are_settings(value: Any) -> bool:
    return type(value) is dict and all(map(_is_setting, value.values()))


def _is_setting(value: Any) -> bool:
    integers = type(value) is list and all(type(item) is int for item in value)
    return integers or isinstance(value, str | int | float)


def _is_optimizer_state(value: Any) -> bool:
    if value is None:
        return True
    if type(value).__name__ != "OptimizerState":
        return False
    slots = _all(_is_array, "f", 2)(value.table_slots)
    others = _all(isinstance, np.ndarray | np.generic)(value.others)
    fills = _all(isinstance, float)(value.fills) and len(value.fills) == len(value.table_slots)
    return slots and others and fills


def _is_layout(value: Any) -> bool:
    if value is None:
        return True
    if type(value).__name__ != "FieldLayout" or not _is_index(value.n_fields):
        return False
    if not _is_array(value.numbers, "i", 1) or not _is_array(value.summed, "b", 1):
        return False
    fields = value.numbers.dtype == np.int32 and len(value.summed) == value.n_fields > 0
    known = (value.numbers >= 0) & (value.numbers < value.n_fields)
    return bool(fields and known.all())


def _is_column_names(value: Any) -> bool:
    return value is None or _all(isinstance, str)(value)


def _is_vocabulary(value: Any) -> bool:
    import pyarrow as pa

    if type(value).__name__ != "Vocabulary" or not isinstance(value.terms, pa.LargeStringArray):
        return False
    n_terms, documents, occurrences = len(value.terms), value.document_counts, value.term_counts
    if not _is_array(documents, "i", 1) or not _is_array(occurrences, "if", 1):
        return False
    sizes = len(documents) == n_terms == len(occurrences) and documents.dtype == np.int64
    return sizes and bool((documents >= 0).all() and np.isfinite(occurrences).all())


def _is_field(value: Any) -> bool:
    if type(value).__name__ != "Field" or not _is_vocabulary(value.vocabulary):
        return False
    if not (_is_bool(value.hashed) and _is_bool(value.has_missing) and _is_index(value.n_buckets)):
        return False
    return value.n_buckets >= value.hashed and value.width < 2**31


def _is_tracked(value: Any) -> bool:
    if type(value).__name__ != "Tracked" or not _is_vocabulary(value.counts):
        return False
    if not _is_array(value.entered, "i", 1) or not _is_index(value.error):
        return False
    sizes = len(value.entered) == len(value.counts.terms)
    return bool(sizes and ((value.entered >= 0) & (value.entered <= value.error)).all())


def _is_edges(value: Any) -> bool:
    """Whether a value is an array of numbers that ascend."""
    if not _is_array(value, "f", 1) or value.dtype != np.float64:
        return False
    return bool(np.isfinite(value).all() and (value[1:] > value[:-1]).all())


def _is_scale(value: Any) -> bool:
    """Whether a value is numbers that ascend and their normal quantiles, (2, n)."""
    if not _is_array(value, "f", 2) or len(value) != 2 or not value.shape[1]:
        return False
    return _is_edges(value[0]) and bool(np.isfinite(value[1]).all())


def _is_planned(value: Any) -> bool:
    if type(value).__name__ != "PlannedColumn" or not _is_bool(value.with_hours):
        return False
    return all(type(text) is str for text in (value.name, value.kind, value.why))


def _is_encoder(value: Any) -> bool:
    """Whether a value is a kind of columns and a fitted transformer."""
    pair = type(value) is tuple and len(value) == 2 and type(value[0]) is str
    return pair and hasattr(value[1], "transform") and hasattr(value[1], "feature_names_in_")


_Checks = dict[str, Callable[[Any], bool]]
_OUTPUT: _Checks = {"_sklearn_output_config": lambda value: type(value) is dict}
_NETWORK: _Checks = {
    "embeddings_": lambda value: _is_weights(value, 2),
    "coefs_": _all(_is_weights, 2),
    "intercepts_": _all(_is_weights, 1),
    "history_": _is_scores,
    "n_steps_": _is_count,
    "n_epochs_": _is_count,
    "n_features_in_": _is_count,
    "_optimizer_state": _is_optimizer_state,
}
_NETWORK_OPTIONS: _Checks = {
    **_OUTPUT,
    "_field_layout_": _is_layout,
    "_derived_features": is_derived_features,
    "_optimizer_kind": lambda value: isinstance(value, str),
    "_linear_table": lambda value: _is_array(value, "f", 2) and _moderate(value),
    "_linear_model": lambda value: _is_weights(value, 2),
    "_linear_scale": lambda value: _is_array(value, "f", 1) and _moderate(value),
    "best_epoch_": _is_count,
    "n_members_": lambda value: _is_count(value) and value > 0,
    "plan_": _is_plan,
    "feature_names_in_": _is_names,
}
# Per class the attributes that every fit leaves, and those that some do.
ATTRIBUTES: dict[str, tuple[_Checks, _Checks]] = {
    "EmbeddingDNNClassifier": (
        {**_NETWORK, "classes_": _is_classes, "_label_sets": _is_bool},
        _NETWORK_OPTIONS,
    ),
    "EmbeddingDNNRegressor": (
        {
            **_NETWORK,
            "n_outputs_": _is_count,
            "_target_offset": _is_numbers,
            "_target_scale": _is_numbers,
        },
        _NETWORK_OPTIONS,
    ),
    "EmbeddingRecommender": (
        {
            "embeddings_": lambda value: _is_weights(value, 2),
            "coefs_": _all(_is_weights, 2),
            "intercepts_": _all(_is_weights, 1),
            "items_": is_item_ids,
            "_vocabulary": is_item_vocabulary,
            "_item_weights": lambda value: value is None or _is_weights(value, 2),
            "_weighted_items": lambda value: value is None or _is_array(value, "i", 1),
            "plan_": _is_plan,
            "history_": _is_scores,
            "n_steps_": _is_count,
            "n_epochs_": _is_count,
        },
        {
            "_linear_table": lambda value: _is_array(value, "f", 2) and not value.shape[1],
            "_linear_scale": lambda value: _is_array(value, "f", 1) and not len(value),
            "n_features_in_": _is_count,
            "feature_names_in_": _is_names,
        },
    ),
    "VocabularyTransformer": (
        {
            "_names": _is_column_names,
            "_fields": _all(_is_field),
            "_tracked": _all(_is_tracked),
            "n_samples_seen_": _is_count,
        },
        {**_OUTPUT, "n_features_in_": _is_count, "feature_names_in_": _is_names},
    ),
    "NumberEncoder": (
        {
            "edges_": lambda value: type(value) is list and all(map(_all(_is_edges), value)),
            "scales_": _all(_is_scale),
            "n_features_in_": _is_count,
        },
        {**_OUTPUT, "feature_names_in_": _is_names},
    ),
    "TableTransformer": (
        {
            "_names": _all(isinstance, str),
            "_plan": _all(_is_planned),
            "encoders_": _all(_is_encoder),
            "n_features_in_": _is_count,
        },
        {**_OUTPUT, "feature_names_in_": _is_names},
    ),
}
