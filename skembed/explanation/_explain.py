"""What each feature adds to each prediction of a fitted network or pipeline."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skembed.estimators._base import BaseEmbeddingDNN
from skembed.estimators._fitted import linear_model_of, network_of
from skembed.estimators._one_state import as_now
from skembed.estimators._prediction import checked_rows, network_rows
from skembed.explanation._explanation import Explanation
from skembed.network._contributions import contributions
from skembed.network._linear_model import LinearModel
from skembed.network._mixed_rows import MixedRows


def explain(model: Any, X: Any) -> Explanation:
    """Say what each feature of each row adds to each output of a network.

    Contributions and base value add up to `decision_function`, or to what a regressor
    predicts (to the logarithm of it with ``loss="poisson"``). For rows of at most 32 entries
    they are Shapley values, by 32 orders in which entries come in; an absent feature is no
    entry. For longer rows the rescale rule of DeepLIFT shares a change of a unit out among its
    inputs; with one hidden layer, as by default, its result is that of integrated gradients.
    The linear model beside a network is exact.

    Parameters
    ----------
    model : EmbeddingDNNClassifier, EmbeddingDNNRegressor or Pipeline
        Fitted; a Pipeline that ends in one.

    X : what the model predicts on
        Rows to explain.

    Returns
    -------
    Explanation
        Contributions as sparse as the rows, names, tables and pictures. Where the fit has
        made target statistics, these are further features behind those of X.

    Raises
    ------
    TypeError
        If the model is, or ends in, another estimator.

    References
    ----------
    Castro, Gomez and Tejada (2009). Polynomial calculation of the Shapley value based on
    sampling. Computers and Operations Research 36.
    Shrikumar, Greenside and Kundaje (2017). Learning important features through propagating
    activation differences. ICML.
    Sundararajan, Taly and Yan (2017). Axiomatic attribution for deep networks. ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from skembed import EmbeddingDNNClassifier, explain
    >>> X = np.eye(4, dtype=np.float32)
    >>> classifier = EmbeddingDNNClassifier(2, random_state=0).fit(X, [0, 0, 1, 1])
    >>> explanation = explain(classifier, X)
    >>> bool(np.allclose(explanation.outputs(), classifier.decision_function(X), atol=1e-5))
    True
    """
    names = None
    if isinstance(model, Pipeline):
        check_is_fitted(model)
        if len(model) > 1:
            X = model[:-1].transform(X)
            names = _names_from(model[:-1])
        model = model[-1]
    if not isinstance(model, BaseEmbeddingDNN):
        hint = "; call its method explain" if hasattr(model, "explain") else ""
        raise TypeError(
            "explain takes an EmbeddingDNNClassifier or EmbeddingDNNRegressor, or a Pipeline that "
            f"ends in one; got {type(model).__name__}{hint}."
        )
    model = as_now(model)
    rows = checked_rows(model, X)
    extended = network_rows(model, rows)
    extended = extended.joined() if isinstance(extended, MixedRows) else extended
    parts, base = contributions(network_of(model), extended)
    linear = linear_model_of(model)
    if linear is not None:
        parts = [
            part + _linear_part(linear, rows, output, part.shape[1])
            for output, part in enumerate(parts)
        ]
    for part in parts:
        part.sort_indices()
    if names is None:
        given = [f"x{number}" for number in range(rows.shape[1])]
        names = getattr(model, "feature_names_in_", given)
    feature_names = np.array([*names, *_statistic_names(model)], dtype=object)
    outputs = _output_names(model, len(base))
    if len(parts) == 1:
        return Explanation(parts[0], float(base[0]), feature_names, outputs)
    return Explanation(parts, base, feature_names, outputs)


def _linear_part(
    linear: LinearModel, rows: sp.csr_matrix, output: int, n_features: int
) -> sp.csr_matrix:
    """Contributions of a linear model beside the network to one output."""
    places = linear.table.places
    features = rows.indices if places is None else places[rows.indices]
    data = rows.data.astype(np.float64) * linear.table.rows[features, output]
    return sp.csr_matrix((data, rows.indices, rows.indptr), shape=(rows.shape[0], n_features))


def _names_from(steps: Pipeline) -> Any:
    """Names of the features that leave the steps before the last; None where they have none."""
    try:
        return steps.get_feature_names_out()
    except (AttributeError, ValueError):
        return None


def _statistic_names(model: Any) -> list[str]:
    """Names of the numbers that the fit has derived: means and counts of columns."""
    derived = getattr(model, "_derived_features", None)
    if derived is None:
        return []
    statistics = derived.statistics
    n_means = statistics.unknown.shape[1] - 1
    names = []
    for members in statistics.members:
        columns = " & ".join(str(column) for column in members if column >= 0)
        means = [f"mean target {number} of columns {columns}" for number in range(n_means)]
        names += [*(means if n_means > 1 else [f"mean target of columns {columns}"])]
        names.append(f"count of columns {columns}")
    return names


def _output_names(model: Any, n_outputs: int) -> np.ndarray:
    classes = getattr(model, "classes_", None)
    if classes is None:
        return np.arange(n_outputs)
    return classes[-1:] if n_outputs == 1 else classes
