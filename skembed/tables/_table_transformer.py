"""A table to sparse features, by a plan of what each column is."""

from collections.abc import Mapping, Sequence
from copy import copy
from itertools import chain
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import TransformerMixin, clone
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from skembed._compat import BaseComposition, fit_context, sparse_stays_sparse
from skembed._doc_links import DocumentedMixin
from skembed.tables._arrow_columns import Column, column_names, is_frame, read_columns
from skembed.tables._column_choice import check_kinds, chosen_kinds
from skembed.tables._column_kinds import KINDS
from skembed.tables._field_transformer import (
    FieldTransformer,
    field_widths,
    joined,
    own_fields,
    with_fields,
)
from skembed.tables._number_encoder import NumberEncoder
from skembed.tables._table_plan import (
    ENCODED_KINDS,
    NAMED,
    PlannedColumn,
    encoder_columns,
    encoder_tables,
    planned,
    source_columns,
)
from skembed.vocabulary._coverage import coverage_report, covered_by
from skembed.vocabulary._input_columns import input_names
from skembed.vocabulary._output_columns import unique_names
from skembed.vocabulary._output_format import check_output_format
from skembed.vocabulary._transformer import VocabularyTransformer


@sparse_stays_sparse(lambda transformer: transformer.ignores_set_output)
class TableTransformer(DocumentedMixin, TransformerMixin, BaseComposition):
    """Encode the columns of a table as sparse features, each by its detected kind.

    `fit` detects the kind of each column. `plan_` lists the kinds and the reasons:

    - ``"categorical"``: strings, categories, booleans, and whole numbers with at most 16
      distinct values. Each value gets an embedding. 1, 1.0 and True are the same value.
      Whole numbers that look like ids are categorical too, see Notes.
    - ``"numeric"``: all other numbers. `NumberEncoder` encodes them.
    - ``"text"``: strings with three or more words on average, if more than 100 strings or more
      than half of the rows are distinct. They are split into words.
    - ``"dates"``: dates, times, and strings in ISO format. Year, month, weekday and, if there
      are times, the hour become categories; the days since 1970 become a number.
    - ``"lists"``: lists of terms, and dicts from term to weight. Each term gets an embedding.
    - ``"drop"``: columns with a different string or id in each row, for 50 rows or more;
      columns that number the rows; and columns without values.

    Detection can be wrong: check `plan_`, and set the kind of a column with `columns`.

    Parameters
    ----------
    columns : dict, default=None
        Kinds that you set yourself, as a mapping from kind ("categorical", "numeric", "text",
        "dates", "lists" or "drop") to columns. Columns are a list of names, positions or
        compiled regular expressions; one compiled regular expression, which is searched for in
        all names; or a callable that takes the table as a pandas DataFrame and returns a list,
        such as `sklearn.compose.make_column_selector`.
    encoders : list of (kind, transformer), default=None
        Transformers of the kinds "categorical", "numeric", "text" and "lists". None uses a
        `NumberEncoder` for numbers and a `VocabularyTransformer` for each of the other kinds.
    remainder : {"auto", "drop"}, default="auto"
        What to do with columns that `columns` does not name: "auto" detects their kind, "drop"
        drops them. With "drop", the table passed to `transform` may lack them or have others.
    ignores_set_output : bool, default=False
        Whether to return a sparse matrix even if `set_output` or `set_config` ask for data
        frames. Use True before a network. False raises a ValueError in this case, as
        scikit-learn's transformers do.

    Attributes
    ----------
    plan_ : DataFrame
        One row per column of the table, with the columns `column`, `kind`, `why` (the reason)
        and `n_features` (number of features made from the column).
    fields_ : ndarray of shape (n_features_out,)
        Field of each feature, from 0; -1 for numbers. The output matrix also has them as its
        attribute ``fields``, which `EmbeddingDNNClassifier` and `EmbeddingDNNRegressor` read.
    encoders_ : list of (kind, transformer)
        Fitted encoders of the kinds that the table has.
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if all are strings.

    See Also
    --------
    make_embedding_pipeline : Puts this transformer before a network.
    FieldTransformer : Builds such a matrix from transformers that you choose.

    Notes
    -----
    Whole numbers count as ids if the column's name has a word such as "id", "code" or "zip", or
    if values recur while values between them are absent: the middle nine tenths of the rows
    have less than 0.4 times the distinct values expected of rows spread evenly over that range.
    The second rule never applies if the smallest value is the most frequent one, as in amounts
    that are mostly zero.

    Examples
    --------
    >>> import pandas as pd
    >>> from skembed import TableTransformer
    >>> flats = pd.DataFrame(
    ...     {
    ...         "room": ["whole", "shared", "whole", "whole"],
    ...         "price": [80.5, 30.0, 120.0, 95.0],
    ...         "since": pd.to_datetime(["2024-01-31", "2024-02-05", "2024-02-06", None]),
    ...         "tags": [["quiet"], ["quiet", "park"], [], ["park"]],
    ...     }
    ... )
    >>> transformer = TableTransformer()
    >>> X = transformer.fit_transform(flats)
    >>> transformer.plan_
      column         kind                     why  n_features
    0   room  categorical      2 distinct strings           3
    1  price      numeric  numbers with fractions           6
    2  since        dates                   dates          14
    3   tags        lists          lists of terms           3
    >>> transformer.get_feature_names_out()[:5].tolist()
    ['room_whole', 'room_shared', 'room_<missing>', 'since year_2024', 'since year_<missing>']
    """

    _parameter_constraints: ClassVar[dict] = {
        "columns": [Mapping, None],
        "encoders": [list, None],
        "remainder": [StrOptions({"auto", "drop"})],
        "ignores_set_output": ["boolean"],
    }
    encoders_: list[tuple[str, Any]]
    _names: list[str]
    _plan: list[PlannedColumn]

    def __init__(
        self,
        columns: Mapping[str, Any] | None = None,
        *,
        encoders: Sequence[tuple[str, Any]] | None = None,
        remainder: str = "auto",
        ignores_set_output: bool = False,
    ) -> None:
        self.columns = columns
        self.ignores_set_output = ignores_set_output
        self.encoders = encoders
        self.remainder = remainder

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, with `deep` also those of the encoders.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the encoders, by kind, and their parameters.

        Returns
        -------
        params : dict
            Values by name, such as ``text__min_frequency``.
        """
        return self._get_params("encoders", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this transformer or of the encoders in `encoders`.

        Parameters
        ----------
        **params : dict
            Values by name, such as ``text__min_frequency``.

        Returns
        -------
        self : TableTransformer
            The same object.
        """
        self._set_params("encoders", **params)
        return self

    def fit(self, X: Any, y: Any = None) -> Self:
        """Detect the kind of each column and fit the encoders.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_columns)
            The table.
        y : array-like of shape (n_samples,), default=None
            Targets, for encoders that use them.

        Returns
        -------
        self : TableTransformer
            Fitted.
        """
        with config_context(transform_output="default"):
            self._learn(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> sp.csr_matrix:
        """Detect the kind of each column, fit the encoders and return the features.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_columns)
            The table.
        y : array-like of shape (n_samples,), default=None
            Targets, for encoders that use them.

        Returns
        -------
        X_out : CSR matrix of shape (n_samples, n_features_out)
            float32, with the attribute ``fields``.
        """
        self._check_output()
        with config_context(transform_output="default"):
            return self._stacked(self._learn(X, y))

    def transform(self, X: Any) -> sp.csr_matrix:
        """Encode a table as sparse features.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_columns)
            The table, with the same columns as in `fit`.

        Returns
        -------
        X_out : CSR matrix of shape (n_samples, n_features_out)
            float32, with the attribute ``fields``.
        """
        check_is_fitted(self)
        self._check_output()
        tables = encoder_tables(self._plan, self._read(X))
        with config_context(transform_output="default"):
            made = [encoder.transform(tables[kind]) for kind, encoder in self.encoders_]
        return self._stacked(made)

    def coverage(self, X: Any) -> pd.DataFrame:
        """Report which share of the terms of a table was seen in `fit`, to detect data drift.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_columns)
            The table, with the same columns as in `fit`.

        Returns
        -------
        DataFrame
            One row per column that a `VocabularyTransformer` encodes, and one for all of them.
            The columns are those of `VocabularyTransformer.coverage`.
        """
        check_is_fitted(self)
        tables = encoder_tables(self._plan, self._read(X))
        known = [pair for pair in self.encoders_ if isinstance(pair[1], VocabularyTransformer)]
        columns = [covered_by(encoder, tables[kind]) for kind, encoder in known]
        return coverage_report(list(chain.from_iterable(columns)))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the features.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the table's columns, if the table had none in `fit`.

        Returns
        -------
        names : ndarray of shape (n_features_out,), of str
            Names of the features, each prefixed by the name of its column.
        """
        check_is_fitted(self)
        known = getattr(self, "feature_names_in_", None)
        names = input_names(input_features, known, self.n_features_in_)
        new = dict(zip(self._names, names if known is None else self._names, strict=True))
        parts = [_names_out(e, source_columns(self._plan), new) for _, e in self.encoders_]
        return np.array(unique_names(np.concatenate(parts).tolist()), dtype=object)

    @property
    def fields_(self) -> np.ndarray:
        """Field of each feature, from 0; -1 for numbers."""
        check_is_fitted(self)
        return joined(own_fields(e, sum(column_widths(e))) for _, e in self.encoders_)

    @property
    def plan_(self) -> pd.DataFrame:
        """Kind of each column, and the reason."""
        check_is_fitted(self)
        sizes: dict[str, int] = dict.fromkeys((column.name for column in self._plan), 0)
        sources = source_columns(self._plan)
        for _, encoder in self.encoders_:
            widths = column_widths(encoder)
            for name, width in zip(encoder.feature_names_in_, widths, strict=True):
                sizes[sources[name][0]] += width
        rows = [(*column[:3], sizes[column.name]) for column in self._plan]
        return pd.DataFrame(rows, columns=["column", "kind", "why", "n_features"])

    @fit_context(prefer_skip_nested_validation=True)
    def _learn(self, X: Any, y: Any) -> list[Any]:
        """Fit, and return what each encoder makes of X."""
        self._check_rules()
        X, self._names = self._checked(X)
        columns = read_columns(X, self._names)
        kinds = chosen_kinds(self.columns or {}, X, self._names)
        self._plan = [
            planned(name, columns[name], kinds.get(name), self.remainder) for name in self._names
        ]
        tables = encoder_tables(self._plan, columns)
        encoders = default_encoders() if self.encoders is None else self.encoders
        missing = tables.keys() - dict(encoders).keys()
        if missing or not tables:
            lacked = f"encoders has no transformer for {sorted(missing)}; add one for each kind."
            raise ValueError(lacked if tables else _nothing(self._plan))
        made, self.encoders_ = [], []
        for kind, encoder in encoders:
            if kind in tables:
                self.encoders_.append((kind, clone(encoder)))
                made.append(self.encoders_[-1][1].fit_transform(tables[kind], y))
        return made

    def _check_rules(self) -> None:
        """Raise for columns of kinds that there are not, and encoders that are no pairs."""
        check_kinds(self.columns or {})
        pairs = [] if self.encoders is None else self.encoders
        for pair in pairs:
            if not (isinstance(pair, tuple) and len(pair) == 2 and pair[0] in ENCODED_KINDS):
                raise ValueError(
                    f"encoders holds {pair!r:.80}, expected a pair (kind, transformer) with one "
                    f"of the kinds {', '.join(ENCODED_KINDS)}."
                )

    def _check_fitted(self) -> str | None:
        """What is wrong with fitted attributes that come from a file; None if nothing is."""
        names = getattr(self, "feature_names_in_", None)
        planned = [column.name for column in self._plan]
        if any(column.kind not in KINDS for column in self._plan):
            return "_plan has an unknown kind"
        if planned != self._names or len(set(planned)) < len(planned):
            return "_plan is not of the columns _names"
        if len(planned) != self.n_features_in_:
            return "n_features_in_ is not the number of _names"
        if names is not None and list(names) != planned:
            return "feature_names_in_ is not _names"
        encoded = {kind: list(encoder.feature_names_in_) for kind, encoder in self.encoders_}
        if encoded != encoder_columns(self._plan) or len(encoded) < len(self.encoders_):
            return "encoders_ are not those of _plan"
        return None

    def _portable_columns(self) -> dict[str, list] | None:
        """Parameter `columns` with names instead of patterns and functions, as fit found them."""
        if self.columns is None:
            return None
        found = {kind: [] for kind in self.columns}  # type: dict[str, list]
        for column in self._plan:
            if column.why == NAMED:
                found[column.kind].append(column.name)
        plainly = {
            kind: list(given)
            for kind, given in self.columns.items()
            if isinstance(given, list | tuple) and all(type(item) in (str, int) for item in given)
        }
        return found | plainly

    def _checked(self, X: Any) -> tuple[Any, list[str]]:
        """Table, and the names of its columns, for a fit."""
        if not is_frame(X):
            X = np.asarray(X, object) if isinstance(X, list | tuple) else X
            X = validate_data(self, X, dtype=None, ensure_all_finite=False)
            return X, [f"x{number}" for number in range(X.shape[1])]
        self._check_header(X, reset=True)
        names = [str(name) for name in column_names(X)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"X has several columns named {twice[0]!r}; rename or drop them.")
        return X, names

    def _read(self, X: Any) -> dict[str, Column]:
        """Columns, by the names of fit, that are not dropped."""
        used = [column.name for column in self._plan if column.kind != "drop"]
        if not is_frame(X):
            X = np.asarray(X, object) if isinstance(X, list | tuple) else X
            X = validate_data(self, X, dtype=None, ensure_all_finite=False, reset=False)
            return read_columns(X, self._names)
        if self.remainder == "auto":
            self._check_header(X, reset=False)
            return read_columns(X, self._names)
        names = [str(name) for name in column_names(X)]
        missing = sorted(set(used) - set(names))
        if missing:
            raise ValueError(f"columns are missing: {missing}; pass the columns used in fit.")
        there = X.iloc[:, [names.index(n) for n in used]] if isinstance(X, pd.DataFrame) else (
            pa.table(X).select(used))  # fmt: skip
        return read_columns(there, used)

    def _check_header(self, X: Any, reset: bool) -> None:
        """Check names and number of a frame's columns, and that it has rows."""
        header = X if isinstance(X, pd.DataFrame) else pd.DataFrame(columns=column_names(X))
        validate_data(self, header, skip_check_array=True, reset=reset)
        for size, what in zip(X.shape, ("sample", "feature"), strict=True):
            if not size:
                raise ValueError(
                    f"Found array with 0 {what}(s) (shape={tuple(X.shape)}) while a minimum of 1 "
                    "is required by TableTransformer."
                )

    def _stacked(self, made: list[Any]) -> sp.csr_matrix:
        parts = [sp.csr_matrix(part) for part in made]
        return with_fields(sp.hstack(parts, format="csr"), self.fields_)

    def _check_output(self) -> None:
        if not self.ignores_set_output:
            check_output_format(getattr(self, "_sklearn_output_config", {}), sparse_output=True)

    def _sk_visual_block_(self) -> Any:
        encoders = default_encoders() if self.encoders is None else self.encoders
        blocks: list[tuple] = [(kind, encoder, kind) for kind, encoder in encoders]
        if hasattr(self, "encoders_"):
            blocks = [
                (kind, encoder, [c.name for c in self._plan if c.kind == kind])
                for kind, encoder in [*self.encoders_, ("drop", "drop")]
            ]
        return FieldTransformer(blocks)._sk_visual_block_()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def default_encoders() -> list[tuple[str, Any]]:
    """Encoder of each kind of column."""
    return [
        ("categorical", VocabularyTransformer(handle_missing="indicator")),
        ("text", VocabularyTransformer(tokenizer="word", handle_missing="indicator")),
        ("lists", VocabularyTransformer(handle_missing="indicator")),
        ("numeric", NumberEncoder()),  # last: numbers come after all fields in a network, too
    ]


def column_widths(encoder: Any) -> list[int]:
    """Number of features of each column of a fitted encoder's table."""
    if isinstance(encoder, VocabularyTransformer):
        return field_widths(encoder, 1)
    if isinstance(encoder, NumberEncoder):
        with_number = int(encoder.with_number)
        return [sum(map(encoder._width, edges)) + with_number for edges in encoder.edges_]
    names = [str(name) for name in encoder.get_feature_names_out()]
    columns = encoder.feature_names_in_
    return [sum(name.startswith(column) for name in names) for column in columns]


def _names_out(
    encoder: Any, sources: dict[str, tuple[str, str]], new: dict[str, str]
) -> np.ndarray:
    """Names of an encoder's features after columns have been given new names."""
    renamed = [new[sources[name][0]] + sources[name][1] for name in encoder.feature_names_in_]
    if renamed == list(encoder.feature_names_in_):
        return encoder.get_feature_names_out()
    encoder = copy(encoder)
    encoder.feature_names_in_ = np.array(renamed, dtype=object)
    return encoder.get_feature_names_out()


def _nothing(plan: list[PlannedColumn]) -> str:
    told = ", ".join(f"{column.name} ({column.why})" for column in plan)
    return f"All columns of X are dropped: {told:.300}. Name the columns that you want to use."
