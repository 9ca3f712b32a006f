"""Picture of an embedding network's gains on its rivals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import pandas as pd

from skembed.comparison._compare import compare
from skembed.comparison._comparison import Comparison, difference_text
from skembed.comparison._drawing import check_shown, colour_of, import_pyplot
from skembed.comparison._rivals import OURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.container import ErrorbarContainer
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_SPREAD = 0.18  # of the dots of a line, up and down


class ComparisonDisplay:
    """Plot of the paired differences between an embedding network and its rivals.

    Each rival has one line, the first on top. Each dot is a fold: the network's score minus the
    rival's, so dots right of zero mean that the network is better. The diamond is the mean, with
    the confidence interval of the corrected resampled t-test, see :meth:`Comparison.summary`. It
    is blue if the whole interval is above zero (the network is better), orange if it is below
    zero (the rival is better), and grey if it contains zero. The labels of a line are the mean
    score of the rival, and the mean difference with its standard error.

    Create displays with :meth:`from_estimator` or :meth:`from_frame`, which also draw them.
    Drawing needs the extra ``skembed[plot]``.

    Parameters
    ----------
    comparison : Comparison
        The comparison to draw.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes last drawn on.
    figure_ : matplotlib Figure
        The figure of these axes.
    points_ : list of matplotlib PathCollection
        The differences of the folds, for each rival.
    means_ : list of matplotlib ErrorbarContainer
        The mean difference and its interval, for each rival.
    zero_line_ : matplotlib Line2D
        The vertical line at zero, where a rival is as good as the network.

    See Also
    --------
    compare : Runs the comparison.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from skembed import ComparisonDisplay
    >>> nan = float("nan")
    >>> folds = pd.DataFrame({
    ...     "scoring": "accuracy", "fold": [0, 0, 0, 1, 1, 1],
    ...     "model": ["embedding", "linear", "trees"] * 2,
    ...     "score": [0.9, 0.8, 0.85, 0.9, 0.7, 0.95],
    ...     "difference": [nan, 0.1, 0.05, nan, 0.2, -0.05],
    ...     "n_train": 80, "n_test": 40, "fit_time": 1.0, "predict_time": 0.1, "chosen": "",
    ... })
    >>> display = ComparisonDisplay.from_frame(folds)
    >>> [points.get_offsets()[:, 0].tolist() for points in display.points_]
    [[0.1, 0.2], [0.05, -0.05]]
    >>> plt.close(display.figure_)
    """

    ax_: Axes
    figure_: Figure
    points_: list[PathCollection]
    means_: list[ErrorbarContainer]
    zero_line_: Line2D

    def __init__(self, comparison: Comparison) -> None:
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
        """Compare an estimator with rivals and draw the differences.

        Parameters
        ----------
        estimator : EmbeddingDNNClassifier, EmbeddingDNNRegressor or Pipeline
            The network to compare, see :func:`compare`.
        X, y : array-like
            Input and targets, see :func:`compare`.
        show : str, default=None
            Name of the scorer to draw. None means the first one.
        confidence_level : float, default=0.95
            Level of the confidence intervals, between 0 and 1.
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.
        **params : dict
            Other parameters of :func:`compare`, such as `rivals`, `cv` and `scoring`.

        Returns
        -------
        ComparisonDisplay
            The display, which has been drawn. Its attribute ``comparison`` has the scores.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, ValueError
            For the same reasons as :func:`compare` and :meth:`plot`.
        """
        import_pyplot(cls.__name__)  # before the fits
        display = cls(compare(estimator, X, y, **params))
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
            The attribute `folds` of a `Comparison`.
        show : str, default=None
            Name of the scorer to draw. None means the first one.
        confidence_level : float, default=0.95
            Level of the confidence intervals, between 0 and 1.
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        ComparisonDisplay
            The display, which has been drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the frame lacks columns, or for the same reasons as :meth:`plot`.
        """
        display = cls(Comparison(folds))
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
            rivals.
        show : str, default=None
            Name of the scorer to draw. None means the first one.
        confidence_level : float, default=0.95
            Level of the confidence intervals, between 0 and 1.

        Returns
        -------
        ComparisonDisplay
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
        scorers = summary.index.get_level_values("scoring").unique().tolist()
        scorer = check_shown(show, scorers)
        summary = summary.loc[scorer]
        rivals = summary.drop(index=OURS)
        if ax is None:
            size = (7.6, 1.5 + 0.6 * len(rivals))
            _, ax = pyplot.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, cast("Figure", ax.get_figure(root=True))
        folds = self.comparison.folds
        self._draw(folds[folds["scoring"] == scorer], rivals)
        self._write(rivals, scorer, summary.loc[OURS, "score"], confidence_level)
        return self

    def _draw(self, folds: pd.DataFrame, rivals: pd.DataFrame) -> None:
        """Draw the line at zero, and a line of dots and the mean for each rival."""
        self.zero_line_ = self.ax_.axvline(0, color="0.4", linewidth=1, zorder=1)
        self.points_, self.means_ = [], []
        for place, (name, mean) in enumerate(rivals.iterrows()):
            differences = folds.loc[folds["model"] == name, "difference"]
            heights = place + _SPREAD * np.linspace(-1, 1, len(differences))
            dots = self.ax_.scatter(
                differences, heights, s=20, color="0.35", alpha=0.6, linewidths=0, zorder=2
            )
            self.points_.append(dots)
            low, middle, high = mean[["ci_low", "difference", "ci_high"]]
            bar = self.ax_.errorbar(
                [middle],
                [place],
                xerr=[[middle - low], [high - middle]],
                fmt="D",
                markersize=7,
                capsize=4,
                linewidth=2,
                color=colour_of(low, high),
                zorder=3,
            )
            self.means_.append(bar)

    def _write(
        self, rivals: pd.DataFrame, scorer: str, ours: float, confidence_level: float
    ) -> None:
        """Write what the axes and the lines are."""
        ax = self.ax_
        labels = [f"{name}  {row['score']:.4f}" for name, row in rivals.iterrows()]
        ax.set_yticks(range(len(rivals)), labels)
        ax.set_ylim(len(rivals) - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x", color="0.9")
        ax.set_axisbelow(True)
        ax.spines[["top", "right", "left"]].set_visible(False)
        beside = ax.secondary_yaxis("right")
        texts = [difference_text(row) for _, row in rivals.iterrows()]
        beside.set_yticks(range(len(rivals)), texts)
        beside.tick_params(length=0)
        beside.spines["right"].set_visible(False)
        ax.set_xlabel(f"difference in {scorer} (right of 0: the embedding network is better)")
        title = f"{OURS} {ours:.4f}; means with intervals of {100 * confidence_level:.4g} %"
        ax.set_title(title, fontsize="medium", loc="left")
