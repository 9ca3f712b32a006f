"""Terms and their vectors, whatever learned them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from numbers import Integral
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_scalar
from sklearn.utils.validation import check_is_fitted

from skembed.inspection._cosine import unit_rows
from skembed.inspection._data_frame import term_frame
from skembed.inspection._fitted_terms import counts_of, embeddings_of, linear_weights_of, names_of
from skembed.inspection._keyed_vectors import read_keyed_vectors
from skembed.inspection._latent_semantic_analysis import term_vectors
from skembed.inspection._neighbours import Neighbours, analogy, check_directions, neighbours
from skembed.inspection._projector_files import write_projector
from skembed.inspection._term_arrays import check_counts, check_terms, check_values
from skembed.inspection._term_index import TermIndex
from skembed.inspection._word2vec_files import read_word2vec, writable_terms, write_word2vec

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.floating[Any]]


class TermEmbeddings:
    """Terms and their vectors: neighbours, analogies, and files for other programs.

    Similarity is the cosine of the angle between two vectors. Vectors are scaled to length
    1 once, at the first question; each question then is one matrix product and a partial
    sort. A vector of zeros, which an estimator gives to a feature that it never saw, has no
    direction: its similarity to everything is 0, and the list of its neighbours is empty.

    Nothing of it can be changed: the arrays are read-only copies of what was given.

    Parameters
    ----------
    terms : array-like of str, length n_terms
        The terms, none of them twice.
    vectors : array-like of shape (n_terms, embedding_dim)
        A vector for each term. float32 stays float32; other types become float64.
    counts : array-like of shape (n_terms,), default=None
        Number of documents that hold each term, NaN where it is not known.
    values : array-like of shape (n_terms,), default=None
        A number for each term, such as its weight in a linear model, to colour pictures by;
        NaN where there is none.

    Attributes
    ----------
    terms : ndarray of shape (n_terms,), of str
        The terms.
    vectors : ndarray of shape (n_terms, embedding_dim)
        Their vectors.
    counts : ndarray of shape (n_terms,) or None
        Number of documents that hold each term: integers, or floats with NaN.
    values : ndarray of shape (n_terms,), float64, or None
        A number for each term.

    Raises
    ------
    ValueError
        If a term is given twice, lengths differ, or vectors are not finite.

    See Also
    --------
    EmbeddingDisplay : The picture of an embedding.

    Examples
    --------
    >>> from skembed import TermEmbeddings
    >>> embeddings = TermEmbeddings(
    ...     ["good", "great", "bad"], [[1.0, 0.1], [2.0, 0.0], [-1.0, 0.1]]
    ... )
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
        self.terms = _frozen(np.array(check_terms(terms, n_terms), dtype=object))
        self.vectors = _frozen(table)
        self.counts = None if counts is None else _frozen(check_counts(counts, n_terms))
        self.values = None if values is None else _frozen(check_values(values, n_terms))
        self._index = TermIndex(self.terms.tolist())

    @classmethod
    def from_estimator(cls, estimator: BaseEstimator, *, output: int | None = None) -> Self:
        """Take the embeddings of a fitted estimator.

        The terms of a pipeline are the feature names that its last step was given; their
        counts are the document counts of its `VocabularyTransformer`, if it has one. An
        estimator alone has ``feature_names_in_`` or, without them, x0, x1 and so on. The
        values are the weights of the estimator's linear part (``linear_coef_``), if it has
        one.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted estimator with an attribute ``embeddings_`` of shape
            (n_features, embedding_dim), or a pipeline that ends in one.
        output : int, default=None
            The output (class or target) whose linear weights are the values. None takes
            the only one, and no values where there are several.

        Returns
        -------
        TermEmbeddings
            Copies of the embeddings.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator holds no ``embeddings_``.
        ValueError
            If the pipeline cannot name its features, or there is no such output.

        Examples
        --------
        >>> from sklearn.pipeline import make_pipeline
        >>> from skembed import EmbeddingDNNClassifier, TermEmbeddings, VocabularyTransformer
        >>> model = make_pipeline(
        ...     VocabularyTransformer(), EmbeddingDNNClassifier(2, random_state=0)
        ... )
        >>> model = model.fit([["good", "film"], ["bad", "film"]], [1, 0])
        >>> embeddings = TermEmbeddings.from_estimator(model)
        >>> dict(zip(embeddings.terms, embeddings.counts.tolist(), strict=True))
        {'film': 2, 'bad': 1, 'good': 1}

        The terms nearest to a document, whose vector the pipeline computes:

        >>> len(embeddings.nearest(model.transform([["good", "good"]]), topn=1)[0])
        1
        """
        check_is_fitted(estimator)
        vectors = embeddings_of(estimator)
        return cls(
            names_of(estimator, len(vectors)),
            vectors,
            counts=counts_of(estimator),
            values=linear_weights_of(estimator, output),
        )

    @classmethod
    def from_word2vec(cls, path_or_keyedvectors: Any, *, binary: bool = False) -> Self:
        r"""Read a file in word2vec's format, or take gensim's vectors.

        Parameters
        ----------
        path_or_keyedvectors : path-like or gensim.models.KeyedVectors
            A file, packed by gzip if its name ends in ".gz", or an object with the
            attributes ``index_to_key`` and ``vectors``. gensim need not be installed.
        binary : bool, default=False
            Whether the file is in the binary format.

        Returns
        -------
        TermEmbeddings
            The terms in their order, the vectors as float32 if they are from a file.
            Counts are there if gensim knows them; files do not hold them.

        Raises
        ------
        ValueError
            If the file is damaged or in the other format, or holds a term twice.

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
        """Compute embeddings that need no labels: a truncated singular value decomposition.

        Of X = U S V', with the largest singular values S, the vectors are the rows of V S.
        Terms that occur in the same rows get similar vectors. This is latent semantic
        analysis [1]_, and principal component analysis for columns whose mean is 0.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Documents by terms.
        feature_names : array-like of str, length n_features
            The terms.
        embedding_dim : int, default=16
            Number of singular values, at most n_features.
        random_state : int, RandomState or None, default=None
            Seed of the randomized decomposition.

        Returns
        -------
        TermEmbeddings
            With the number of rows that hold each term as counts.

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
        X = check_array(X, accept_sparse="csr", dtype=[np.float64, np.float32])
        terms = check_terms(feature_names, X.shape[1])
        vectors, counts = term_vectors(X, embedding_dim, random_state)
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
        """Return a data frame with one row a term.

        Returns
        -------
        DataFrame
            With the terms as index and the columns count and value, where they are known,
            dimension_1, dimension_2 and so on.

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
    ) -> Neighbours:
        """Return the terms most similar to a term, or to a sum and difference of terms.

        The vectors of the given terms are scaled to length 1 and averaged, those of
        `negative` with the weight -1; the terms most similar to the average are returned,
        without the given ones. The method and its results are those of gensim's
        ``KeyedVectors.most_similar``.

        Parameters
        ----------
        positive : str or list of str
            Terms to be similar to. May be empty if there are negative ones.
        negative : str or list of str, default=None
            Terms to be dissimilar to.
        topn : int, default=10
            Number of terms to return.

        Returns
        -------
        list of (str, float)
            Terms and cosine similarities from -1 to 1, the most similar first.

        Raises
        ------
        KeyError
            If a given term is unknown.
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
        return neighbours(self.terms, self._units, direction, topn, [*plus, *minus])

    def similarity(self, a: str, b: str) -> float:
        """Return the cosine similarity of two terms.

        Parameters
        ----------
        a, b : str
            The terms.

        Returns
        -------
        float
            From -1 to 1; 0 if one of the vectors is 0.

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

        The pooled vectors of rows X are what the estimator, or the pipeline that ends in
        it, returns from its ``transform``: ``embeddings.nearest(model.transform(X))``.

        Parameters
        ----------
        vectors : array-like of shape (embedding_dim,) or (n_samples, embedding_dim)
            One vector, or one a row.
        topn : int, default=10
            Number of terms for each vector.

        Returns
        -------
        list of (str, float), or list of n_samples such lists
            Terms and cosine similarities from -1 to 1, the most similar first; an empty
            list for a vector of zeros, which a document without known terms has.

        Raises
        ------
        ValueError
            If the vectors have another dimension than those of the terms.

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

    def save_word2vec_format(
        self, path: str | PathLike[str], *, binary: bool = False, space: str | None = None
    ) -> None:
        """Write a file in word2vec's format, which gensim and others read.

        Parameters
        ----------
        path : path-like
            The file. One that is there is overwritten.
        binary : bool, default=False
            Whether to write the binary format: smaller, and float32 in any case. Text has
            all digits of the vectors.
        space : str, default=None
            What to write for white space in a term, which ends it in this format. None
            raises for such terms.

        Raises
        ------
        ValueError
            If a term is empty or holds white space, or terms become equal by `space`.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from skembed import TermEmbeddings
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "vectors.txt")
        ...     TermEmbeddings(["good", "not bad"], [[1.0, 0.5], [0.25, 0.5]]).save_word2vec_format(
        ...         path, space="_"
        ...     )
        ...     print(path.read_text().rstrip())
        2 2
        good 1 0.5
        not_bad 0.25 0.5
        """
        write_word2vec(path, writable_terms(self, space), self.vectors, binary)

    def to_projector(self, folder: str | PathLike[str]) -> None:
        """Write the two files that TensorFlow's Embedding Projector loads.

        They are vectors.tsv and metadata.tsv, the latter with the terms and, where they
        are known, counts and values, then below a header. Control characters in terms are
        written as escapes. See https://projector.tensorflow.org, "Load".

        Parameters
        ----------
        folder : path-like
            Where to write them; it is made if it is not there.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from skembed import TermEmbeddings
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     TermEmbeddings(["good", "bad"], [[1, 0], [0, 1]]).to_projector(folder)
        ...     print(pathlib.Path(folder, "metadata.tsv").read_text().rstrip())
        good
        bad
        """
        write_projector(folder, self.terms.tolist(), self.vectors, self._columns())

    @cached_property
    def _units(self) -> Floats:
        """The vectors scaled to length 1."""
        return unit_rows(self.vectors)

    def _columns(self) -> dict[str, npt.NDArray[np.number[Any]]]:
        """Counts and values, as far as they are known."""
        columns = {"count": self.counts, "value": self.values}
        return {name: numbers for name, numbers in columns.items() if numbers is not None}


def _restored(
    cls: type[TermEmbeddings], terms: Any, vectors: Any, counts: Any, values: Any
) -> TermEmbeddings:
    return cls(terms, vectors, counts=counts, values=values)


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
