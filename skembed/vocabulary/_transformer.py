"""From categorical data of any shape to a sparse matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from skembed._compat import fit_context, sparse_stays_sparse
from skembed._doc_links import DocumentedMixin
from skembed.vocabulary._choosing import empty_field
from skembed.vocabulary._coverage import Expected, coverage_report, covered_by, expected_of
from skembed.vocabulary._decoder import decode, object_array
from skembed.vocabulary._encoder import Coded, encode, look_up
from skembed.vocabulary._fitted_counts import FittedCounts
from skembed.vocabulary._hashing import report_collisions
from skembed.vocabulary._input_columns import input_names
from skembed.vocabulary._learning import count_rows, learn, track_batch, tracked_fields
from skembed.vocabulary._lengths import lengths_of
from skembed.vocabulary._merging import check_mergeable, merged
from skembed.vocabulary._output_columns import Field, output_names
from skembed.vocabulary._output_format import output_matrix
from skembed.vocabulary._parameters import PARAMETER_CONSTRAINTS, check_parameters
from skembed.vocabulary._pickling import flat_state, whole_state
from skembed.vocabulary._plans import plans_of
from skembed.vocabulary._reader import read_input
from skembed.vocabulary._tokenizer import WORD_PATTERN
from skembed.vocabulary._tokens import Tokens


@sparse_stays_sparse(lambda transformer: transformer.sparse_output)
class VocabularyTransformer(FittedCounts, DocumentedMixin, TransformerMixin, BaseEstimator):
    r"""Turn categorical data of any shape into a sparse matrix, one column per term.

    A cell of the input is one category, a list of terms, a dict from term to weight,
    or, with `tokenizer`, a text. One-dimensional input (a list, generator, Series or
    array) has one vocabulary. Two-dimensional input (a data frame, table or 2-D array)
    has one vocabulary per column. Python lists, numpy, pandas, polars and pyarrow give
    the same matrix. Cells are converted to Arrow block by block, on as many threads as
    `pyarrow.cpu_count()`, and only distinct terms are looked up or hashed.

    Parameters
    ----------
    vocabulary : sequence of terms or mapping of term to column, default=None
        Terms in column order. For two-dimensional input, pass a list with one such
        vocabulary per column, or a mapping from column name to vocabulary. None learns
        the terms, sorted by frequency (descending), then by name. The frequency of a
        term is the number of rows that contain it.
    weighting : {"binary", "count", "sublinear", "tfidf"}, default="binary"
        Value of a matrix entry. "binary": 1. "count": number of occurrences of the term
        in the row, or the sum of its weights in dicts. "sublinear": 1 + log(count).
        "tfidf": count times `idf_`, each row scaled to length 1, as in `TfidfVectorizer`.
    tokenizer : "word" or callable, default=None
        How to split texts into tokens. "word" finds all matches of `token_pattern`; a
        callable takes a text and returns a list of str. None: cells are terms, not texts.
    token_pattern : str, default=r"\\w+|[^\\w\\s]"
        Regular expression of a token for `tokenizer="word"`; its capturing group, if any,
        is the token. The default, words and punctuation characters, runs on Arrow; other
        patterns run row by row through Python's `re`, several times slower. A pattern
        that can take exponential time, such as "(\\w+)+#", raises a ValueError.
    lowercase : bool, default=True
        Whether to lower-case texts before splitting. Cells that are terms are unchanged.
    ngram_range : tuple (min_n, max_n) or None, default=(1, 1)
        Lengths of the n-grams of neighbouring terms to extract, joined by spaces. None leaves
        out the terms, for n-grams of characters alone.
    char_ngram_range : tuple (min_n, max_n), default=None
        Lengths of the n-grams of characters to extract from each term, with a space before
        and behind it, as in `CountVectorizer(analyzer="char_wb")`: " ca", "cat" and "at " of
        "cat". A term that is shorter is one n-gram. Beside terms, their names begin with
        "char:".
    stop_terms : sequence of str, default=None
        Terms to remove before n-grams are formed.
    min_frequency : int or float, default=1
        Minimum number of rows that contain a learned term; a float is a share of rows.
    max_terms : int, default=None
        Maximum number of terms to learn per input column; the most frequent are kept.
    handle_unknown : {"ignore", "warn", "error"}, default="ignore"
        What `transform` does with a term that is not in the vocabulary: drop it, drop it
        with a warning, or raise a ValueError.
    num_oov_buckets : int, default=0
        Number of columns into which terms that are not in the vocabulary are hashed.
    num_hash_buckets : int, default=None
        Number of columns into which all terms are hashed, instead of a vocabulary. You
        can then call `transform` without `fit`; a term has the same column in every
        process and version (MurmurHash3). `fit` only records the terms, for
        `inverse_transform` and `collision_report`.
    handle_missing : {"error", "ignore", "indicator"}, default="error"
        What to do with missing cells and missing terms in lists: raise a ValueError, drop
        them, or count them in an extra column, the last one of their input column.
    max_tracked_terms : int, default=None
        Maximum number of terms per input column whose counts `partial_fit` keeps, and which
        `fit` records with `num_hash_buckets`. None keeps all of them. See `undercount_`.
    sparse_output : bool, default=True
        Whether to return a CSR matrix (a sparse array if scikit-learn is configured so),
        even if `set_output` asks for data frames. False: a dense array or a data frame.
    dtype : {numpy.float32, numpy.float64}, default=numpy.float32
        Data type of the values.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        Column of each term. For two-dimensional input, a list with one dict per input
        column; the columns of each dict start at 0.
    document_counts_ : ndarray of shape (n_terms,)
        Number of rows that contain each term; a list of arrays for 2-D input.
    term_counts_ : ndarray of shape (n_terms,)
        Occurrences of each term, or the sum of its weights; a list for 2-D input.
    undercount_ : int
        Maximum error of `document_counts_`, which can be too low after `partial_fit` has
        dropped terms; a list for 2-D input. It is at most N / (`max_tracked_terms` + 1),
        where N is the sum over all rows of the number of distinct terms in the row.
    idf_ : ndarray of shape (n_features,)
        log((1 + n_samples) / (1 + document count)) + 1; 1 for buckets and missing
        values. Only available with `weighting="tfidf"`.
    n_samples_seen_ : int
        Number of rows seen by `fit`, or by all calls of `partial_fit`.
    n_features_in_ : int
        Number of columns of two-dimensional input.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the input columns, if all are strings.

    See Also
    --------
    sklearn.feature_extraction.text.CountVectorizer : Counts of terms in texts.
    sklearn.preprocessing.OneHotEncoder : One category per cell.
    sklearn.preprocessing.MultiLabelBinarizer : For labels instead of features.

    Examples
    --------
    >>> from skembed import VocabularyTransformer
    >>> transformer = VocabularyTransformer(["great", "bad"], weighting="count")
    >>> transformer.fit_transform([["great", "great", "film"], ["bad"]]).toarray()
    array([[2., 0.],
           [0., 1.]], dtype=float32)

    Text, with a vocabulary learned from it:

    >>> transformer = VocabularyTransformer(tokenizer="word", ngram_range=(1, 2))
    >>> X = transformer.fit_transform(["A great film!", "A bad film."])
    >>> transformer.get_feature_names_out()[:5].tolist()
    ['a', 'film', '!', '.', 'a bad']

    n-grams of characters, for misspelt words and codes:

    >>> transformer = VocabularyTransformer(ngram_range=None, char_ngram_range=(3, 4))
    >>> transformer.fit(["AB-7"]).get_feature_names_out().tolist()
    [' AB', ' AB-', '-7 ', 'AB-', 'AB-7', 'B-7', 'B-7 ']

    A data frame, one vocabulary per column:

    >>> import pandas as pd
    >>> films = pd.DataFrame({"year": [1942, 1994], "genres": [["drama"], ["drama", "crime"]]})
    >>> transformer = VocabularyTransformer().fit(films)
    >>> transformer.get_feature_names_out().tolist()
    ['year_1942', 'year_1994', 'genres_drama', 'genres_crime']
    """

    _parameter_constraints: ClassVar[dict] = PARAMETER_CONSTRAINTS

    def __init__(
        self,
        vocabulary: Sequence[Any] | Mapping[Any, Any] | None = None,
        *,
        weighting: str = "binary",
        tokenizer: str | Callable[[str], list[str]] | None = None,
        token_pattern: str = WORD_PATTERN,
        lowercase: bool = True,
        ngram_range: tuple[int, int] | None = (1, 1),
        char_ngram_range: tuple[int, int] | None = None,
        stop_terms: Sequence[str] | None = None,
        min_frequency: float = 1,
        max_terms: int | None = None,
        handle_unknown: str = "ignore",
        num_oov_buckets: int = 0,
        num_hash_buckets: int | None = None,
        handle_missing: str = "error",
        max_tracked_terms: int | None = None,
        sparse_output: bool = True,
        dtype: type = np.float32,
    ) -> None:
        self.vocabulary = vocabulary
        self.weighting = weighting
        self.tokenizer = tokenizer
        self.token_pattern = token_pattern
        self.lowercase = lowercase
        self.ngram_range = ngram_range
        self.char_ngram_range = char_ngram_range
        self.stop_terms = stop_terms
        self.min_frequency = min_frequency
        self.max_terms = max_terms
        self.handle_unknown = handle_unknown
        self.num_oov_buckets = num_oov_buckets
        self.num_hash_buckets = num_hash_buckets
        self.handle_missing = handle_missing
        self.max_tracked_terms = max_tracked_terms
        self.sparse_output = sparse_output
        self.dtype = dtype

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the vocabulary, or count the terms of a given `vocabulary`.

        Parameters
        ----------
        X : iterable of cells, array, Series, data frame or table
            One- or two-dimensional.
        y : None
            Ignored.

        Returns
        -------
        self : VocabularyTransformer
            Fitted.
        """
        self._learn(X)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Learn the vocabulary and return the encoded rows.

        Gives the same result as `fit(X).transform(X)`, but reads X only once.

        Parameters
        ----------
        X : iterable of cells, array, Series, data frame or table
            One- or two-dimensional.
        y : None
            Ignored.

        Returns
        -------
        X_out : CSR matrix or ndarray of shape (n_rows, n_features)
            Values of `dtype`; sorted int32 indices.
        """
        return self._encode(self._learn(X))

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Add the counts of a batch of rows and update the vocabulary.

        With `max_tracked_terms`, memory is bounded for a stream of any length: the rarest
        terms are dropped, and `undercount_` bounds the error of the counts. After `fit`,
        terms that `fit` did not keep count as dropped. The column of a term can change
        with every batch; call `transform` only after the last batch.

        Parameters
        ----------
        X : iterable of cells, array, Series, data frame or table
            One- or two-dimensional.
        y : None
            Ignored.

        Returns
        -------
        self : VocabularyTransformer
            Fitted.
        """
        goes_on = hasattr(self, "_fields")
        if not goes_on:
            # Hashing counts as fitted from the start, and for that this is left out.
            self._validate_params()
        names, blocks = self._read(X, reset=not goes_on)
        plans = plans_of(self, names)
        n_rows = count_rows(blocks)
        if not n_rows:  # a batch of which nothing was left
            return self
        before = self._tracked if goes_on else None
        tracked = track_batch(blocks, plans, lengths_of(self), before)
        n_rows += self.n_samples_seen_ if goes_on else 0
        fields = tracked_fields(plans, tracked, n_rows)
        self._names, self._fields, self._tracked = names, fields, tracked
        self.n_samples_seen_ = n_rows
        return self

    def merge(self, *others: Self) -> Self:
        """Add the counts of transformers that have learned other rows, and update the vocabulary.

        The result is that of one transformer that has seen all rows, in any order, if no terms
        were dropped. Terms that one of them may have dropped, by `max_tracked_terms` or after
        `fit`, are counted too low by at most the sum of the errors, which `undercount_` reports
        [1]_. The others are not changed.

        Parameters
        ----------
        *others : VocabularyTransformer
            Fitted by `partial_fit` or `fit`, with the same parameters and columns.

        Returns
        -------
        self : VocabularyTransformer
            With the counts of all.

        Raises
        ------
        ValueError
            If one is not fitted, or has other parameters or columns. The message names the
            parameter; self remains as it was.

        References
        ----------
        .. [1] Agarwal et al., "Mergeable summaries", PODS 2012.

        Examples
        --------
        >>> from skembed import VocabularyTransformer
        >>> one = VocabularyTransformer().partial_fit([["a"], ["b"]])
        >>> other = VocabularyTransformer().partial_fit([["b", "c"]])
        >>> one.merge(other).vocabulary_
        {'b': 0, 'a': 1, 'c': 2}
        """
        check_mergeable(self, others)
        plans = plans_of(self, self._names)
        tracked = merged(plans, self._tracked, [other._tracked for other in others])
        n_rows = self.n_samples_seen_ + sum(other.n_samples_seen_ for other in others)
        self._fields = tracked_fields(plans, tracked, n_rows)
        self._tracked, self.n_samples_seen_ = tracked, n_rows
        return self

    def transform(self, X: Any) -> Any:
        """Encode rows as a matrix with one column per term.

        Parameters
        ----------
        X : iterable of cells, array, Series, data frame or table
            One- or two-dimensional as in `fit`, with the same columns.

        Returns
        -------
        X_out : CSR matrix or ndarray of shape (n_rows, n_features)
            Values of `dtype`; sorted int32 indices.
        """
        check_is_fitted(self)
        names, blocks = self._read(X, reset=False)
        coded = look_up(blocks, self._fields_for(names), lengths_of(self))
        return self._encode(coded, expected_of(self))

    def coverage(self, X: Any) -> pd.DataFrame:
        """Report which share of the terms of X is in the vocabulary, to detect data drift.

        Parameters
        ----------
        X : iterable of cells, array, Series, data frame or table
            One- or two-dimensional as in `fit`, with the same columns.

        Returns
        -------
        DataFrame
            One row per column of X, plus a row "all columns" if there are several. Columns:
            n_terms (number of terms and n-grams in X, with repetitions), unknown (share of them
            that is not in the vocabulary), rows_without_known (share of the non-empty rows with
            only unknown terms) and most_frequent_unknown (list of up to 10 unknown terms).

        Examples
        --------
        >>> from skembed import VocabularyTransformer
        >>> transformer = VocabularyTransformer().fit([["basil", "beans"], ["rice"]])
        >>> report = transformer.coverage([["basil", "Rice"], ["beans", "Rice"]])
        >>> report[["unknown", "most_frequent_unknown"]].to_numpy().tolist()
        [[0.5, ['Rice']]]
        """
        return coverage_report(covered_by(self, X))

    def inverse_transform(self, X: Any) -> list[NDArray[np.object_]] | NDArray[np.object_]:
        """Return the terms of each row of an encoded matrix.

        An entry in a column of `num_hash_buckets` gives all terms that `fit` has seen in this
        bucket. An entry for unknown terms or missing values gives the name of its column.

        Parameters
        ----------
        X : sparse matrix or array of shape (n_rows, n_features)
            Matrix returned by `transform`.

        Returns
        -------
        X_original : list of ndarray of str, or ndarray of shape (n_rows, `n_features_in_`)
            Terms of each row in column order. For two-dimensional input, an array of arrays.
        """
        check_is_fitted(self)
        X = sp.csr_array(check_array(X, accept_sparse="csr"))
        columns = decode(X, self._fitted_fields())
        return columns[0] if self._names is None else object_array(columns)

    def collision_report(self) -> pd.DataFrame:
        """Report which hash buckets hold more than one of the terms seen in `fit`.

        Returns
        -------
        report : DataFrame
            One row per shared bucket, fullest bucket first. Columns: feature (name of the
            bucket), n_terms, and terms (most frequent first).
        """
        if self.num_hash_buckets is None:
            raise ValueError("collision_report needs hashed terms; set num_hash_buckets.")
        fields = self._fitted_fields()
        sets = [terms for field in fields for terms in field.term_sets]
        return report_collisions(sets, self.get_feature_names_out())

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the output columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Column names of two-dimensional input, if X had no column names in `fit`.

        Returns
        -------
        names : ndarray of shape (n_features,), of str
            The terms, then "<oov_0>", ... (with hashing only "hash_0", ...), then "<missing>".
            For two-dimensional input, each name is prefixed by the column name and "_".
        """
        check_is_fitted(self)
        fields = self._fitted_fields()
        if self._names is None:
            return output_names(fields, None)
        known = getattr(self, "feature_names_in_", None)
        return output_names(fields, input_names(input_features, known, self.n_features_in_))

    def _learn(self, X: Any) -> Coded:
        """Read all of X and set the fitted attributes; return its n-grams."""
        names, blocks = self._read(X, reset=True)
        n_rows = count_rows(blocks)
        coded, tracked = learn(blocks, plans_of(self, names), lengths_of(self))
        self._names, self._fields, self._tracked = names, coded.fields, tracked
        self.n_samples_seen_ = n_rows
        return coded

    def _read(self, X: Any, reset: bool) -> tuple[list[str] | None, list[list[Tokens]]]:
        """Return column names and all tokens, block by block."""
        check_parameters(self)
        return read_input(self, X, reset)

    def _fields_for(self, names: list[str] | None) -> list[Field]:
        """Return the output columns of each column of the input."""
        if hasattr(self, "_fields"):
            return self._fields
        return [empty_field(plan) for plan in plans_of(self, names)]

    def _encode(self, coded: Coded, expected: Expected | None = None) -> Any:
        """Return the matrix of n-grams, whose list is emptied."""
        X = encode(
            coded,
            weighting=self.weighting,
            idf=self.idf_ if self.weighting == "tfidf" else None,
            handle_unknown=self.handle_unknown,
            dtype=self.dtype,
            expected=expected,
        )
        return output_matrix(X, self.sparse_output)

    def _check_rules(self) -> None:
        """Raise for parameters that contradict each other."""
        check_parameters(self)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fields") or self.num_hash_buckets is not None

    def __getstate__(self) -> dict[str, Any]:
        return flat_state(super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(whole_state(state))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.dict = True
        tags.input_tags.allow_nan = self.handle_missing != "error"
        tags.requires_fit = self.num_hash_buckets is None
        return tags
