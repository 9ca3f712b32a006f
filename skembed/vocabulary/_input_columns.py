"""Number and names of the columns of the input, as fit has seen them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data


def check_input_columns(transformer: Any, X: Any, names: list[str] | None, reset: bool) -> None:
    """Set or check the transformer's number of dimensions and columns.

    `names` are those of the columns of X, None if it has one dimension.
    """
    fitted = hasattr(transformer, "_fields")
    if not reset and fitted and (names is None) != (transformer._names is None):
        given, expected = (1, 2) if names is None else (2, 1)
        remedy = "pass all columns of fit" if names is None else "select one column"
        raise ValueError(f"X has {given} dimension(s), expected {expected} as in fit; {remedy}.")
    if names is not None and (reset or fitted):
        known = isinstance(X, np.ndarray | pd.DataFrame)
        header = X if known else pd.DataFrame(columns=names)
        validate_data(transformer, X=header, skip_check_array=True, reset=reset)
    elif reset:
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(transformer, name):
                delattr(transformer, name)


def input_names(
    input_features: Any, known: NDArray[np.object_] | None, n_columns: int
) -> list[str]:
    """Return the names of the columns: `known` ones of the fit, or those given, or numbers."""
    if input_features is None:
        return [f"x{j}" for j in range(n_columns)] if known is None else list(known)
    given = list(input_features)
    if known is not None and given != list(known):
        raise ValueError("input_features is not equal to feature_names_in_")
    if len(given) != n_columns:
        raise ValueError(
            f"input_features should have length equal to number of features "
            f"({n_columns}), got {len(given)}"
        )
    return given
