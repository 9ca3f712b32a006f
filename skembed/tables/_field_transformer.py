"""Mixed columns to one sparse matrix that knows which features belong together."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn import config_context, get_config
from sklearn.base import OneToOneFeatureMixin
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, OrdinalEncoder
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted

from skembed._compat import sparse_stays_sparse
from skembed._doc_links import DocumentedMixin
from skembed.estimators._csr_checks import is_word, strings_explained
from skembed.network._field_layout import NUMERIC
from skembed.network._field_matrix import FieldArray, FieldMatrix
from skembed.network._made_fields import remember_fields
from skembed.vocabulary._coverage import coverage_report, covered_by
from skembed.vocabulary._transformer import VocabularyTransformer

_ONE_FIELD = (CountVectorizer, HashingVectorizer, FeatureHasher, DictVectorizer, TfidfTransformer)
# Rows in which words are looked for.
_LOOKED_AT = 1000
_TAKES_STRINGS = (VocabularyTransformer, OneHotEncoder, *_ONE_FIELD)


@sparse_stays_sparse(lambda transformer: True, remembers=False)
class FieldTransformer(DocumentedMixin, ColumnTransformer):
    """Apply transformers to columns, like `ColumnTransformer`, and record each feature's field.

    A field is a group of features that an embedding network treats together, such as all
    categories of one column. Parameters and behaviour are those of scikit-learn's
    `ColumnTransformer`, but the output is always a float32 CSR matrix with an attribute
    ``fields``: the field number of each column, or -1 for numbers. `EmbeddingDNNClassifier` and
    `EmbeddingDNNRegressor` read it; other estimators ignore it.

    - Each input column of a `VocabularyTransformer`, `OneHotEncoder` or `KBinsDiscretizer`
      is one field.
    - Each input column and resolution of a `NumberEncoder` is one field. The columns that
      `with_number` adds are numbers (-1).
    - All columns of a text vectorizer, a hasher or a `DictVectorizer` are one field.
    - The output of any other transformer, and columns that are passed through, are numbers
      (-1). Scale them.

    Columns keep their field if a later step of a Pipeline selects or scales them. The parts of
    a FeatureUnion and the transformers of a nested ColumnTransformer have separate fields.

    The attribute survives selecting rows or columns (also by a selector, a split or a fold) and
    scaling values. Stacking matrices, such as in a FeatureUnion, removes it: the network warns in
    `fit`. In this case, pass `fields_` as the network's parameter `fields`.

    Parameters
    ----------
    transformers : list of tuple
        Tuples (name, transformer, columns), as in `ColumnTransformer`.
    remainder : {"drop", "passthrough"} or estimator, default="drop"
        What to do with columns that no transformer gets.
    n_jobs : int, default=None
        Number of jobs to run in parallel.
    transformer_weights : dict, default=None
        Factor by which the output of each transformer is multiplied, by its name.
    verbose : bool, default=False
        Whether to print the time that fitting each transformer takes.
    verbose_feature_names_out : bool, default=True
        Whether to prefix the names of output columns with the transformer's name.

    Attributes
    ----------
    fields_ : ndarray of shape (n_features_out,)
        Field of each output column, from 0; -1 for numbers.
    transformers_, output_indices_, feature_names_in_, n_features_in_
        Same as in `ColumnTransformer`.

    See Also
    --------
    make_embedding_pipeline : Chooses transformers for categories, numbers and texts.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skembed import FieldTransformer, VocabularyTransformer
    >>> flats = pd.DataFrame({"room": ["whole", "shared"], "area": ["A", "B"], "nights": [1, 3]})
    >>> columns = FieldTransformer(
    ...     [
    ...         ("categories", VocabularyTransformer(), ["room", "area"]),
    ...         ("numbers", StandardScaler(), ["nights"]),
    ...     ]
    ... )
    >>> X = columns.fit_transform(flats)
    >>> X.fields
    array([ 0,  0,  1,  1, -1])
    """

    fields_: np.ndarray

    def __init__(
        self,
        transformers: Sequence[tuple],
        *,
        remainder: Any = "drop",
        n_jobs: int | None = None,
        transformer_weights: dict | None = None,
        verbose: bool = False,
        verbose_feature_names_out: bool = True,
    ) -> None:
        super().__init__(
            transformers,
            remainder=remainder,
            sparse_threshold=1.0,
            n_jobs=n_jobs,
            transformer_weights=transformer_weights,
            verbose=verbose,
            verbose_feature_names_out=verbose_feature_names_out,
        )

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> sp.csr_matrix:
        """Fit all transformers and return the features of X.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            Table with columns of any kind.
        y : array-like of shape (n_samples,), default=None
            Targets, for transformers that use them.
        **params : dict
            Metadata for the transformers, if scikit-learn's metadata routing is enabled.

        Returns
        -------
        CSR matrix of shape (n_samples, n_features_out)
            The features, with the attribute ``fields``.
        """
        numeric = (name for name in self._names_of_numbers() if name in getattr(X, "columns", ()))
        remedy = "its transformer takes numbers only; use one for categories or texts"
        with strings_explained(X, numeric, remedy), config_context(transform_output="default"):
            made = super().fit_transform(X, y, **params)
        self.fields_ = field_numbers(self)
        rows = self._with_fields(made)
        for name, transformer, columns in self.transformers_:
            place = self.output_indices_.get(name, slice(0, 0))
            if self._are_codes(rows, place) and _hold_words(X, columns):
                _warn_of_codes(name, transformer)
        return rows

    def transform(self, X: Any, **params: Any) -> sp.csr_matrix:
        """Transform X with all fitted transformers.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            Table with columns of any kind.
        **params : dict
            Metadata for the transformers, if scikit-learn's metadata routing is enabled.

        Returns
        -------
        CSR matrix of shape (n_samples, n_features_out)
            The features, with the attribute ``fields``.
        """
        with config_context(transform_output="default"):
            return self._with_fields(super().transform(X, **params))

    def coverage(self, X: Any) -> pd.DataFrame:
        """Report which share of the terms of X was seen in `fit`, to detect data drift.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            Table with the same columns as in `fit`.

        Returns
        -------
        DataFrame
            One row per column that a `VocabularyTransformer`, or a pipeline that begins with
            one, encodes, and one row for all of them. The columns are those of
            `VocabularyTransformer.coverage`. A column without a name has the name of its
            transformer.
        """
        check_is_fitted(self)
        covered = []
        for name, transformer, columns in self.transformers_:
            first = transformer[0] if isinstance(transformer, Pipeline) else transformer
            if isinstance(first, VocabularyTransformer):
                parts = covered_by(first, _safe_indexing(X, columns, axis=1))
                alone = columns if isinstance(columns, str) else name
                covered += [p if first._names else p._replace(name=alone) for p in parts]
        return coverage_report(covered)

    def _names_of_numbers(self) -> Iterator[Any]:
        """Names of the columns that go to transformers of numbers."""
        for _, transformer, columns in self.transformers:
            first = transformer[0] if isinstance(transformer, Pipeline) else transformer
            if isinstance(columns, list) and not isinstance(first, _TAKES_STRINGS):
                yield from columns

    def _are_codes(self, rows: sp.csr_matrix, place: slice) -> bool:
        """Whether all of a transformer's columns are numbers, and whole ones from 0 on."""
        if place.start == place.stop or (self.fields_[place] != NUMERIC).any():
            return False
        values = rows[:, place].data
        return bool((values >= 0).all() and (values == np.floor(values)).all())

    def _with_fields(self, made: Any) -> sp.csr_matrix:
        return with_fields(made, self.fields_)


def _hold_words(X: Any, columns: Any) -> bool:
    """Whether columns hold strings that are no numbers, or lists."""
    cells = np.asarray(_safe_indexing(X, columns, axis=1)[:_LOOKED_AT], object).ravel()
    return any(is_word(cell) or isinstance(cell, list | tuple | dict) for cell in cells)


def _warn_of_codes(name: str, transformer: Any) -> None:
    warnings.warn(
        f"The transformer {name!r} ({type(transformer).__name__}) makes whole numbers of columns "
        "that hold words. A network treats whole numbers as quantities, not as categories. Use "
        "VocabularyTransformer or OneHotEncoder instead, as the last step that makes columns, or "
        "set the network's parameter fields.",
        UserWarning,
        stacklevel=3,
    )


def with_fields(made: Any, fields: np.ndarray) -> sp.csr_matrix:
    """CSR float32 matrix with the attribute ``fields``, an array if scikit-learn wants those."""
    wants_arrays = get_config().get("sparse_interface") == "sparray"
    rows = (FieldArray if wants_arrays else FieldMatrix)(made, dtype=np.float32)
    rows.fields = fields
    remember_fields(rows)
    return rows


def field_numbers(columns: ColumnTransformer) -> np.ndarray:
    """Return the field of each output column of a fitted ColumnTransformer.

    Use it to pass the fields of a `ColumnTransformer` to an embedding network as its parameter
    `fields`. The rules are those of `FieldTransformer`.

    Parameters
    ----------
    columns : ColumnTransformer
        A fitted transformer.

    Returns
    -------
    ndarray of shape (n_features_out,)
        Field of each output column, numbered from 0; -1 for columns that are numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.preprocessing import OneHotEncoder, StandardScaler
    >>> from skembed import field_numbers
    >>> frame = pd.DataFrame({"room": ["whole", "shared"], "nights": [1, 3]})
    >>> columns = make_column_transformer(
    ...     (StandardScaler(), ["nights"]), (OneHotEncoder(), ["room"])
    ... ).fit(frame)
    >>> field_numbers(columns)
    array([-1,  0,  0])
    """
    places = columns.output_indices_
    size = max((place.stop for place in places.values()), default=0)
    numbers, n_fields = np.full(size, NUMERIC), 0
    for name, transformer, _ in columns.transformers_:
        place = places.get(name, slice(0, 0))
        fields = own_fields(transformer, place.stop - place.start)
        if len(fields) != place.stop - place.start:
            raise ValueError(
                f"The transformer {name!r} has {len(fields)} columns in its fields but "
                f"{place.stop - place.start} in the output; pass fields to the estimator instead."
            )
        numbers[place] = np.where(fields == NUMERIC, NUMERIC, n_fields + fields)
        n_fields += int(fields.max(initial=NUMERIC)) + 1
    return numbers


def own_fields(transformer: Any, width: int) -> np.ndarray:
    """Field of each of a fitted transformer's columns, of which there are `width`."""
    if isinstance(transformer, Pipeline):
        return _pipeline_fields(transformer, width)
    if isinstance(transformer, FeatureUnion):
        return _union_fields(transformer, width)
    if hasattr(transformer, "fields_"):
        return transformer.fields_
    if isinstance(transformer, ColumnTransformer):
        return field_numbers(transformer)
    widths = field_widths(transformer, width)
    return np.repeat(np.arange(len(widths)), widths) if widths else np.full(width, NUMERIC)


def joined(parts: Iterable[np.ndarray]) -> np.ndarray:
    """Fields of matrices side by side, those of each part numbered after those before it."""
    made, n_fields = [np.zeros(0, np.int64)], 0
    for fields in parts:
        made.append(np.where(fields == NUMERIC, NUMERIC, n_fields + fields))
        n_fields += int(fields.max(initial=NUMERIC)) + 1
    return np.concatenate(made)


def _pipeline_fields(pipeline: Pipeline, width: int) -> np.ndarray:
    """Fields of the last step that makes columns, as later steps select or keep them."""
    steps = [step for _, step in pipeline.steps if step not in (None, "passthrough")]
    selected = []
    while len(steps) > 1 and (keeps_columns(steps[-1]) or hasattr(steps[-1], "get_support")):
        last = steps.pop()
        if hasattr(last, "get_support"):
            selected.append(last.get_support())
    before = len(selected[-1]) if selected else width
    fields = own_fields(steps[-1], before) if steps else np.full(before, NUMERIC)
    if len(fields) != before:
        return fields
    for support in reversed(selected):
        fields = fields[support]
    return fields


def keeps_columns(transformer: Any) -> bool:
    """Whether a transformer's output columns are its input columns, with other values."""
    return isinstance(transformer, OneToOneFeatureMixin) and not isinstance(
        transformer, OrdinalEncoder
    )


def _union_fields(union: FeatureUnion, width: int) -> np.ndarray:
    parts = [(name, part) for name, part in union.transformer_list if part != "drop"]
    if any(part == "passthrough" for _, part in parts):
        return np.full(width, NUMERIC)
    widths = [len(part.get_feature_names_out()) for _, part in parts]
    return joined(own_fields(part, n) for (_, part), n in zip(parts, widths, strict=True))


def field_widths(transformer: Any, width: int) -> list[int]:
    """Sizes of the fields that a fitted transformer's columns are; none for numbers."""
    if not width or isinstance(transformer, str):
        return []
    if isinstance(transformer, VocabularyTransformer):
        return [field.width for field in transformer._fields]
    if isinstance(transformer, OneHotEncoder):
        return _one_hot_widths(transformer)
    if isinstance(transformer, KBinsDiscretizer) and transformer.encode != "ordinal":
        return [int(n_bins) for n_bins in transformer.n_bins_]
    return [width] if isinstance(transformer, _ONE_FIELD) else []


def _one_hot_widths(encoder: OneHotEncoder) -> list[int]:
    """Output columns of each input column of a fitted encoder."""
    widths = []
    for number, categories in enumerate(encoder.categories_):
        infrequent = getattr(encoder, "infrequent_categories_", None)
        rare = None if infrequent is None else infrequent[number]
        n_rare = 0 if rare is None else len(rare) - 1
        dropped = encoder.drop_idx_ is not None and encoder.drop_idx_[number] is not None
        widths.append(len(categories) - n_rare - dropped)
    return widths
