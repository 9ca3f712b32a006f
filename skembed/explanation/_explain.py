"""What each feature adds to each prediction of a fitted network or pipeline."""

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skembed.estimators._base import BaseEmbeddingDNN
from skembed.estimators._fitted import linear_model_of, network_of
from skembed.estimators._one_state import as_now
from skembed.estimators._prediction import checked_rows, network_rows, outputs_of_rows
from skembed.explanation._encoders import fitted_encoders
from skembed.explanation._explanation import Explanation
from skembed.explanation._row_cells import ExplainedRows, kept_rows
from skembed.network._contributions import contributions
from skembed.network._linear_model import LinearModel
from skembed.network._mixed_rows import MixedRows
from skembed.network._quantized_rows import whole_rows

# Share of the sizes that are added up which rounding to float32 is less than.
_ROUNDING = 64 * float(np.finfo(np.float32).eps)


def explain(model: Any, X: Any, *, by: str = "feature") -> Explanation:
    """Compute the contribution of each feature to each prediction of a network.

    Use it to see which terms, categories or numbers raise or lower a prediction. The
    contributions and the base value of a row add up to the model's `decision_function`, or
    to the prediction of a regressor (to its logarithm with ``loss="poisson"``).

    Parameters
    ----------
    model : EmbeddingDNNClassifier, EmbeddingDNNRegressor or Pipeline
        Fitted network, or a fitted Pipeline that ends in one.

    X : input of the model's `predict`
        Rows to explain.

    by : {"feature", "column"}, default="feature"
        Level of the contributions. "feature" gives one contribution per feature. "column"
        adds up the contributions of all values, bins and words of each table column. A
        feature of several columns, such as a target statistic of two columns, counts for
        each of them in equal parts.

    Returns
    -------
    Explanation
        Contributions as sparse matrices, with names, and methods for tables and plots. If
        the model uses target statistics, they follow the features of X.

    Raises
    ------
    TypeError
        If the model is not, or does not end in, one of these estimators.

    ValueError
        If `by` is not "feature" or "column".

    Notes
    -----
    The method depends on the number of entries of a row, where an absent feature is not an
    entry:

    - Up to 12 entries: exact Shapley values.
    - Up to 32 entries: Shapley values estimated from at least 50 orders in which the
      entries are added.
    - More entries: the rescale rule of DeepLIFT, which distributes the change of each unit
      over its inputs. With one hidden layer, the default, it gives the same result as
      integrated gradients.

    The contributions of the linear model beside a network are exact.

    References
    ----------
    Castro, Gomez and Tejada (2009). Polynomial calculation of the Shapley value based on
    sampling. Computers and Operations Research 36.

    Shapley (1953). A value for n-person games. Contributions to the Theory of Games 2.

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
    if by not in ("feature", "column"):
        raise ValueError(f"by is {by!r}, expected 'feature' or 'column'.")
    given, steps, names = X, None, None
    if isinstance(model, Pipeline):
        check_is_fitted(model)
        if len(model) > 1:
            steps = model[:-1]
            given = kept_rows(X)
            X = steps.transform(given)
            names = _names_from(steps)
        model = model[-1]
    if not isinstance(model, BaseEmbeddingDNN):
        hint = "; call its method explain" if hasattr(model, "explain") else ""
        raise TypeError(
            "explain takes an EmbeddingDNNClassifier or EmbeddingDNNRegressor, or a Pipeline that "
            f"ends in one; got {type(model).__name__}{hint}."
        )
    model = as_now(model)
    rows = checked_rows(model, X)
    parts, base = _parts(model, rows)
    if names is None:
        numbered = [f"x{number}" for number in range(rows.shape[1])]
        names = getattr(model, "feature_names_in_", numbered)
    encoders = None if steps is None else fitted_encoders(steps, rows.shape[1])
    columns = [str(name) for name in names]
    for encoder in encoders or ():
        for feature, column in zip(encoder.features, encoder.column_of_features(), strict=True):
            if feature >= 0:
                columns[feature] = column
    derived = _derived_columns(model, columns)
    explanation = Explanation(
        parts if len(parts) > 1 else parts[0],
        base if len(parts) > 1 else float(base[0]),
        np.array([*names, *_statistic_names(derived)], dtype=object),
        _output_names(model, len(base)),
    )
    behind = [of for of, _ in derived]
    source = None if encoders is None else ExplainedRows(given, encoders, parts, behind)
    if by == "column":
        explanation = _summed(explanation, [[column] for column in columns] + behind)
    return replace(explanation, rows=source)


def _parts(model: Any, rows: sp.csr_matrix) -> tuple[list[sp.csr_matrix], np.ndarray]:
    """Contributions to each output, and the outputs of an empty row."""
    extended = network_rows(model, rows)
    extended = extended.joined() if isinstance(extended, MixedRows) else extended
    parts, base = contributions(network_of(model), extended)
    linear = linear_model_of(model)
    if linear is not None:
        parts = [
            part + _linear_part(linear, rows, output, part.shape[1])
            for output, part in enumerate(parts)
        ]
    outputs = outputs_of_rows(model, rows)
    for number, part in enumerate(parts):
        _add_rounding(part, outputs[:, number] - base[number])
        part.sort_indices()
    return parts, base


def _add_rounding(part: sp.csr_matrix, outputs: np.ndarray) -> None:
    """Share out what float32 has rounded off the outputs, in proportion to the contributions.

    What is more than rounding stays as it is, so that it is seen.
    """
    sizes = sp.csr_matrix((np.abs(part.data), part.indices, part.indptr), shape=part.shape)
    totals = np.asarray(sizes.sum(axis=1)).ravel()
    rounded = outputs - np.asarray(part.sum(axis=1)).ravel()
    small = np.abs(rounded) <= _ROUNDING * (totals + np.abs(outputs))
    shares = np.divide(rounded, totals, out=np.zeros_like(totals), where=small & (totals > 0))
    part.data += sizes.data * np.repeat(shares, np.diff(part.indptr))


def _summed(explanation: Explanation, members: list[list[str]]) -> Explanation:
    """Contributions of the columns that features are members of."""
    names = list(dict.fromkeys(name for columns in members for name in columns))
    numbers = {name: number for number, name in enumerate(names)}
    sizes = np.array([len(columns) for columns in members])
    indices = [numbers[name] for columns in members for name in columns]
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    shares = sp.csr_matrix(
        (np.repeat(1 / sizes, sizes), indices, indptr), shape=(len(members), len(names))
    )
    given = explanation.contributions
    summed = [part @ shares for part in given] if isinstance(given, list) else given @ shares
    for part in summed if isinstance(summed, list) else [summed]:
        part.sort_indices()
    return replace(explanation, contributions=summed, feature_names=np.array(names, dtype=object))


def _linear_part(
    linear: LinearModel, rows: sp.csr_matrix, output: int, n_features: int
) -> sp.csr_matrix:
    """Contributions of a linear model beside the network to one output."""
    places = linear.table.places
    features = rows.indices if places is None else places[rows.indices]
    data = rows.data.astype(np.float64) * whole_rows(linear.table.rows)[features, output]
    return sp.csr_matrix((data, rows.indices, rows.indptr), shape=(rows.shape[0], n_features))


def _names_from(steps: Pipeline) -> Any:
    """Names of the features that leave the steps before the last; None where they have none."""
    try:
        return steps.get_feature_names_out()
    except (AttributeError, ValueError):
        return None


def _derived_columns(model: Any, columns: list[str]) -> list[tuple[list[str], str]]:
    """Columns of each number that the fit has derived, and what it is: a mean or a count."""
    derived = getattr(model, "_derived_features", None)
    if derived is None:
        return []
    statistics, of_feature = derived.statistics, derived.codes.columns
    n_means, found = statistics.unknown.shape[1] - 1, []
    names = []
    for number in range(len(statistics.sizes)):
        own = set(np.array(columns, object)[of_feature == number])
        names.append(own.pop() if len(own) == 1 else f"field {number}")
    kinds = [f"mean target {number}" if n_means > 1 else "mean target" for number in range(n_means)]
    for members in statistics.members:
        of = list(dict.fromkeys(names[column] for column in members if column >= 0))
        found += [(of, kind) for kind in [*kinds, "count"]]
    return found


def _statistic_names(derived: list[tuple[list[str], str]]) -> list[str]:
    return [f"{kind} of {' & '.join(columns)}" for columns, kind in derived]


def _output_names(model: Any, n_outputs: int) -> np.ndarray:
    classes = getattr(model, "classes_", None)
    if classes is None:
        several = [f"y{number}" for number in range(n_outputs)]
        return np.array(["y"] if n_outputs == 1 else several, dtype=object)
    return classes[-1:] if n_outputs == 1 else classes
