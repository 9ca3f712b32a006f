"""The container of the output: a sparse matrix or array, a dense array, or a data frame."""

from __future__ import annotations

from typing import Any

import scipy.sparse as sp
from sklearn import get_config


def check_output_format(transformer_config: dict[str, str], sparse_output: bool) -> None:
    """Raise if a data frame is to be made of a sparse matrix.

    `transformer_config` is what `set_output` has left; scikit-learn's own holds where it is empty.
    """
    output = transformer_config.get("transform", get_config()["transform_output"])
    if output != "default" and sparse_output:
        name = output.capitalize()
        raise ValueError(
            f"{name} output does not support sparse data. Set sparse_output=False to output "
            f"{output} dataframes or disable {name} output via "
            '`transformer.set_output(transform="default")`.'
        )


def output_matrix(X: sp.csr_matrix, sparse_output: bool) -> Any:
    """Return the matrix as it is asked for."""
    if not sparse_output:
        return X.toarray()
    return sp.csr_array(X) if get_config().get("sparse_interface") == "sparray" else X
