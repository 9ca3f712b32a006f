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
    """Turn a table into sparse features, each column by what it is found to be.

    `fit` looks at each column and decides what it is; `plan_` says what, and why:

    - Strings, categories, booleans, and whole numbers of at most 16 distinct values are
      ``"categorical"``: each value has an embedding. 1, 1.0 and True are one value.
    - Other numbers are ``"numeric"``, encoded by `NumberEncoder`.
    - Strings of three words or more (on average), more than 100 of them distinct or half of
      the rows, are ``"text"``, split into words.
    - Dates and times, and strings in ISO format, are ``"dates"``: year, month, day of the week
      and, if there are times, the hour become categories, days since 1970 a number.
    - Lists of terms, and dicts from terms to weights, are ``"lists"``: each term has an embedding.
    - Whole numbers can be ids. They are taken for categories if their name has a word such
      as "id", "code" or "zip"; or if they recur and the numbers between them do not: in the
      middle nine tenths of the rows are less than 0.4 times as many distinct values as
      there were if the rows were spread evenly over this range. A column whose smallest
      value is its most frequent one is not an id by this rule; amounts that are mostly
      zero are of this kind.
    - Columns that have another string or id in each of 50 rows or more, or that count the
      rows, are dropped, ``"drop"``.

    No rule is right for all tables. Look at `plan_`, and name the columns that are taken for
    something else than they are.

    Parameters
    ----------
    columns : dict, default=None
        Columns that are named, by kind: "categorical", "numeric", "text", "dates", "lists"
        or "drop". A value is a list of names (or positions); a compiled regular expression,
        which is searched for in all names; or a callable that takes the table as a pandas frame
        and returns a list, such as `sklearn.compose.make_column_selector`. Lists may hold
        regular expressions.
    encoders : list of (kind, transformer), default=None
        Transformers of the kinds "categorical", "numeric", "text" and "lists". If None, a
        `NumberEncoder` for numbers and a `VocabularyTransformer` for each of the others.
    remainder : {"auto", "drop"}, default="auto"
        What happens to columns that are not named: "auto" finds out what they are, "drop"
        leaves them out. With "drop", a table to be transformed may lack them or have others.
    ignores_set_output : bool, default=False
        Whether to return a sparse matrix even where `set_output` or `set_config` ask for data
        frames, as a network behind wants it; False refuses, as transformers of scikit-learn do.

    Attributes
    ----------
    plan_ : DataFrame
        A row for each column of the table: `column`, `kind`, `why`, and `n_features`, the
        number of its features.
    fields_ : ndarray of shape (n_features_out,)
        Field of each feature, from 0; -1 for numbers. The matrix has them as its attribute
        ``fields``, too, which `EmbeddingDNNClassifier` and `EmbeddingDNNRegressor` read.
    encoders_ : list of (kind, transformer)
        Fitted encoders of the kinds that there are.
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if all are strings.

    See Also
    --------
    make_embedding_pipeline : Puts this transformer before a network.
    FieldTransformer : The same from transformers of your own.

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
        """Return the parameters, with `deep` those of the encoders, too.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the encoders, by kind, and their parameters.

        Returns
        -------
        params : dict
            Values by name, such as ``text__min_frequency``.
        """
        return self._get_params("encoders", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, also those of encoders that were given.

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
        """Plan the columns and fit the encoders.

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
        """Plan the columns, fit the encoders and return the features.

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
        """Return the features of a table.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_columns)
            The table, with the columns of fit.

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
        """Report how much of the terms of a table is known: whether its columns have drifted.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_columns)
            The table, with the columns of fit.

        Returns
        -------
        DataFrame
            As of `VocabularyTransformer.coverage`, a row for each column that a
            `VocabularyTransformer` encodes, and one for all of them.
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
            Names of the columns, where fit did not see any.

        Returns
        -------
        names : ndarray of shape (n_features_out,), of str
            Each begins with the name of its column.
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
        """What each column is, and why."""
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
            raise ValueError(_nothing(self._plan) if not tables else f"encoders lacks {missing}.")
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
                    f"encoders holds {pair!r:.80}; give pairs of a kind, one of "
                    f"{', '.join(ENCODED_KINDS)}, and a transformer."
                )

    def _check_fitted(self) -> str | None:
        """What is wrong with fitted attributes that come from a file; None if nothing is."""
        names = getattr(self, "feature_names_in_", None)
        planned = [column.name for column in self._plan]
        if any(column.kind not in KINDS for column in self._plan):
            return "_plan has a kind that there is not"
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
            raise ValueError(f"X has several columns named {twice[0]!r}.")
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
            raise ValueError(f"columns are missing: {missing}")
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
    return f"All columns of X are dropped: {told:.300}. Name those that are to be used."
