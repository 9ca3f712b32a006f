"""Target statistics as a transformer: columns of categories to numbers for any model."""

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import LabelBinarizer, OrdinalEncoder
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted

from skembed._compat import check_frame, check_sample_weight, fit_context, safe_indexing
from skembed._doc_links import DocumentedMixin
from skembed.training._target_statistics import (
    N_FOLDS,
    deepest_order,
    fit_statistics,
)
from skembed.training._targets import clipped_logit
from skembed.vocabulary._input_columns import input_names

# Codes of a cell without a value, and of a value that fit has not seen; values follow.
_MISSING, _UNKNOWN, _N_CODES = 0, 1, 2
# Standard deviation below which a column is constant.
_LEAST_DEVIATION = 1e-6
_TARGET_TYPES = {"auto", "continuous", "binary", "multiclass", "multilabel-indicator"}


class TargetStatisticsEncoder(DocumentedMixin, TransformerMixin, BaseEstimator):
    """Encode categories, and combinations of them, by the mean target of equal rows.

    For each column, and each combination of up to `order` columns, a row gets the mean target
    of the rows of `fit` with the same values, and the logarithm of the number of these rows.
    Means are shrunken towards the mean of all rows, depending on the variances within and
    between groups [1]_; means of classes and labels are converted to log-odds. All features are
    standardised. A combination is left out if fewer of its columns give the same groups, or if
    no two rows have the same values.

    `fit_transform` is cross-fitted, like scikit-learn's ``TargetEncoder``: the statistics of a
    row come from the other folds, so that its own target does not leak into its features.
    `transform` uses the statistics of all rows of `fit`. Train models on
    `fit_transform(X, y)`, not on `fit(X, y).transform(X)`, which leaks the targets.

    The networks of this package compute these statistics in their own `fit`, and check on
    held-out rows whether they help: see their parameter `target_statistics`. Use this
    transformer for other models.

    Parameters
    ----------
    order : "auto" or int, default="auto"
        Maximum number of columns in a combination: 1 for single columns, 2 for pairs. "auto"
        is 3 if X has at most 9 columns, else 2. At most 512 features are made, those of single
        columns first.
    target_type : {"auto", "continuous", "binary", "multiclass", "multilabel-indicator"}, \
            default="auto"
        Type of y. "auto" infers it with scikit-learn's ``type_of_target``. Set "continuous" if
        y is a quantity whose values are all integers.
    n_folds : int, default=5
        Number of folds for cross-fitting.
    random_state : int, RandomState instance or None, default=None
        Seed of the random folds.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Distinct classes; for multilabel targets, the numbers of the labels. Not set for
        continuous targets.
    combinations_ : list of tuple of int
        Column indices of each combination.
    n_features_in_ : int
        Number of input columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the input columns, if all are strings.

    See Also
    --------
    sklearn.preprocessing.TargetEncoder : Encodes single columns, without counts.
    EmbeddingDNNClassifier : Computes these statistics itself.

    References
    ----------
    .. [1] S. R. Searle, G. Casella, C. E. McCulloch: Variance Components. Wiley, 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skembed import TargetStatisticsEncoder
    >>> rng = np.random.default_rng(0)
    >>> X = rng.integers(0, 10, (2_000, 2))
    >>> y = (X[:, 0] + X[:, 1]) % 2  # neither column is informative alone
    >>> model = make_pipeline(TargetStatisticsEncoder(random_state=0), LogisticRegression())
    >>> model.fit(X, y).score(X, y)
    1.0
    >>> model[0].get_feature_names_out().tolist()
    ['x0: y', 'x0: count', 'x1: y', 'x1: count', 'x0 & x1: y', 'x0 & x1: count']
    """

    _parameter_constraints: ClassVar[dict] = {
        "order": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "target_type": [StrOptions(_TARGET_TYPES)],
        "n_folds": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        order: str | int = "auto",
        *,
        target_type: str = "auto",
        n_folds: int = N_FOLDS,
        random_state: Any = None,
    ) -> None:
        self.order = order
        self.target_type = target_type
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn the statistics of all rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Categories of any type; missing values are a category.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Classes, one 0/1 column per label, or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. A row of weight 2 counts as two rows.

        Returns
        -------
        TargetStatisticsEncoder
            This transformer.

        Raises
        ------
        ValueError
            If X has no column of categories, y is None, or y is not of the type
            `target_type`.
        """
        self.fit_transform(X, y, sample_weight)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any, sample_weight: Any = None) -> np.ndarray:
        """Learn the statistics and return the cross-fitted features of each row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Categories.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out), float64
            Standardised statistics and counts.
        """
        if y is None:
            raise ValueError(
                "This TargetStatisticsEncoder estimator requires y to be passed, but the target "
                "y is None."
            )
        check_frame(X)
        check_consistent_length(X, y)
        targets, classes = _target_columns(y, self.target_type)
        weights = check_sample_weight(sample_weight, targets, dtype=np.float64)
        counted = np.flatnonzero(weights)  # rows of weight zero are as if they were not there
        encoder = _category_encoder()
        encoder.fit(X if len(counted) == len(targets) else safe_indexing(X, counted))
        codes = _codes(encoder, X)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        fitted = fit_statistics(
            codes[counted],
            np.array([len(values) + _N_CODES for values in encoder.categories_]),
            targets[counted],
            weights[counted],
            deepest_order(codes.shape[1]) if self.order == "auto" else int(self.order),
            _identity if classes is None else clipped_logit,
            rng,
            self.n_folds,
            np.dtype(np.float64),
        )
        self._keep(encoder, classes, targets.shape[1])
        if fitted is None:
            self._statistics, self.combinations_ = None, []
            return np.zeros((len(codes), 0))
        statistics, crossed = fitted
        whole = statistics.transform(codes)
        mean = np.average(whole, axis=0, weights=weights)
        deviation = np.sqrt(np.average((whole - mean) ** 2, axis=0, weights=weights))
        deviation[deviation < _LEAST_DEVIATION] = 1
        self._statistics = statistics.rescaled(mean, deviation)
        self.combinations_ = [
            tuple(i for i in row if i >= 0) for row in statistics.members.tolist()
        ]
        whole[counted] = crossed
        return (whole - mean) / deviation

    def transform(self, X: Any) -> np.ndarray:
        """Encode new rows by the statistics of all rows of `fit`.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Categories. A combination of values that `fit` has not seen gets the mean of all
            targets, and a count of 0.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out), float64
            Standardised statistics and counts.
        """
        check_is_fitted(self, "combinations_")
        codes = _codes(self._encoder, X)
        if self._statistics is None:
            return np.zeros((len(codes), 0))
        return self._statistics.transform(codes)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the output columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input columns. None uses the names of `fit`, or x0, x1, ...

        Returns
        -------
        ndarray of shape (n_features_out,)
            Names such as "city & kind: count".
        """
        check_is_fitted(self, "combinations_")
        known = getattr(self, "feature_names_in_", None)
        names = input_names(input_features, known, self.n_features_in_)
        return np.array(
            [
                f"{' & '.join(names[column] for column in columns)}: {what}"
                for columns in self.combinations_
                for what in [*self._output_names, "count"]
            ],
            dtype=object,
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _keep(
        self,
        encoder: OrdinalEncoder,
        classes: np.ndarray | None,
        n_outputs: int,
    ) -> None:
        """Set what is known of the columns and the targets."""
        for name in ("feature_names_in_", "classes_"):
            if hasattr(self, name):
                delattr(self, name)
        self.n_features_in_ = encoder.n_features_in_
        if hasattr(encoder, "feature_names_in_"):
            self.feature_names_in_ = encoder.feature_names_in_
        if classes is not None:
            self.classes_ = classes
        several = [str(i) for i in range(n_outputs)] if classes is None else map(str, classes)
        self._output_names = ["y"] if n_outputs == 1 else [f"y is {name}" for name in several]
        if classes is None and n_outputs > 1:
            self._output_names = [f"y{i}" for i in range(n_outputs)]
        self._encoder = encoder


def _category_encoder() -> OrdinalEncoder:
    """Encoder that gives missing values and unknown ones codes of their own."""
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=_UNKNOWN - _N_CODES,
        encoded_missing_value=_MISSING - _N_CODES,
        dtype=np.int64,
    ).set_output(transform="default")


def _codes(encoder: OrdinalEncoder, X: Any) -> np.ndarray:
    """Codes (n_samples, n_columns) of the cells, from 0."""
    return encoder.transform(X) + _N_CODES


def _target_columns(y: Any, target_type: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Numbers (n_samples, n_outputs) whose means are taken, and the classes, if any."""
    if sp.issparse(y):
        y = y.toarray()
    kind = type_of_target(y, input_name="y") if target_type == "auto" else target_type
    if kind.startswith("continuous"):
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        return y.reshape(len(y), -1), None
    if kind not in _TARGET_TYPES:
        raise ValueError(
            f"Unknown label type: y is {kind!r}. Pass one class per row, one 0/1 column per "
            "label, or numbers."
        )
    binarizer = LabelBinarizer().fit(y)
    if target_type != "auto" and binarizer.y_type_ != target_type:
        raise ValueError(
            f"target_type is {target_type!r}, but y is {binarizer.y_type_!r}; set "
            "target_type='auto'."
        )
    return binarizer.transform(y).astype(np.float64), binarizer.classes_


def _identity(means: np.ndarray) -> np.ndarray:
    return means
