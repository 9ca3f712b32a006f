"""Estimators as parameters and fitted attributes, and back, also those inside others."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from skembed._checked_file import ModelFormatError
from skembed.network._network import Table
from skembed.saving._fitted_state import check_state
from skembed.saving._manifest_values import Reader, Writer
from skembed.saving._quantized_state import NAME as QUANTIZED
from skembed.saving._quantized_state import Quantizing, expanded_state, quantized_state

# Classes that can be saved, and where they are.
MODULES = {
    "EmbeddingDNNClassifier": "skembed.estimators._classifier",
    "EmbeddingDNNRegressor": "skembed.estimators._regressor",
    "EmbeddingRecommender": "skembed.recommending._recommender",
    "NumberEncoder": "skembed.tables._number_encoder",
    "TableTransformer": "skembed.tables._table_transformer",
    "VocabularyTransformer": "skembed.vocabulary._transformer",
}
# Those that can be values of others: parameters, or fitted attributes.
_NESTED = frozenset({"NumberEncoder", "VocabularyTransformer"})


def is_known(estimator: Any) -> bool:
    """Whether an estimator is of a class that can be saved."""
    name = type(estimator).__name__
    return type(estimator).__module__ == MODULES.get(name)


def described(
    estimator: Any, writer: Writer, path: str, quantizing: Quantizing | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Nodes of class, parameters and fitted attributes; and these attributes.

    `path` precedes the names of tensors. With `quantizing` the tables of networks are rounded.
    """
    parameters, state = _portable_parameters(estimator), _state(estimator)
    if quantizing is not None and "_optimizer_state" in state:
        state = quantized_state(estimator, state, quantizing)
    nodes = {
        "class": type(estimator).__name__,
        "parameters": {k: writer.node(v, f"{path}parameters.{k}") for k, v in parameters.items()},
        "fitted": {k: writer.node(v, f"{path}fitted.{k}") for k, v in state.items()},
    }
    return nodes, expanded_state(state)


def restored(nodes: dict[str, Any], reader: Reader, depth: int = 0) -> tuple[Any, dict[str, Any]]:
    """Return the estimator that such nodes describe, checked, and its fitted attributes."""
    kind = _class(nodes["class"])
    parameters = _read_items(nodes["parameters"], reader, depth)
    state = _read_items(nodes["fitted"], reader, depth)
    if not depth:
        reader.check_all_used()
    if not parameters.keys() <= kind().get_params(deep=False).keys():
        raise ModelFormatError(
            f"{kind.__name__} does not have the parameters {list(parameters)!r:.80}."
        )
    unknown = [name for name in state if not _is_attribute(name, kind)]
    if unknown:
        raise ModelFormatError(f"{kind.__name__} has no fitted attribute {unknown[0]!r:.80}.")
    quantized, state = state.get(QUANTIZED), expanded_state(state)
    estimator = kind(**parameters)
    if state or not depth:  # an estimator that is a parameter need not be fitted
        check_state(kind.__name__, state)
    try:
        estimator._validate_params()
        if hasattr(estimator, "_check_rules"):
            estimator._check_rules()
    except (TypeError, ValueError) as error:
        raise ModelFormatError(f"a parameter is not valid: {error}") from None
    vars(estimator).update(_with_table(state))
    if quantized is not None:
        estimator._table = Table(quantized)
    if state and hasattr(estimator, "_check_fitted"):
        _check_fitted(estimator)
    return estimator, state


def nested_node(value: Any, writer: Writer, path: str) -> dict[str, Any] | None:
    """Node of an estimator that is a value of another; None for any other value."""
    if not is_known(value) or type(value).__name__ not in _NESTED:
        return None
    return {"kind": "estimator", **described(value, writer, f"{path}.")[0]}


def nested_estimator(node: dict[str, Any], reader: Reader, depth: int) -> Any:
    """Estimator of such a node."""
    if not isinstance(node["class"], str) or node["class"] not in _NESTED:
        raise ModelFormatError(
            f"an estimator contains one of the class {node['class']!r:.80}, which is not allowed."
        )
    return restored(node, reader, depth)[0]


def _check_fitted(estimator: Any) -> None:
    """Check what an estimator's attributes are together with its parameters."""
    if fault := estimator._check_fitted():
        raise ModelFormatError(f"{type(estimator).__name__}: {fault}.")


def _portable_parameters(estimator: Any) -> dict[str, Any]:
    """Return the parameters, a Keras optimizer by its name."""
    parameters = estimator.get_params(deep=False)
    if hasattr(estimator, "_portable_columns"):
        parameters["columns"] = estimator._portable_columns()
    optimizer = parameters.get("optimizer", "")
    if hasattr(optimizer, "get_config"):
        name, rate = _name_and_rate(optimizer)
        parameters["optimizer"] = name
        if parameters["learning_rate"] is None:
            parameters["learning_rate"] = rate
    return parameters


def _name_and_rate(optimizer: Any) -> tuple[str, float]:
    """Return what a Keras optimizer is, if only its rate is not Keras' default."""
    kind = type(optimizer)
    if kind.__module__.startswith("keras."):
        config, default = optimizer.get_config(), kind().get_config()
        rate = config["learning_rate"]
        ignored = ("learning_rate", "name")
        same = all(config[k] == default.get(k) for k in config if k not in ignored)
        if same and isinstance(rate, float):
            return kind.__name__.lower(), float(rate)
    raise TypeError(
        f"optimizer is {optimizer!r:.80}, a Keras object, of which only the name and the learning "
        "rate can be stored. Call set_params(optimizer=...) with the name of an optimizer "
        "(predictions do not depend on it), or use pickle or joblib."
    )


def _state(estimator: Any) -> dict[str, Any]:
    """Return the fitted attributes."""
    parameters = estimator.get_params(deep=False)
    passing = (
        "_metadata_request",
        "_parent_callback_ctx",
        "_callback_fit_ctx",
        "_table",
        "_linear_model",
    )
    state = {
        name: value
        for name, value in vars(estimator).items()
        if name not in parameters and name not in passing and not name.startswith("_skl_")
    }
    for name in state:
        if not _is_attribute(name, type(estimator)):
            raise TypeError(
                f"The estimator has the attribute {name}, which is not part of "
                f"{type(estimator).__name__}; delete it."
            )
    if "_table" in vars(estimator):
        table = np.ascontiguousarray(estimator._table.whole())
        dim = table.shape[1] - len(estimator._linear_scale)
        state |= {"embeddings_": table[:, :dim].copy(), "_linear_table": table[:, dim:].copy()}
    if "_linear_model" in vars(estimator):
        state["_linear_model"] = np.ascontiguousarray(estimator._linear_model.whole())
    return state


def _with_table(state: dict[str, Any]) -> dict[str, Any]:
    """Attributes with the two parts of the table put together, and tables as such."""
    if "embeddings_" not in state:
        return state
    embeddings = state["embeddings_"]
    linear = state.get("_linear_table", embeddings[:, :0])  # the first format had none
    scale = state.get("_linear_scale", np.zeros(0, embeddings.dtype))
    table = np.concatenate([embeddings, linear], axis=1)
    kept = {k: v for k, v in state.items() if k not in ("embeddings_", "_linear_table")}
    if "_linear_model" in kept:
        kept["_linear_model"] = Table(kept["_linear_model"])
    return {**kept, "_linear_scale": scale, "_table": Table(table)}


def _is_attribute(name: str, kind: type) -> bool:
    """Whether a fit could set an attribute of that name, hiding nothing of the class."""
    fitted = name.startswith("_") or name.endswith("_")
    free = not hasattr(kind, name) or name == "embeddings_"  # stored, and made of the table
    return fitted and free and name.isidentifier() and name[:2] != "__"


def _class(name: Any) -> type:
    if not isinstance(name, str) or name not in MODULES:
        raise ModelFormatError(f"the manifest has an estimator of the unknown class {name!r:.80}.")
    return getattr(import_module(MODULES[name]), name)


def _read_items(nodes: Any, reader: Reader, depth: int) -> dict[str, Any]:
    if not isinstance(nodes, dict):
        raise ModelFormatError("the manifest has a list of attributes that is not an object.")
    return {name: reader.value(node, depth) for name, node in nodes.items()}
