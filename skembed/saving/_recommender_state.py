"""Whether the fitted attributes of a recommender fit together: no index leads out of an array."""

from typing import Any

import numpy as np


def recommender_fault(state: dict[str, Any]) -> str | None:
    """What is wrong with attributes that are each of their kind; None if nothing is."""
    table, kernels, biases = state["embeddings_"], state["coefs_"], state["intercepts_"]
    n_items = len(table)
    if len(kernels) != 1 or len(biases) != 1:
        return "coefs_ and intercepts_ do not have exactly one layer"
    if kernels[0].shape != (table.shape[1], n_items) or biases[0].shape != (n_items,):
        return "coefs_ and intercepts_ do not match embeddings_"
    weights = state["_item_weights"]
    arrays = [table, kernels[0], biases[0], *([] if weights is None else [weights])]
    if len({array.dtype for array in arrays}) != 1:
        return "the weights are not all of one dtype"
    if len(state["items_"]) != n_items:
        return "items_ does not match embeddings_"
    for name in ("n_features_in_", "feature_names_in_"):
        given = state.get(name, n_items)
        if (given if isinstance(given, int) else len(given)) != n_items:
            return f"{name} does not match embeddings_"
    vocabulary = state["_vocabulary"]
    if vocabulary is not None and len(vocabulary.get_feature_names_out()) != n_items:
        return "_vocabulary does not match embeddings_"
    return _weights_fault(weights, state["_weighted_items"], n_items)


def _weights_fault(weights: Any, items: Any, n_items: int) -> str | None:
    if weights is None:
        return None if items is None else "_weighted_items is there without _item_weights"
    if items is None:
        fits = weights.shape == (n_items, n_items)
    else:
        fits = weights.shape == (len(items), len(items)) and len(items) <= n_items
        if len(items) and not (
            0 <= items[0] and items[-1] < n_items and (np.diff(items) > 0).all()
        ):
            return "_weighted_items has items that are not in the catalogue, or out of order"
    return None if fits else "_item_weights has a wrong shape"


def is_item_vocabulary(value: Any) -> bool:
    """Whether a value is None or a fitted vocabulary of one column without buckets."""
    if value is None:
        return True
    fitted = type(value).__name__ == "VocabularyTransformer" and hasattr(value, "_fields")
    return fitted and value._names is None and value.num_hash_buckets is None


def is_item_ids(value: Any) -> bool:
    """Whether a value is an array of ids: numbers or str."""
    if not isinstance(value, np.ndarray) or value.ndim != 1 or not len(value):
        return False
    if value.dtype == object:
        return all(type(item) is str for item in value)
    return value.dtype.kind in "iu"
