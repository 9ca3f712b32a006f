"""Pictures of embeddings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from skembed.inspection._axes import draw_axes, figure_size, import_plotting, root_figure
from skembed.inspection._dots import draw_colorbar, draw_dots, draw_size_legend
from skembed.inspection._fitted_terms import counts_of, effects_of, embeddings_of, names_of, rows_of
from skembed.inspection._labels import by_telling, check_max_terms, short_names, write_labels
from skembed.inspection._markers import dot_areas
from skembed.inspection._projection import axis_names, positions, project
from skembed.inspection._term_arrays import check_counts, check_terms, check_values
from skembed.inspection._term_embeddings import TermEmbeddings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.NDArray[np.number[Any]]


class EmbeddingDisplay:
    """Scatter plot of terms at the coordinates of their embeddings.

    Two-dimensional embeddings are drawn as they are: a dot at the coordinates of each term
    and its label beside it, connected by a thin line if the label had to move to avoid
    others. One-dimensional embeddings are drawn along the horizontal axis, with the terms
    ranked from bottom to top. More dimensions are projected onto their first two principal
    components, with their share of the variance in the axis labels, or by an estimator
    such as scikit-learn's TSNE.

    The value of each term, such as its weight in a linear model, colours its dot: red above
    0, blue below. The size of a dot grows with the number of documents that contain the
    term. Only the most important terms are labelled. Importance is the absolute value or,
    without values, the distance from the origin; if counts are known, it is multiplied by
    log(1 + count).

    Create displays with :meth:`from_estimator` or :meth:`from_embeddings`, which also draw
    them. Drawing needs the extra ``skembed[plot]``. :meth:`to_html` writes an interactive
    page for a browser; it needs the extra ``skembed[interactive]``.

    Parameters
    ----------
    coordinates : ndarray of shape (n_terms, 1) or (n_terms, 2)
        Coordinates of each term in the plot.
    terms : sequence of str, length n_terms
        The terms, in the order of the coordinates.
    explained_variance_ratio : ndarray of shape (2,), default=None
        Share of the embeddings' variance along each axis, from 0 to 1, if the coordinates
        are principal components. None means that the coordinates are the embeddings.
    axis_labels : sequence of str, default=None
        Label of each axis. None uses the number of the dimension or principal component.
    vectors : ndarray of shape (n_terms, embedding_dim), default=None
        The embeddings before projection, in which :meth:`to_html` finds neighbours. None
        uses the coordinates.
    counts : ndarray of shape (n_terms,), default=None
        Number of documents that contain each term; NaN where unknown.
    values : ndarray of shape (n_terms,), default=None
        Number that colours each term; NaN where unknown.
    value_name : str, default="value"
        Name of the values, used as the label of the colour scale.
    value_directions : tuple of two str, default=None
        Meaning of values below 0 and above 0, such as the names of two classes.
    usage_vectors : ndarray of shape (n_terms, n_dimensions), default=None
        Vectors of co-occurrence, from which :meth:`to_html` makes a second list of
        neighbours: terms that occur in similar rows.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes last drawn on.
    figure_ : matplotlib Figure
        The figure of these axes.
    points_ : matplotlib PathCollection
        The dots of all terms, in their order.
    text_ : list of matplotlib Text
        Labels of the labelled terms, in the order of the terms. If all terms begin with the
        name of a transformer and two underscores, as after a ColumnTransformer, the labels
        omit this prefix.
    lines_ : list of matplotlib Line2D
        The lines from dots to labels.
    colorbar_ : matplotlib Colorbar or None
        The scale of the colours; None without values.
    legend_ : matplotlib Legend or None
        The scale of the sizes; None without counts.

    See Also
    --------
    EmbeddingDNNClassifier : Learns such embeddings.
    TermEmbeddings : Holds embeddings and finds neighbours.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skembed import EmbeddingDisplay
    >>> display = EmbeddingDisplay.from_embeddings(
    ...     [[-1.0, 0.5], [1.0, 0.2], [0.8, -1.0]], ["dull", "superb", "fun"]
    ... )
    >>> [text.get_text() for text in display.text_]
    ['dull', 'superb', 'fun']
    >>> plt.close(display.figure_)
    """

    ax_: Axes
    figure_: Figure
    points_: PathCollection
    text_: list[Text]
    lines_: list[Line2D]
    colorbar_: Colorbar | None
    legend_: Legend | None

    def __init__(
        self,
        coordinates: Floats,
        terms: Sequence[str],
        *,
        explained_variance_ratio: Floats | None = None,
        axis_labels: Sequence[str] | None = None,
        vectors: Floats | None = None,
        counts: Numbers | None = None,
        values: Floats | None = None,
        value_name: str = "value",
        value_directions: tuple[str, str] | None = None,
        usage_vectors: Floats | None = None,
    ) -> None:
        self.coordinates = coordinates
        self.terms = terms
        self.explained_variance_ratio = explained_variance_ratio
        self.axis_labels = axis_labels
        self.vectors = vectors
        self.counts = counts
        self.values = values
        self.value_name = value_name
        self.value_directions = value_directions
        self.usage_vectors = usage_vectors

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        feature_names: Collection[str] | None = None,
        *,
        counts: npt.ArrayLike | None = None,
        values: npt.ArrayLike | None = None,
        value_name: str | None = None,
        output: int | None = None,
        X: Any = None,
        projection: BaseEstimator | None = None,
        draw: bool = True,
        ax: Axes | None = None,
        max_terms: int | None = 100,
        fontsize: float = 9.0,
    ) -> Self:
        """Draw the embeddings of a fitted estimator.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted estimator with an attribute ``embeddings_`` of shape
            (n_features, embedding_dim), or a pipeline that ends in one.
        feature_names : array-like of str, length n_features, default=None
            The terms. None uses the feature names of a pipeline's last step, or the
            ``feature_names_in_`` of a single estimator, or x0, x1 and so on if it has none.
        counts : array-like of shape (n_features,), default=None
            Number of documents that contain each term. None uses the document counts of a
            pipeline's `VocabularyTransformer`, if it has one.
        values : array-like of shape (n_features,), default=None
            Number that colours each term. None uses the effect of the term alone: what it
            adds, with the value 1, to the output for an empty row. For estimators that are not
            skembed's, None uses the weight in their linear part ``linear_coef_``, if any.
        value_name : str, default=None
            Name of the values. None uses "effect alone" or "linear weight" for values that are
            computed here, else "value".
        output : int, default=None
            Index of the output (class or target) for the values. None uses the only output;
            with several outputs there are no values.
        X : what the estimator predicts on, default=None
            Rows for a second list of neighbours in :meth:`to_html`: terms that occur in similar
            rows, see :meth:`TermEmbeddings.from_cooccurrence`.
        projection : estimator, default=None
            Estimator that projects the embeddings, see :meth:`from_embeddings`.
        draw : bool, default=True
            Whether to draw now. If False, call :meth:`plot` or :meth:`to_html` later.
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.
        max_terms : int or None, default=100
            Number of terms to label, see :meth:`plot`.
        fontsize : float, default=9.0
            Size of the labels in points.

        Returns
        -------
        EmbeddingDisplay
            The display, drawn if `draw` is True.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator has no attribute ``embeddings_``.
        ValueError
            If the number of names differs from that of the embeddings, the pipeline cannot
            name its features, or the embeddings contain NaN or infinity.
        """
        check_is_fitted(estimator)
        embeddings = embeddings_of(estimator)
        effects = effects_of(estimator, output) if values is None else None
        if value_name is None:
            value_name = "value" if effects is None else effects.name
        names = names_of(estimator, len(embeddings)) if feature_names is None else feature_names
        counts = counts_of(estimator) if counts is None else counts
        display = cls.from_embeddings(
            embeddings,
            names,
            counts=counts,
            values=values if effects is None else effects.values,
            value_name=value_name,
            projection=projection,
            draw=False,
        )
        display.value_directions = None if effects is None else effects.directions
        if X is not None:
            rows = rows_of(estimator, X)
            used = TermEmbeddings.from_cooccurrence(rows, names, random_state=0)
            display.usage_vectors = used.vectors
        return display.plot(ax, max_terms=max_terms, fontsize=fontsize) if draw else display

    @classmethod
    def from_embeddings(
        cls,
        embeddings: npt.ArrayLike | TermEmbeddings,
        terms: Collection[str] | None = None,
        *,
        counts: npt.ArrayLike | None = None,
        values: npt.ArrayLike | None = None,
        value_name: str = "value",
        projection: BaseEstimator | None = None,
        draw: bool = True,
        ax: Axes | None = None,
        max_terms: int | None = 100,
        fontsize: float = 9.0,
    ) -> Self:
        """Draw embeddings given as an array or as `TermEmbeddings`.

        Parameters
        ----------
        embeddings : TermEmbeddings or array-like of shape (n_terms, embedding_dim)
            The embeddings, one row per term.
        terms : array-like of str, length n_terms, default=None
            The terms, in the order of the rows. None uses those of `TermEmbeddings`.
        counts : array-like of shape (n_terms,), default=None
            Number of documents that contain each term; NaN where unknown. None uses the counts
            of `TermEmbeddings`, if it has any.
        values : array-like of shape (n_terms,), default=None
            Number that colours each term; NaN where unknown. None uses the values of
            `TermEmbeddings`, if it has any.
        value_name : str, default="value"
            Name of the values.
        projection : estimator, default=None
            Estimator whose ``fit_transform`` returns two columns, such as
            ``sklearn.manifold.TSNE()``; it is cloned before fitting. None draws one or two
            dimensions as they are, and the first two principal components of more dimensions.
        draw : bool, default=True
            Whether to draw now. If False, call :meth:`plot` or :meth:`to_html` later.
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.
        max_terms : int or None, default=100
            Number of terms to label, see :meth:`plot`.
        fontsize : float, default=9.0
            Size of the labels in points.

        Returns
        -------
        EmbeddingDisplay
            The display, drawn if `draw` is True.

        Raises
        ------
        ValueError
            If the number of terms, counts or values differs from the number of rows, the
            embeddings are not a two-dimensional array of finite numbers, or `projection`
            does not return two columns.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from sklearn.decomposition import KernelPCA
        >>> from skembed import EmbeddingDisplay, TermEmbeddings
        >>> embeddings = TermEmbeddings(
        ...     ["good", "great", "bad", "poor"],
        ...     [[1, 0, 0.1], [1, 0.2, 0], [-1, 0, 0.1], [-1, 0.1, 0]],
        ...     counts=[40, 20, 30, 10],
        ...     values=[1.5, 2.0, -1.5, -2.0],
        ... )
        >>> display = EmbeddingDisplay.from_embeddings(
        ...     embeddings, projection=KernelPCA(2, kernel="cosine"), max_terms=2
        ... )
        >>> display.ax_.get_xlabel(), [text.get_text() for text in display.text_]
        ('KernelPCA 1', ['good', 'great'])
        >>> plt.close(display.figure_)
        """
        if isinstance(embeddings, TermEmbeddings):
            terms = embeddings.terms if terms is None else terms
            counts = embeddings.counts if counts is None else counts
            values = embeddings.values if values is None else values
            embeddings = embeddings.vectors
        elif terms is None:
            raise ValueError("terms is missing; give one for each row of the embeddings.")
        table = check_array(
            embeddings, dtype=[np.float64, np.float32], copy=True, input_name="embeddings"
        )
        labels = check_terms(terms, len(table))
        projected = project(table, projection)
        display = cls(
            projected.coordinates,
            labels,
            explained_variance_ratio=projected.explained_variance_ratio,
            axis_labels=projected.axis_labels,
            vectors=table,
            counts=None if counts is None else check_counts(counts, len(table)),
            values=None if values is None else check_values(values, len(table)),
            value_name=value_name,
        )
        return display.plot(ax, max_terms=max_terms, fontsize=fontsize) if draw else display

    def plot(
        self,
        ax: Axes | None = None,
        *,
        max_terms: int | None = 100,
        fontsize: float = 9.0,
    ) -> Self:
        """Draw the terms.

        Set the size of the figure before drawing, because labels are placed for that size.
        Each axis ends at 1.2 times its extreme coordinates; if zero is not between them, it
        ends a tenth of the range beyond them. With more than 2,000 terms, dots are smaller and
        paler, and are stored as an image (not as vector graphics) in PDF and SVG files.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure, which is larger for more labels.
        max_terms : int or None, default=100
            Maximum number of terms to label, the most important ones. Other terms are dots
            without a label. None labels all terms.
        fontsize : float, default=9.0
            Size of the labels in points.

        Returns
        -------
        EmbeddingDisplay
            This display.

        Raises
        ------
        ImportError
            If matplotlib or textalloc is not installed.
        ValueError
            If `max_terms` is negative, or `ax` lies in a subfigure.
        """
        pyplot, textalloc = import_plotting()
        labelled = self._by_telling()[: check_max_terms(max_terms)]
        if ax is None:
            _, ax = pyplot.subplots(figsize=figure_size(len(labelled)), layout="constrained")
        self.ax_, self.figure_ = ax, root_figure(ax)
        points = positions(self.coordinates)
        draw_axes(ax, self.coordinates, self._axis_names())
        sizes = dot_areas(len(self.terms), self.counts, labelled)
        self.points_ = draw_dots(ax, points, sizes, self.values, labelled)
        self.colorbar_ = self.legend_ = None
        if self.values is not None:
            self.colorbar_ = draw_colorbar(ax, self.points_, self.values, self._value_label())
        if self.counts is not None:
            self.legend_ = draw_size_legend(ax, self.counts)
        self.text_, self.lines_ = write_labels(
            textalloc, ax, points, short_names(self.terms), labelled, fontsize
        )
        return self

    def to_html(
        self,
        path: str | PathLike[str],
        *,
        title: str = "Term embeddings",
        topn: int = 10,
    ) -> Path:
        """Write an interactive page of the terms for a browser.

        The page is one file that works offline. You can pan, zoom, hover over terms and search
        for them. A term that you search or click is shown with its nearest neighbours, as in
        :meth:`TermEmbeddings.most_similar`: by cosine similarity of the embeddings, not by
        distance in the plot. Labels are the most important terms that fit. The page follows
        the light or dark mode of the system.

        The file contains plotly's program (5 MB) and all vectors as float32.

        Parameters
        ----------
        path : path-like
            The file to write. An existing file is overwritten.
        title : str, default="Term embeddings"
            Title of the page.
        topn : int, default=10
            Number of neighbours to show.

        Returns
        -------
        pathlib.Path
            Path of the file.

        Raises
        ------
        ImportError
            If plotly is not installed.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from skembed import EmbeddingDisplay
        >>> display = EmbeddingDisplay.from_embeddings(
        ...     [[-1.0, 0.5], [1.0, 0.2], [0.8, -1.0]], ["dull", "superb", "fun"], draw=False
        ... )
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = display.to_html(pathlib.Path(folder, "terms.html"), title="Three terms")
        ...     "<title>Three terms</title>" in page.read_text(encoding="utf-8")
        True
        """
        from skembed.inspection._page import PageContent, write_page

        content = PageContent(
            terms=self.terms,
            positions=positions(self.coordinates),
            vectors=self.coordinates if self.vectors is None else self.vectors,
            counts=self.counts,
            values=self.values,
            value_name=self.value_name,
            directions=self.value_directions,
            axis_labels=self._axis_names(),
            by_telling=self._by_telling(),
            usage_vectors=self.usage_vectors,
        )
        return write_page(path, content, title, topn)

    def _by_telling(self) -> npt.NDArray[np.intp]:
        return by_telling(self.coordinates, self.values, self.counts)

    def _value_label(self) -> str:
        if self.value_directions is None:
            return self.value_name
        below, above = (name.replace("$", r"\$") for name in self.value_directions)
        return f"{self.value_name} (\u2212 {below}, + {above})"

    def _axis_names(self) -> list[str]:
        return axis_names(self.coordinates, self.axis_labels, self.explained_variance_ratio)
