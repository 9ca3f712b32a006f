"""Picture of an embedding network's gain on a tuned linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import pandas as pd

from skembed.comparison._drawing import check_shown, colour_of, import_pyplot
from skembed.comparison._linear_comparison import LinearComparison, compare_with_linear

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.container import ErrorbarContainer
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# Folds beyond which not each has a label.
_MAX_LABELS = 20


class LinearComparisonDisplay:
    """Plot of the paired differences between an embedding network and a tuned linear model.

    Each dot is a fold, the first on top: the network's score minus the linear model's, so dots
    right of zero mean that the network is better. Below them is the mean with the confidence
    interval of the corrected resampled t-test, see :meth:`LinearComparison.summary`. It is blue
    if the whole interval is above zero (the network is better), orange if it is below zero (the
    linear model is better), and grey if it contains zero. The title has the mean scores, and the
    mean difference with its standard error.

    Create displays with :meth:`from_estimator` or :meth:`from_frame`, which also draw them.
    Drawing needs the extra ``skembed[plot]``.

    Parameters
    ----------
    comparison : LinearComparison
        The comparison to draw.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes last drawn on.
    figure_ : matplotlib Figure
        The figure of these axes.
    points_ : matplotlib PathCollection
        The differences of the folds.
    mean_ : matplotlib ErrorbarContainer
        The mean difference and its interval.
    zero_line_ : matplotlib Line2D
        The vertical line at zero, where both models are equally good.

    See Also
    --------
    compare_with_linear : Runs the comparison.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from skembed import LinearComparisonDisplay
    >>> folds = pd.DataFrame({
    ...     "scoring": "accuracy", "fold": [0, 1, 2], "n_train": 50, "n_test": 25,
    ...     "embedding": [0.75, 0.8, 0.78], "linear": [0.7, 0.7, 0.7],
    ...     "difference": [0.05, 0.1, 0.08],
    ...     "embedding_fit_time": 1.0, "linear_fit_time": 0.5, "C": [0.1, 1.0, 1.0],
    ... })
    >>> display = LinearComparisonDisplay.from_frame(folds)
    >>> display.points_.get_offsets()[:, 0].tolist()
    [0.05, 0.1, 0.08]
    >>> plt.close(display.figure_)
    """

    ax_: Axes
    figure_: Figure
    points_: PathCollection
    mean_: ErrorbarContainer
    zero_line_: Line2D

    def __init__(self, comparison: LinearComparison) -> None:
        self.comparison = comparison

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        show: str | None = None,
        confidence_level: float = 0.95,
        ax: Axes | None = None,
        **params: Any,
    ) -> Self:
        """Compare an estimator with a tuned linear model and draw the differences.

        Parameters
        ----------
        estimator : EmbeddingDNNClassifier, EmbeddingDNNRegressor or Pipeline
            The network to compare, see :func:`compare_with_linear`.
        X, y : array-like
            Input and targets, see :func:`compare_with_linear`.
        show : str, default=None
            Name of the scorer to draw. None means the first one.
        confidence_level : float, default=0.95
            Level of the confidence interval, between 0 and 1.
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.
        **params : dict
            Other parameters of :func:`compare_with_linear`, such as `cv` and `scoring`.

        Returns
        -------
        LinearComparisonDisplay
            The display, which has been drawn. Its attribute ``comparison`` has the scores.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, ValueError
            For the same reasons as :func:`compare_with_linear` and :meth:`plot`.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> import numpy as np
        >>> from skembed import EmbeddingDNNRegressor, LinearComparisonDisplay
        >>> X = np.random.default_rng(0).integers(0, 2, (300, 6))
        >>> y = X[:, 0] + X[:, 1] * X[:, 2]
        >>> display = LinearComparisonDisplay.from_estimator(
        ...     EmbeddingDNNRegressor(), X, y, cv=3, random_state=0
        ... )
        >>> bool((display.comparison.folds["difference"] > 0).all())
        True
        >>> plt.close(display.figure_)
        """
        import_pyplot(cls.__name__)  # before the fits
        display = cls(compare_with_linear(estimator, X, y, **params))
        return display.plot(ax, show=show, confidence_level=confidence_level)

    @classmethod
    def from_frame(
        cls,
        folds: pd.DataFrame,
        *,
        show: str | None = None,
        confidence_level: float = 0.95,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the differences of an existing comparison.

        Parameters
        ----------
        folds : DataFrame
            The attribute `folds` of a `LinearComparison`.
        show : str, default=None
            Name of the scorer to draw. None means the first one.
        confidence_level : float, default=0.95
            Level of the confidence interval, between 0 and 1.
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        LinearComparisonDisplay
            The display, which has been drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the frame lacks columns, or for the same reasons as :meth:`plot`.
        """
        display = cls(LinearComparison(folds))
        return display.plot(ax, show=show, confidence_level=confidence_level)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        show: str | None = None,
        confidence_level: float = 0.95,
    ) -> Self:
        """Draw the differences of one scorer.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure, whose height grows with the number of
            folds.
        show : str, default=None
            Name of the scorer to draw. None means the first one.
        confidence_level : float, default=0.95
            Level of the confidence interval, between 0 and 1.

        Returns
        -------
        LinearComparisonDisplay
            This display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the comparison has no scorer `show`, or `confidence_level` is not between 0
            and 1.
        """
        pyplot = import_pyplot(type(self).__name__)
        summary = self.comparison.summary(confidence_level)
        scorer = check_shown(show, summary.index.tolist())
        folds = self.comparison.folds
        folds = folds[folds["scoring"] == scorer]
        if ax is None:
            height = 1.6 + 0.28 * min(len(folds), _MAX_LABELS)
            _, ax = pyplot.subplots(figsize=(6.4, height), layout="constrained")
        self.ax_, self.figure_ = ax, cast("Figure", ax.get_figure(root=True))
        self._draw(folds, summary.loc[scorer])
        self._write(folds, summary.loc[scorer], scorer, confidence_level)
        return self

    def _draw(self, folds: pd.DataFrame, mean: pd.Series) -> None:
        """Draw the line at zero, the dots, and the mean below them."""
        self.zero_line_ = self.ax_.axvline(0, color="0.4", linewidth=1, zorder=1)
        places = np.arange(len(folds))
        self.points_ = self.ax_.scatter(
            folds["difference"], places, s=28, color="0.35", alpha=0.8, linewidths=0, zorder=2
        )
        low, middle, high = mean[["ci_low", "difference", "ci_high"]]
        self.mean_ = self.ax_.errorbar(
            [middle],
            [_place_of_mean(len(folds))],
            xerr=[[middle - low], [high - middle]],
            fmt="D",
            markersize=7,
            capsize=4,
            linewidth=2,
            color=colour_of(low, high),
            zorder=3,
        )

    def _write(
        self, folds: pd.DataFrame, mean: pd.Series, scorer: str, confidence_level: float
    ) -> None:
        """Write what the axes and the dots are."""
        ax, n_folds = self.ax_, len(folds)
        step = -(-n_folds // _MAX_LABELS)
        shown, names = np.arange(0, n_folds, step), folds["fold"].tolist()
        below = _place_of_mean(n_folds)
        labels = [*(f"fold {names[i]}" for i in shown), f"mean, {100 * confidence_level:.4g} %"]
        ax.set_yticks([*shown, below], labels)
        ax.set_ylim(below + 0.6 * (below - n_folds + 1), -0.7)
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x", color="0.9")
        ax.set_axisbelow(True)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.set_xlabel(f"difference in {scorer} (right of 0: the embedding network is better)")
        ax.set_title(_in_words(mean), fontsize="medium", loc="left")


def _in_words(mean: pd.Series) -> str:
    """Say what the means are, to two digits of the standard error."""
    error = mean["standard_error"]
    digits = max(0, 1 - int(np.floor(np.log10(error)))) if error > 0 else 4
    return (
        f"embedding {mean['embedding']:.{digits}f}, linear {mean['linear']:.{digits}f}, "
        f"difference {mean['difference']:+.{digits}f} ± {error:.{digits}f}"
    )


def _place_of_mean(n_folds: int) -> float:
    """Height of the mean, a little apart from the folds however many there are."""
    return n_folds - 1 + max(1.3, 0.06 * n_folds)
