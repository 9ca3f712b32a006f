"""Pictures of embeddings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import minmax_scale
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

Floats = npt.NDArray[np.floating[Any]]

# Labels keep clear of the dots of all terms up to this number, beyond it only of their own.
_MAX_OBSTACLES = 2000


class EmbeddingDisplay:
    """Terms drawn at the coordinates of their embeddings.

    Embeddings of two dimensions are drawn as they are: a small dot at each term's two
    coordinates and the term beside it, joined by a thin line where the term had to move
    out of the way of others. One dimension is drawn along the horizontal axis, the terms
    ranked by it from bottom to top. More dimensions are projected onto their first two
    principal components, and the axis labels tell how much of the variance each holds.

    Make displays with :meth:`from_estimator` or :meth:`from_embeddings`, which also draw
    them. Drawing needs the extra ``skembed[plot]``.

    Parameters
    ----------
    coordinates : ndarray of shape (n_terms, 1) or (n_terms, 2)
        Where to draw each term.
    terms : sequence of str, length n_terms
        The terms, in the order of the coordinates.
    explained_variance_ratio : ndarray of shape (2,), default=None
        Share of the embeddings' variance along each axis, from 0 to 1, if the coordinates
        are principal components. None means they are the embeddings themselves.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes last drawn on.
    figure_ : matplotlib Figure
        The figure of these axes.
    points_ : matplotlib PathCollection
        The dots of all terms, in their order.
    text_ : list of matplotlib Text
        The labels, in the order of the terms; only the labelled terms.
    lines_ : list of matplotlib Line2D
        The lines from dots to labels.

    See Also
    --------
    EmbeddingDNNClassifier : Learns such embeddings.

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

    def __init__(
        self,
        coordinates: Floats,
        terms: Sequence[str],
        *,
        explained_variance_ratio: Floats | None = None,
    ) -> None:
        self.coordinates = coordinates
        self.terms = terms
        self.explained_variance_ratio = explained_variance_ratio

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        feature_names: Collection[str] | None = None,
        *,
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
            The terms. None takes, for a pipeline, the feature names that its last step
            was given; otherwise the estimator's ``feature_names_in_`` or, without them,
            x0, x1 and so on.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        max_terms : int or None, default=100
            Number of terms to label, see :meth:`plot`.
        fontsize : float, default=9.0
            Size of the labels in points.

        Returns
        -------
        EmbeddingDisplay
            The display that has been drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator holds no ``embeddings_``.
        ValueError
            If the number of names is not that of the embeddings, the pipeline cannot
            name its features, or the embeddings hold NaN or infinity.
        """
        check_is_fitted(estimator)
        embeddings = _embeddings_of(estimator)
        names = _names_of(estimator, len(embeddings)) if feature_names is None else feature_names
        return cls.from_embeddings(embeddings, names, ax=ax, max_terms=max_terms, fontsize=fontsize)

    @classmethod
    def from_embeddings(
        cls,
        embeddings: npt.ArrayLike,
        terms: Collection[str],
        *,
        ax: Axes | None = None,
        max_terms: int | None = 100,
        fontsize: float = 9.0,
    ) -> Self:
        """Draw embeddings given as an array.

        Parameters
        ----------
        embeddings : array-like of shape (n_terms, embedding_dim)
            One row per term.
        terms : array-like of str, length n_terms
            The terms, in the order of the rows.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        max_terms : int or None, default=100
            Number of terms to label, see :meth:`plot`.
        fontsize : float, default=9.0
            Size of the labels in points.

        Returns
        -------
        EmbeddingDisplay
            The display that has been drawn.

        Raises
        ------
        ValueError
            If the number of terms is not that of the rows, or the embeddings are not a
            two-dimensional array of finite numbers.
        """
        table = check_array(
            embeddings, dtype=[np.float64, np.float32], copy=True, input_name="embeddings"
        )
        labels = _check_terms(terms, len(table))
        coordinates, ratio = _project(table)
        display = cls(coordinates, labels, explained_variance_ratio=ratio)
        return display.plot(ax, max_terms=max_terms, fontsize=fontsize)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        max_terms: int | None = 100,
        fontsize: float = 9.0,
    ) -> Self:
        """Draw the terms.

        Both axes end at 1.2 times the extreme coordinates; where an axis holds no zero
        between its extremes, they end a tenth of the range beyond them. Labels are placed
        for the size the axes have when they are drawn: choose the figure's size before.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure, the larger the more labels it holds.
        max_terms : int or None, default=100
            Number of terms to label: those farthest from the origin of the axes. The
            others are dots without a label. None labels all of them.
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
        pyplot, textalloc = _import_plotting()
        labelled = _farthest(self.coordinates, max_terms)
        if ax is None:
            _, ax = pyplot.subplots(figsize=_figure_size(len(labelled)), layout="constrained")
        self.ax_, self.figure_ = ax, _root_figure(ax)
        self._draw_axes()
        self._draw_points(labelled)
        self._draw_labels(textalloc, labelled, fontsize)
        return self

    def _draw_axes(self) -> None:
        """Set limits, labels and zero lines."""
        x, *y = self.coordinates.T
        self.ax_.set(xlim=_limits(x), ylim=_limits(y[0]) if y else (-1, len(x)))
        self.ax_.set_xlabel(self._axis_label(0))
        self.ax_.axvline(0, color="0.5", alpha=0.3, linewidth=0.8, zorder=0)
        if y:
            self.ax_.set_ylabel(self._axis_label(1))
            self.ax_.axhline(0, color="0.5", alpha=0.3, linewidth=0.8, zorder=0)
        else:
            self.ax_.set_yticks([])

    def _axis_label(self, axis: int) -> str:
        """Name an axis after the dimension or principal component it shows."""
        if self.explained_variance_ratio is None:
            return f"dimension {axis + 1}"
        return f"PC {axis + 1} ({100 * self.explained_variance_ratio[axis]:.0f} % of variance)"

    def _draw_points(self, labelled: npt.NDArray[np.intp]) -> None:
        """Draw a dot for each term, a paler one where it has no label."""
        x, y = _positions(self.coordinates).T
        self.points_ = self.ax_.scatter(x, y, s=8, linewidths=0)
        shade = np.full(len(x), 0.3)
        shade[labelled] = 1.0
        self.points_.set_alpha(shade.tolist())

    def _draw_labels(
        self, textalloc: ModuleType, labelled: npt.NDArray[np.intp], fontsize: float
    ) -> None:
        """Write the labels where they hide neither each other nor the dots."""
        self.text_, self.lines_ = [], []
        if not len(labelled):
            return
        from matplotlib import rcParams
        from matplotlib.patheffects import withStroke

        positions = _positions(self.coordinates)
        obstacles = positions if len(positions) <= _MAX_OBSTACLES else positions[labelled]
        order = labelled[_by_crowding(positions[labelled])]
        halo = withStroke(linewidth=1.5, foreground=self.ax_.get_facecolor())
        _, _, texts, lines = textalloc.allocate(
            self.ax_,
            *positions[order].T,
            [_printable(self.terms[index]) for index in order],
            x_scatter=obstacles[:, 0],
            y_scatter=obstacles[:, 1],
            textsize=fontsize,
            textcolor=rcParams["text.color"],
            linecolor="0.5",
            linewidth=0.5,
            margin=0.004,
            min_distance=0.008,
            max_distance=0.6,
            nbr_candidates=16_000,
            va="bottom",
            parse_math=False,
            in_layout=False,
            path_effects=[halo],
        )
        self.text_ = [texts[place] for place in np.argsort(order)]
        self.lines_ = [line for line in lines if line is not None]


def _import_plotting() -> tuple[ModuleType, ModuleType]:
    """Import pyplot and textalloc, or say which extra brings them."""
    try:
        import matplotlib.pyplot as pyplot
        import textalloc
    except ImportError as error:
        raise ImportError(
            "EmbeddingDisplay needs matplotlib and textalloc, of which one is not installed; "
            "install them with: pip install 'skembed[plot]'"
        ) from error
    return pyplot, textalloc


def _root_figure(ax: Axes) -> Figure:
    """Return the figure of axes; textalloc cannot measure the axes of a subfigure."""
    from matplotlib.figure import Figure

    if not isinstance(ax.figure, Figure):
        raise ValueError(
            f"ax lies in a {type(ax.figure).__name__}, where labels cannot be placed; "
            "give axes that lie directly in a Figure."
        )
    return ax.figure


def _embeddings_of(estimator: BaseEstimator) -> Floats:
    """Return the embedding table of an estimator or of a pipeline's last step."""
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if not hasattr(last, "embeddings_"):
        raise TypeError(
            f"{type(last).__name__} has no attribute embeddings_; give an estimator that learns "
            "embeddings, such as EmbeddingDNNClassifier, or a pipeline that ends in one."
        )
    return last.embeddings_


def _names_of(estimator: BaseEstimator, n_features: int) -> Collection[str]:
    """Return the names of the features that have the embeddings."""
    if isinstance(estimator, Pipeline):
        if len(estimator) > 1:
            return _names_from_steps(estimator[:-1])
        estimator = estimator[-1]
    default = [f"x{index}" for index in range(n_features)]
    return getattr(estimator, "feature_names_in_", default)


def _names_from_steps(steps: Pipeline) -> Collection[str]:
    """Return the names of the features that leave the steps before the last."""
    try:
        return steps.get_feature_names_out()
    except AttributeError as error:
        raise ValueError(
            "The pipeline's steps before the last cannot name their features; "
            "give the names as feature_names."
        ) from error


def _check_terms(terms: Collection[str], n_embeddings: int) -> list[str]:
    """Return the terms as a list of one string per embedding."""
    if isinstance(terms, str | bytes):
        raise ValueError(f"terms is the single string {terms!r}; give a list of terms.")
    if len(terms) != n_embeddings:
        raise ValueError(
            f"There are {len(terms)} terms but {n_embeddings} embeddings; "
            "give one term for each row of the embeddings, in the same order."
        )
    return [str(term) for term in terms]


def _project(embeddings: Floats) -> tuple[Floats, Floats | None]:
    """Project more than two dimensions onto two, with the share of variance of each."""
    n_terms, n_dimensions = embeddings.shape
    if n_dimensions <= 2:
        return embeddings, None
    if n_terms < 2:
        raise ValueError(
            f"{n_dimensions} dimensions of 1 term cannot be projected onto two; "
            "give 2 or more terms."
        )
    pca = PCA(n_components=2, svd_solver="full")
    # Equal embeddings have no variance to divide by; none of it is along any axis.
    with np.errstate(invalid="ignore"):
        coordinates = pca.fit_transform(embeddings)
    ratio = np.nan_to_num(pca.explained_variance_ratio_)
    coordinates[:, ratio < np.finfo(ratio.dtype).eps] = 0.0
    return coordinates, ratio


def _positions(coordinates: Floats) -> Floats:
    """Return points in the plane, shape (n_terms, 2); one dimension is put against its rank."""
    if coordinates.shape[1] == 2:
        return coordinates
    rank = np.argsort(np.argsort(coordinates[:, 0], kind="stable"))
    return np.column_stack([coordinates[:, 0], rank])


def _farthest(coordinates: Floats, max_terms: int | None) -> npt.NDArray[np.intp]:
    """Return the terms to label, those farthest from the origin first."""
    if max_terms is not None and max_terms < 0:
        raise ValueError(f"max_terms is {max_terms}, but must be 0 or more, or None for all.")
    return np.argsort(-np.linalg.norm(coordinates, axis=1), kind="stable")[:max_terms]


def _by_crowding(positions: Floats) -> npt.NDArray[np.intp]:
    """Order points by the number of others near them, the most crowded first."""
    # A label has more places to go than room close by: those with the least room choose first.
    crowding = rbf_kernel(minmax_scale(positions), gamma=1 / 0.06**2).sum(axis=1)
    return np.argsort(-crowding, kind="stable")


def _limits(values: Floats) -> tuple[float, float]:
    """Return where an axis ends: at 1.2 times its extremes if they lie around zero."""
    low, high = float(values.min()), float(values.max())
    if low < 0 < high:
        return 1.2 * low, 1.2 * high
    margin = 0.1 * (high - low) or 0.2 * abs(high) or 1.0
    return low - margin, high + margin


def _figure_size(n_labels: int) -> tuple[float, float]:
    """Return width and height in inches that leave each label the room it has among fifty."""
    scale = np.clip(np.sqrt(n_labels / 50), 1, 3)
    return 8 * scale, 6 * scale


def _printable(term: str) -> str:
    """Return what to write for a term, quotation marks if it is blank."""
    return term if term.strip() else repr(term)
