"""Terms and their vectors, whatever learned them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_scalar
from sklearn.utils.validation import check_is_fitted

from skembed.inspection._cooccurrence import cooccurrence_vectors
from skembed.inspection._cosine import unit_rows
from skembed.inspection._data_frame import neighbour_frame, term_frame
from skembed.inspection._fitted_terms import (
    counts_of,
    effects_of,
    embeddings_of,
    names_of,
    rows_of,
)
from skembed.inspection._keyed_vectors import read_keyed_vectors
from skembed.inspection._latent_semantic_analysis import term_vectors
from skembed.inspection._neighbours import Neighbours, analogy, check_directions, neighbours
from skembed.inspection._term_arrays import check_counts, check_terms, check_values, frozen
from skembed.inspection._term_files import TermFiles
from skembed.inspection._term_index import TermIndex
from skembed.inspection._word2vec_files import read_word2vec

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.floating[Any]]


class TermEmbeddings(TermFiles):
    """Search and export terms by their vectors: neighbours, analogies and files.

    Similarity is the cosine of the angle between two vectors. Vectors are scaled to length
    1 once, at the first query; each query is then one matrix product and a partial sort. An
    estimator gives a vector of zeros to a feature that it has never seen. The similarity of
    such a vector to any other is 0, and its list of neighbours is empty.

    Instances are immutable: the arrays are read-only copies of the arguments.

    Parameters
    ----------
    terms : array-like of str, length n_terms
        The terms. Each term must occur only once.
    vectors : array-like of shape (n_terms, embedding_dim)
        A vector for each term. float32 stays float32; other types become float64.
    counts : array-like of shape (n_terms,), default=None
        Number of documents that contain each term; NaN where unknown.
    values : array-like of shape (n_terms,), default=None
        A number for each term, such as its weight in a linear model, which colours the term
        in pictures; NaN where unknown.

    Attributes
    ----------
    terms : ndarray of shape (n_terms,), of str
        The terms.
    vectors : ndarray of shape (n_terms, embedding_dim)
        Their vectors.
    counts : ndarray of shape (n_terms,) or None
        Number of documents that contain each term: integers, or floats with NaN.
    values : ndarray of shape (n_terms,), float64, or None
        A number for each term.

    Raises
    ------
    ValueError
        If a term is given twice, lengths differ, or vectors are not finite.

    See Also
    --------
    EmbeddingDisplay : Draws the terms at the coordinates of their embeddings.

    Examples
    --------
    >>> from skembed import TermEmbeddings
    >>> embeddings = TermEmbeddings(["good", "great", "bad"], [[1, 0.1], [2, 0], [-1, 0.1]])
    >>> embeddings
    TermEmbeddings(3 terms, 2 dimensions)
    >>> [(term, round(similarity, 3)) for term, similarity in embeddings.most_similar("good")]
    [('great', 0.995), ('bad', -0.98)]
    >>> "bad" in embeddings, embeddings["bad"].tolist()
    (True, [-1.0, 0.1])
    """

    def __init__(
        self,
        terms: Collection[str],
        vectors: npt.ArrayLike,
        *,
        counts: npt.ArrayLike | None = None,
        values: npt.ArrayLike | None = None,
    ) -> None:
        table = check_array(
            vectors, dtype=[np.float64, np.float32], order="C", copy=True, input_name="vectors"
        )
        n_terms = len(table)
        self.terms = frozen(np.array(check_terms(terms, n_terms), dtype=object))
        self.vectors = frozen(table)
        self.counts = None if counts is None else frozen(check_counts(counts, n_terms))
        self.values = None if values is None else frozen(check_values(values, n_terms))
        self._index = TermIndex(self.terms.tolist())

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Any = None,
        *,
        output: int | None = None,
        embedding_dim: int = 64,
        random_state: int | np.random.RandomState | None = 0,
    ) -> Self:
        """Create term embeddings from a fitted estimator.

        Without X, the vectors are the estimator's embeddings: neighbours have similar effects on
        the prediction. With X, neighbours occur in similar rows (:meth:`from_cooccurrence`).

        Terms are the feature names of a pipeline's last step, or ``feature_names_in_`` (x0, x1,
        ... if missing) of a single estimator. Counts are the document counts of the pipeline's
        `VocabularyTransformer`. The value of a term is its effect alone: what it adds, with the
        value 1, to the output for an empty row. For estimators that are not skembed's, values
        are the weights of the linear part (``linear_coef_``), if there is one.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted estimator with an attribute ``embeddings_`` of shape
            (n_features, embedding_dim), or a pipeline that ends in one.
        X : what the estimator predicts on, default=None
            Rows, at least some thousands, such as the training rows.
        output : int, default=None
            Index of the output (class or target) for the values. None uses the only output;
            with several outputs there are no values.
        embedding_dim : int, default=64
            Number of dimensions of the vectors. Used only with X.
        random_state : int, RandomState or None, default=0
            Seed of the decomposition. Used only with X.

        Returns
        -------
        TermEmbeddings
            Copies of the embeddings, or, with X, vectors computed from the rows.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator has no attribute ``embeddings_``.
        ValueError
            If the pipeline cannot name its features, or `output` does not exist.

        Examples
        --------
        >>> from sklearn.pipeline import make_pipeline
        >>> from skembed import EmbeddingDNNClassifier, TermEmbeddings, VocabularyTransformer
        >>> model = make_pipeline(VocabularyTransformer(), EmbeddingDNNClassifier(2))
        >>> model = model.fit([["good", "film"], ["bad", "film"]], [1, 0])
        >>> embeddings = TermEmbeddings.from_estimator(model)
        >>> dict(zip(embeddings.terms, embeddings.counts.tolist(), strict=True))
        {'film': 2, 'bad': 1, 'good': 1}
        """
        check_is_fitted(estimator)
        vectors = embeddings_of(estimator)
        terms, counts = names_of(estimator, len(vectors)), counts_of(estimator)
        effects = effects_of(estimator, output)
        values = None if effects is None else effects.values
        if X is not None:
            rows = rows_of(estimator, X)
            used = cls.from_cooccurrence(rows, terms, embedding_dim, random_state=random_state)
            vectors, counts = used.vectors, used.counts
        return cls(terms, vectors, counts=counts, values=values)

    @classmethod
    def from_cooccurrence(
        cls,
        X: Any,
        feature_names: Collection[str],
        embedding_dim: int = 64,
        *,
        random_state: int | np.random.RandomState | None = None,
    ) -> Self:
        """Compute vectors from the rows in which terms occur, without labels.

        Neighbours occur in similar rows. Each non-zero entry of X is replaced by 1 / sqrt(m * n)
        with m the number of terms in its row and n the number of rows with its term, as in
        correspondence analysis [1]_. The vectors are the right singular vectors of this matrix
        from a truncated singular value decomposition, times the singular values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Matrix with one row per document and one column per term.
        feature_names : array-like of str, length n_features
            The terms, one per column of X.
        embedding_dim : int, default=64
            Number of singular values; smaller if X has fewer rows or columns.
        random_state : int, RandomState or None, default=None
            Seed of the randomized decomposition.

        Returns
        -------
        TermEmbeddings
            The vectors, with the number of rows that contain each term as counts.

        References
        ----------
        .. [1] Greenacre (1984), "Theory and Applications of Correspondence Analysis",
           Academic Press.

        Examples
        --------
        >>> from skembed import TermEmbeddings, VocabularyTransformer
        >>> rows = [["rain", "snow"], ["snow", "ice"], ["rain", "ice"], ["bat", "ball"]] * 5
        >>> terms = VocabularyTransformer()
        >>> X = terms.fit_transform(rows)
        >>> embeddings = TermEmbeddings.from_cooccurrence(X, terms.vocabulary_, 3, random_state=0)
        >>> sorted(term for term, _ in embeddings.most_similar("rain", topn=2))
        ['ice', 'snow']
        """
        check_scalar(embedding_dim, "embedding_dim", Integral, min_val=1)
        return cls._of_rows(cooccurrence_vectors, X, feature_names, embedding_dim, random_state)

    @classmethod
    def from_word2vec(cls, path_or_keyedvectors: Any, *, binary: bool = False) -> Self:
        r"""Read a file in word2vec's format, or convert gensim's ``KeyedVectors``.

        Parameters
        ----------
        path_or_keyedvectors : path-like or gensim.models.KeyedVectors
            A file, compressed by gzip if its name ends in ".gz"; or an object with the
            attributes ``index_to_key`` and ``vectors``. gensim need not be installed.
        binary : bool, default=False
            Whether the file is in the binary format.

        Returns
        -------
        TermEmbeddings
            Terms in the order of the file or object. Vectors from a file are float32. Counts
            are included if gensim has them; files do not contain counts.

        Raises
        ------
        ValueError
            If the file is damaged, has the other format, or contains a term twice.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from skembed import TermEmbeddings
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "vectors.txt")
        ...     _ = path.write_text("2 3\ngood 1 0 0.5\nbad -1 0 0.5\n")
        ...     embeddings = TermEmbeddings.from_word2vec(path)
        >>> embeddings["bad"].tolist()
        [-1.0, 0.0, 0.5]
        """
        if hasattr(path_or_keyedvectors, "index_to_key"):
            terms, vectors, counts = read_keyed_vectors(path_or_keyedvectors)
            return cls(terms, vectors, counts=counts)
        return cls(*read_word2vec(path_or_keyedvectors, binary))

    @classmethod
    def from_svd(
        cls,
        X: Any,
        feature_names: Collection[str],
        embedding_dim: int = 16,
        *,
        random_state: int | np.random.RandomState | None = None,
    ) -> Self:
        """Compute embeddings by a truncated singular value decomposition, without labels.

        Terms that occur in the same rows get similar vectors. With X = U S V' for the largest
        singular values S, the vectors are the rows of V S. This is latent semantic analysis
        [1]_, or principal component analysis if the mean of each column is 0.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Matrix with one row per document and one column per term.
        feature_names : array-like of str, length n_features
            The terms, one per column of X.
        embedding_dim : int, default=16
            Number of singular values, at most n_features.
        random_state : int, RandomState or None, default=None
            Seed of the randomized decomposition.

        Returns
        -------
        TermEmbeddings
            The vectors, with the number of rows that contain each term as counts.

        References
        ----------
        .. [1] Deerwester et al. (1990), "Indexing by latent semantic analysis", Journal of
           the American Society for Information Science 41 (6).

        Examples
        --------
        >>> from skembed import TermEmbeddings, VocabularyTransformer
        >>> vocabulary = VocabularyTransformer()
        >>> X = vocabulary.fit_transform([["good", "great"], ["good", "great"], ["bad"]])
        >>> embeddings = TermEmbeddings.from_svd(
        ...     X, vocabulary.get_feature_names_out(), 2, random_state=0
        ... )
        >>> round(embeddings.similarity("good", "great"), 3)
        1.0
        """
        return cls._of_rows(term_vectors, X, feature_names, embedding_dim, random_state)

    @classmethod
    def _of_rows(
        cls, compute: Any, X: Any, feature_names: Collection[str], dim: int, random_state: Any
    ) -> Self:
        X = check_array(X, accept_sparse="csr", dtype=[np.float64, np.float32])
        terms = check_terms(feature_names, X.shape[1])
        vectors, counts = compute(X, dim, random_state)
        return cls(terms, vectors, counts=counts)

    def __len__(self) -> int:
        return len(self.terms)

    def __iter__(self) -> Iterator[str]:
        return iter(self.terms.tolist())

    def __contains__(self, term: object) -> bool:
        return term in self._index

    def __getitem__(self, term: str | Sequence[str]) -> Floats:
        if isinstance(term, str):
            return self.vectors[self._index.row(term)]
        return self.vectors[[self._index.row(name) for name in term]]

    def __repr__(self) -> str:
        n_terms, dim = self.vectors.shape
        return f"{type(self).__name__}({n_terms:,} terms, {dim} dimensions)"

    def __reduce__(self) -> tuple[Any, ...]:
        # Arrays are writeable again after unpickling: the constructor makes them read-only.
        return _restored, (type(self), self.terms, self.vectors, self.counts, self.values)

    def to_frame(self) -> pd.DataFrame:
        """Return a data frame with one row per term.

        Returns
        -------
        DataFrame
            Indexed by term, with the columns count and value (if known), dimension_1,
            dimension_2 and so on.

        Examples
        --------
        >>> from skembed import TermEmbeddings
        >>> embeddings = TermEmbeddings(["good", "bad"], [[1.0, 0.5], [-1.0, 0.5]], counts=[7, 3])
        >>> embeddings.to_frame().loc["bad"].to_dict()
        {'count': 3.0, 'dimension_1': -1.0, 'dimension_2': 0.5}
        """
        return term_frame(self.terms, self.vectors, self._columns())

    def most_similar(
        self,
        positive: str | Sequence[str],
        negative: str | Sequence[str] | None = None,
        topn: int = 10,
        *,
        as_frame: bool = False,
    ) -> Neighbours | pd.DataFrame:
        """Return the terms most similar to one term, or to a combination of terms.

        Averages the vectors of the given terms, scaled to length 1, with weight 1 for `positive`
        and -1 for `negative`. The given terms are excluded from the result. Method and results
        are the same as those of gensim's ``KeyedVectors.most_similar``.

        Parameters
        ----------
        positive : str or list of str
            Terms that the result should be similar to. May be empty if `negative` is given.
        negative : str or list of str, default=None
            Terms that the result should be dissimilar to.
        topn : int, default=10
            Number of terms to return.
        as_frame : bool, default=False
            Whether to return a data frame instead of a list.

        Returns
        -------
        list of (str, float), or DataFrame
            Terms and cosine similarities from -1 to 1, most similar first. The data frame is
            indexed by term and has the columns similarity, count and value (if known).

        Raises
        ------
        KeyError
            If a given term is unknown; the message suggests terms of similar spelling.
        ValueError
            If no term is given or `topn` is negative.

        Examples
        --------
        >>> from skembed import TermEmbeddings
        >>> embeddings = TermEmbeddings(
        ...     ["man", "woman", "king", "queen", "film"],
        ...     [[1, 0, 0.1], [0, 1, 0.1], [1, 0, 1], [0, 1, 1], [-1, -1, -1]],
        ... )
        >>> embeddings.most_similar(["king", "woman"], "man", topn=1)[0][0]
        'queen'
        """
        check_scalar(topn, "topn", Integral, min_val=0)
        plus, minus = self._index.rows(positive), self._index.rows(negative)
        if not plus and not minus:
            raise ValueError("positive and negative are empty; give at least one term.")
        direction = analogy(self._units, plus, minus)
        found = neighbours(self.terms, self._units, direction, topn, [*plus, *minus])
        return neighbour_frame(found, self._index, self._columns()) if as_frame else found

    def similarity(self, a: str, b: str) -> float:
        """Return the cosine similarity of two terms.

        Parameters
        ----------
        a, b : str
            The terms.

        Returns
        -------
        float
            Similarity from -1 to 1; 0 if one of the vectors is 0.

        Raises
        ------
        KeyError
            If a term is unknown.

        Examples
        --------
        >>> from skembed import TermEmbeddings
        >>> TermEmbeddings(["good", "bad"], [[1, 0], [-2, 0]]).similarity("good", "bad")
        -1.0
        """
        return float(self._units[self._index.row(a)] @ self._units[self._index.row(b)])

    def nearest(self, vectors: npt.ArrayLike, topn: int = 10) -> Neighbours | list[Neighbours]:
        """Return the terms most similar to vectors, such as the pooled vectors of documents.

        The ``transform`` of a fitted estimator or pipeline returns the pooled vectors of rows:
        ``embeddings.nearest(model.transform(X))``.

        Parameters
        ----------
        vectors : array-like of shape (embedding_dim,) or (n_samples, embedding_dim)
            One vector, or one vector per row.
        topn : int, default=10
            Number of terms for each vector.

        Returns
        -------
        list of (str, float), or list of n_samples such lists
            Terms and cosine similarities from -1 to 1, most similar first. The list is empty
            for a vector of zeros, such as that of a document without known terms.

        Raises
        ------
        ValueError
            If the dimension of the vectors differs from that of the embeddings.

        Examples
        --------
        >>> from skembed import TermEmbeddings
        >>> embeddings = TermEmbeddings(["good", "bad"], [[1.0, 0.0], [-1.0, 0.0]])
        >>> embeddings.nearest([2.0, 0.0], topn=1)
        [('good', 1.0)]
        >>> embeddings.nearest([[2.0, 0.0], [-3.0, 0.0]], topn=1)
        [[('good', 1.0)], [('bad', 1.0)]]
        """
        check_scalar(topn, "topn", Integral, min_val=0)
        is_one = np.ndim(vectors) == 1
        rows = check_directions(vectors, self.vectors.shape[1])
        lists = [neighbours(self.terms, self._units, row, topn) for row in rows]
        return lists[0] if is_one else lists

    @cached_property
    def _units(self) -> Floats:
        """The vectors scaled to length 1."""
        return unit_rows(self.vectors)


def _restored(
    cls: type[TermEmbeddings], terms: Any, vectors: Any, counts: Any, values: Any
) -> TermEmbeddings:
    return cls(terms, vectors, counts=counts, values=values)
