"""Numbers to sparse features: bins of several resolutions or weights of knots, and a number."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from skembed._compat import check_frame, check_sample_weight, fit_context
from skembed._doc_links import DocumentedMixin
from skembed.network._field_layout import NUMERIC
from skembed.tables._bin_names import interval_names, knot_names, told_apart
from skembed.tables._normal_quantiles import normal_quantiles, quantile_scale
from skembed.tables._quantile_bins import bin_starts, distinct_values
from skembed.vocabulary._input_columns import input_names
from skembed.vocabulary._output_format import check_output_format, output_matrix

# Of "auto": measured on held-out rows, docs/development/decisions/fields.md.
_RESOLUTIONS = (8, 32, 128)
_ROWS_PER_BIN = 50


class NumberEncoder(DocumentedMixin, TransformerMixin, BaseEstimator):
    """Encode columns of numbers as sparse features: quantile bins of several resolutions.

    Each column is split into bins at its quantiles, once for each number in `n_bins`. Coarse
    bins have many rows to learn from; fine bins locate a value precisely. A network or a linear
    model that gets both adds their effects. A value is one entry of 1 in its bin, or, by
    default, two entries that sum to 1 at the edges of its bin; the nearer edge has the larger
    entry.

    - A value that occurs in more rows than an average bin has, such as 0 in many counts, gets
      its own bin. The other values are also split at the quantiles without it. The column
      then has up to about twice as many bins.
    - If a column has at most as many distinct values as bins, each value gets a bin. If two
      resolutions of a column have the same bins, only one of them is kept.
    - Missing values have their own bin, even if `fit` has seen none.
    - Values outside the range of `fit` go to the first or the last bin.
    - `with_number` adds each number itself as its quantile of a normal distribution, which
      shortens long tails. It is 0 for missing values.

    Each column and resolution is a separate field in `FieldTransformer`.

    Parameters
    ----------
    n_bins : "auto", int or sequence of int, default="auto"
        Number of quantile bins. Pass a sequence for several resolutions at once. "auto" uses
        8, and also 32 and 128 if there are at least 50 rows per bin.
    encoding : {"linear", "bin"}, default="linear"
        How a value is encoded. "linear": the two knots (edges of bins, and the ends of the
        range) around the value get entries that sum to 1; the nearer knot has the larger one. A
        linear model is then a piecewise linear function of the number, as in [1]_. "bin": the
        bin of the value gets an entry of 1. A linear model is then a step function.
    with_number : bool, default=True
        Whether to add one column per input column for the number itself, after all others.
    sparse_output : bool, default=True
        Whether to return a CSR matrix (a sparse array if scikit-learn is configured so). False
        returns a dense array.

    Attributes
    ----------
    edges_ : list of list of ndarray
        Edges for each column and resolution, ascending: the values at which bins begin,
        without the first bin; with `encoding="linear"`, the knots.
    scales_ : list of ndarray of shape (2, n_knots)
        For each column, ascending values and their normal quantiles. Empty if
        `with_number=False`.
    fields_ : ndarray of shape (n_features_out,)
        Field of each output column, from 0: one for each column and resolution; -1 for the
        numbers themselves.
    n_features_in_ : int
        Number of input columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the input columns, if all are strings.

    See Also
    --------
    sklearn.preprocessing.KBinsDiscretizer : Bins of one resolution, without missing values.
    sklearn.preprocessing.SplineTransformer : Smooth functions of a number.
    make_embedding_pipeline : Puts this encoder before a network.

    References
    ----------
    .. [1] Y. Gorishniy, I. Rubachev, A. Babenko: On Embeddings for Numerical Features in
       Tabular Deep Learning. NeurIPS 2022. https://arxiv.org/abs/2203.05556
       (The features there are sums of the features here, so both span the same functions.)

    Examples
    --------
    >>> import pandas as pd
    >>> from skembed import NumberEncoder
    >>> people = pd.DataFrame({"age": [19, 25, 31, 38, 47, 64, None], "children": [0, 0, 1] * 2 + [0]})
    >>> encoder = NumberEncoder(n_bins=3, encoding="bin", with_number=False).fit(people)
    >>> encoder.get_feature_names_out().tolist()
    ['age < 31', 'age in [31, 47)', 'age >= 47', 'age is missing', 'children < 1', 'children >= 1', 'children is missing']
    >>> encoder.transform(people[5:]).toarray()
    array([[0., 0., 1., 0., 0., 1., 0.],
           [0., 0., 0., 1., 1., 0., 0.]], dtype=float32)
    >>> encoder.fields_
    array([0, 0, 0, 0, 1, 1, 1])
    """  # noqa: E501

    _parameter_constraints: ClassVar[dict] = {
        "n_bins": [StrOptions({"auto"}), Interval(Integral, 2, None, closed="left"), "array-like"],
        "encoding": [StrOptions({"bin", "linear"})],
        "with_number": ["boolean"],
        "sparse_output": ["boolean"],
    }
    edges_: list[list[np.ndarray]]
    scales_: list[np.ndarray]

    def __init__(
        self,
        n_bins: str | int | Sequence[int] = "auto",
        *,
        encoding: str = "linear",
        with_number: bool = True,
        sparse_output: bool = True,
    ) -> None:
        self.n_bins = n_bins
        self.encoding = encoding
        self.with_number = with_number
        self.sparse_output = sparse_output

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Find the bins of each column.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_columns)
            Numbers; missing ones are NaN, None or NA.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the quantiles. Rows of weight 0 are ignored.

        Returns
        -------
        self : NumberEncoder
            Fitted.
        """
        self._check_rules()
        values = self._values(X, reset=True)
        resolutions = checked_resolutions(self.n_bins, len(values))
        weights = None
        if sample_weight is not None:
            weights = check_sample_weight(sample_weight, values, ensure_non_negative=True)
        counted = [distinct_values(column, weights) for column in values.T]
        self.edges_ = [self._edges(*column, resolutions) for column in counted]
        self.scales_ = [quantile_scale(*column) for column in counted] if self.with_number else []
        return self

    def transform(self, X: Any) -> Any:
        """Encode numbers as features.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_columns)
            Numbers.

        Returns
        -------
        X_out : CSR matrix or ndarray of shape (n_samples, n_features_out)
            float32 features. The entries of each field sum to 1 in each row.
        """
        check_is_fitted(self)
        check_output_format(getattr(self, "_sklearn_output_config", {}), self.sparse_output)
        values = self._values(X, reset=False)
        pairs = zip(values.T, self.edges_, strict=True)
        entries = [self._places(x, edges) for x, of_column in pairs for edges in of_column]
        scaled = zip(values.T, self.scales_, strict=False)
        quantiles = [normal_quantiles(x, scale) for x, scale in scaled]
        X_out = _csr(entries, self._widths(), self.encoding, quantiles)
        return output_matrix(X_out, self.sparse_output)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the output columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input columns, if X had no column names in `fit`.

        Returns
        -------
        names : ndarray of shape (n_features_out,), of str
            Names such as "age in [25, 31)" for a bin, "age near 25" for a knot, "age is
            missing" and "age as a number". If two resolutions give the same name, the number of
            the resolution is appended: "age near 25 (1)".
        """
        check_is_fitted(self)
        known = getattr(self, "feature_names_in_", None)
        columns = input_names(input_features, known, self.n_features_in_)
        named = interval_names if self.encoding == "bin" else knot_names
        names = []
        for column, of_column in zip(columns, self.edges_, strict=True):
            marks = [str(number) for number in range(1, len(of_column) + 1)]
            names += told_apart([named(str(column), edges) for edges in of_column], marks)
        names += [f"{column} as a number" for column, _ in zip(columns, self.scales_, strict=False)]
        return np.array(names, dtype=object)

    @property
    def fields_(self) -> np.ndarray:
        """Field of each output column."""
        check_is_fitted(self)
        widths = self._widths()
        fields = np.repeat(np.arange(len(widths)), widths)
        return np.append(fields, np.full(len(self.scales_), NUMERIC))

    def _check_rules(self) -> None:
        """Raise if `n_bins` are no numbers of bins."""
        checked_resolutions(self.n_bins)

    def _check_fitted(self) -> str | None:
        """What is wrong with fitted attributes that come from a file; None if nothing is."""
        names = getattr(self, "feature_names_in_", None)
        if len(self.edges_) != self.n_features_in_ or not all(self.edges_):
            return "edges_ is not of n_features_in_ columns"
        if names is not None and len(names) != self.n_features_in_:
            return "feature_names_in_ has a wrong length"
        if len(self.scales_) != self.n_features_in_ * self.with_number:
            return "scales_ is not of n_features_in_ columns"
        if self.encoding == "linear" and not all(len(e) for edges in self.edges_ for e in edges):
            return "edges_ has no knots"
        return None

    def _values(self, X: Any, reset: bool) -> np.ndarray:
        """Numbers (n_samples, n_columns) float64, NaN where missing."""
        check_frame(X)
        values = validate_data(
            self, X, dtype=np.float64, ensure_all_finite=False, reset=reset, order="F"
        )
        infinite = np.isinf(values).any(axis=0)
        if infinite.any():
            number = int(infinite.argmax())
            name = getattr(self, "feature_names_in_", range(len(infinite)))[number]
            raise ValueError(
                f"Input X contains infinity in column {name!r}. Replace infinite values by "
                "finite numbers, or by NaN if they are missing."
            )
        return values

    def _edges(
        self, distinct: np.ndarray, weights: np.ndarray, resolutions: list[int]
    ) -> list[np.ndarray]:
        """Edges of each resolution, without those that repeat the one before."""
        found: list[np.ndarray] = []
        for n_bins in resolutions:
            edges = bin_starts(distinct, weights, n_bins)
            if self.encoding == "linear":
                edges = np.unique(np.concatenate([distinct[:1], edges, distinct[-1:]]))
                edges = edges if len(edges) else np.zeros(1)
            if not found or not np.array_equal(found[-1], edges):
                found.append(edges)
        return found

    def _widths(self) -> list[int]:
        """Number of output columns of each field."""
        return [self._width(edges) for of_column in self.edges_ for edges in of_column]

    def _width(self, edges: np.ndarray) -> int:
        """Number of output columns of a field."""
        return len(edges) + 1 + (self.encoding == "bin")

    def _places(self, x: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Column (n_samples,) of each value, and what of its entry goes to the next column."""
        missing = np.isnan(x)
        places = np.searchsorted(edges, x, side="right")
        if self.encoding == "bin":
            places[missing] = len(edges) + 1
            return places, np.zeros(0, np.float32)
        inside = np.clip(x, edges[0], edges[-1])
        places = np.clip(places - 1, 0, len(edges) - 1)
        starts, stops = edges[places], edges[np.minimum(places + 1, len(edges) - 1)]
        # halves, lest the difference of huge numbers be infinite
        lengths = stops / 2 - starts / 2
        shares = (inside / 2 - starts / 2) / np.where(lengths > 0, lengths, 1)
        places[missing], shares[missing] = len(edges) - 1, 1
        return places, shares.astype(np.float32)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def checked_resolutions(n_bins: Any, n_rows: int = 0) -> list[int]:
    """Numbers of bins, ascending, for so many rows.

    Raises
    ------
    ValueError
        If one is no integer from 2 on, or there is none.
    """
    if isinstance(n_bins, str) and n_bins == "auto":
        return [n for n in _RESOLUTIONS if n * _ROWS_PER_BIN <= n_rows] or [_RESOLUTIONS[0]]
    given = [n_bins] if isinstance(n_bins, Integral) else list(n_bins)
    whole = all(isinstance(n, Integral) and not isinstance(n, bool) and int(n) >= 2 for n in given)
    if not given or not whole:
        raise ValueError(f"n_bins must be one or more integers >= 2, got {n_bins!r:.80}.")
    return sorted({int(n) for n in given})


def _csr(
    entries: list[tuple[np.ndarray, np.ndarray]],
    widths: list[int],
    encoding: str,
    quantiles: list[np.ndarray],
) -> sp.csr_matrix:
    """Canonical CSR matrix from each field's columns and shares, and numbers after them."""
    n_rows, n_fields, n_numbers = len(entries[0][0]), len(entries), len(quantiles)
    starts = np.cumsum([0, *widths])
    each = 1 if encoding == "bin" else 2
    width = n_fields * each
    indices = np.empty((n_rows, width + n_numbers), np.int32)
    data = np.ones((n_rows, width + n_numbers), np.float32)
    for number, (places, shares) in enumerate(entries):
        here = slice(number * each, (number + 1) * each)
        indices[:, here] = (places + starts[number])[:, None] + np.arange(each)
        if each == 2:
            data[:, here] = np.column_stack([1 - shares, shares])
    indices[:, width:] = starts[-1] + np.arange(n_numbers)
    for number, column in enumerate(quantiles):
        data[:, width + number] = column
    indptr = np.arange(0, indices.size + 1, max(width + n_numbers, 1), dtype=np.int32)
    shape = n_rows, int(starts[-1]) + n_numbers
    X = sp.csr_matrix((data.ravel(), indices.ravel(), indptr), shape=shape)
    X.eliminate_zeros()
    return X
