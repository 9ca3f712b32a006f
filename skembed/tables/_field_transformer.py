"""Mixed columns to one sparse matrix that knows which features belong together."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn import config_context, get_config
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder

from skembed._compat import sparse_stays_sparse
from skembed.estimators._csr_checks import strings_explained
from skembed.network._field_layout import NUMERIC
from skembed.tables._number_encoder import NumberEncoder
from skembed.vocabulary._transformer import VocabularyTransformer

_ONE_FIELD = (CountVectorizer, HashingVectorizer, FeatureHasher, DictVectorizer, TfidfTransformer)
_TAKES_STRINGS = (VocabularyTransformer, OneHotEncoder, *_ONE_FIELD)


@sparse_stays_sparse(lambda transformer: True, remembers=False)
class FieldTransformer(ColumnTransformer):
    """A `ColumnTransformer` whose output tells an embedding network what its columns are.

    It takes scikit-learn's parameters and does what that does, but its output is always a
    float32 CSR matrix, and that has an attribute ``fields``: the number of each column's
    field. `EmbeddingDNNClassifier` and `EmbeddingDNNRegressor` read it, other estimators
    do not mind it.

    - Each input column of a `VocabularyTransformer`, `OneHotEncoder` or `KBinsDiscretizer`
      is a field.
    - Each input column and resolution of a `NumberEncoder` is one; the numbers that it adds
      are numbers (-1).
    - All columns of a text vectorizer, a hasher or a `DictVectorizer` are one.
    - What any other transformer makes, and what is passed through, are numbers (-1). They
      should be scaled.

    Of a Pipeline, the last step counts. A slice of the output does not keep the attribute;
    pass `fields_` to the estimator then.

    Parameters
    ----------
    transformers : list of tuple
        As for `ColumnTransformer`: (name, transformer, columns).
    remainder : {"drop", "passthrough"} or estimator, default="drop"
        What happens to the other columns.
    n_jobs : int, default=None
        Jobs run in parallel.
    transformer_weights : dict, default=None
        Factors of the transformers' outputs.
    verbose : bool, default=False
        Whether to print the time that each transformer takes.
    verbose_feature_names_out : bool, default=True
        Whether names of output columns begin with the transformer's name.

    Attributes
    ----------
    fields_ : ndarray of shape (n_features_out,)
        Field of each output column, from 0; -1 for numbers.
    transformers_, output_indices_, feature_names_in_, n_features_in_
        As for `ColumnTransformer`.

    See Also
    --------
    make_embedding_pipeline : The usual steps for categories, numbers and texts.

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
        """Fit all transformers and return what they make of X.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            Mixed columns.
        y : array-like of shape (n_samples,), default=None
            Targets, for transformers that use them.
        **params : dict
            Metadata, with scikit-learn's routing.

        Returns
        -------
        CSR matrix of shape (n_samples, n_features_out)
            The features, with the attribute ``fields``.
        """
        numeric = (name for name in self._names_of_numbers() if name in getattr(X, "columns", ()))
        remedy = "it goes to a transformer of numbers; make it one of the categories or texts"
        with strings_explained(X, numeric, remedy), config_context(transform_output="default"):
            made = super().fit_transform(X, y, **params)
        self.fields_ = field_numbers(self)
        return self._with_fields(made)

    def transform(self, X: Any, **params: Any) -> sp.csr_matrix:
        """Return what the fitted transformers make of X.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            Mixed columns.
        **params : dict
            Metadata, with scikit-learn's routing.

        Returns
        -------
        CSR matrix of shape (n_samples, n_features_out)
            The features, with the attribute ``fields``.
        """
        with config_context(transform_output="default"):
            return self._with_fields(super().transform(X, **params))

    def _names_of_numbers(self) -> Iterator[Any]:
        """Names of the columns that go to transformers of numbers."""
        for _, transformer, columns in self.transformers:
            first = transformer[0] if isinstance(transformer, Pipeline) else transformer
            if isinstance(columns, list) and not isinstance(first, _TAKES_STRINGS):
                yield from columns

    def _with_fields(self, made: Any) -> sp.csr_matrix:
        return with_fields(made, self.fields_)


def with_fields(made: Any, fields: np.ndarray) -> sp.csr_matrix:
    """CSR float32 matrix with the attribute ``fields``, an array if scikit-learn wants those."""
    wants_arrays = get_config().get("sparse_interface") == "sparray"
    rows = (sp.csr_array if wants_arrays else sp.csr_matrix)(made, dtype=np.float32)
    rows.fields = fields
    return rows


def field_numbers(columns: ColumnTransformer) -> np.ndarray:
    """Field (n_features_out,) of each output column of a fitted ColumnTransformer.

    The rules are those of `FieldTransformer`.

    Parameters
    ----------
    columns : ColumnTransformer
        Fitted.

    Returns
    -------
    ndarray of shape (n_features_out,)
        Numbers from 0; -1 for columns that are numbers: what the parameter `fields` of the
        embedding networks takes.

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
        return own_fields(transformer[-1], width)
    if isinstance(transformer, NumberEncoder):
        return transformer.fields_
    widths = field_widths(transformer, width)
    return np.repeat(np.arange(len(widths)), widths) if widths else np.full(width, NUMERIC)


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
