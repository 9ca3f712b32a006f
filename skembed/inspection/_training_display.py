"""Picture of a fit: the loss after each epoch, and the candidates that held-out rows judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_NAMES = {
    "loss": "training rows",
    "val_loss": "held-out rows",
    "val_ndcg": "NDCG of held-out users",
}


class TrainingDisplay:
    """Plot of the learning curve of a network and of the candidate settings of its fit.

    The left axes show the mean loss per epoch on the training rows, and on held-out rows if the
    final training held rows out. A default fit holds rows out only to compare candidates, and
    then trains on all rows. The right axes show the loss of each candidate on held-out rows; the
    chosen candidate is filled. A later candidate replaces an earlier one only if its loss is
    clearly lower, so the chosen one does not always have the lowest loss.

    Create displays with :meth:`from_estimator`, which also draws them. Drawing needs the extra
    ``skembed[plot]``.

    Parameters
    ----------
    history : mapping of str to sequence of float
        The ``history_`` of an estimator: "loss", and "val_loss" or "val_ndcg" if available.

    plan : mapping
        The ``plan_`` of an estimator. Its items "n_epochs" and "candidates" are drawn.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the learning curve.
    candidates_ax_ : matplotlib Axes or None
        The axes of the candidates; None if there are no candidates or you passed `ax`.
    figure_ : matplotlib Figure
        The figure of these axes.
    lines_ : dict of str to matplotlib Line2D
        The curves, by their keys in `history`.

    See Also
    --------
    EmbeddingDisplay : Plots the embeddings.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skembed import EmbeddingDNNClassifier, TrainingDisplay, VocabularyTransformer
    >>> from skembed.datasets import make_reviews
    >>> reviews, liked = make_reviews(500, random_state=0)
    >>> X = VocabularyTransformer().fit_transform(reviews)
    >>> model = EmbeddingDNNClassifier(random_state=0).fit(X, liked)
    >>> display = TrainingDisplay.from_estimator(model)
    >>> display.ax_.get_xlabel(), display.candidates_ax_.get_xlabel()
    ('epoch', 'loss on held-out rows')
    >>> plt.close(display.figure_)
    """

    ax_: Axes
    candidates_ax_: Axes | None
    figure_: Figure | SubFigure
    lines_: dict[str, Any]

    def __init__(self, history: Mapping[str, Sequence[float]], plan: Mapping[str, Any]) -> None:
        self.history = history
        self.plan = plan

    @classmethod
    def from_estimator(cls, estimator: BaseEstimator, *, ax: Axes | None = None) -> Self:
        """Draw the training of a fitted network, or of a pipeline that ends in one.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted network with ``history_`` and ``plan_``, or a pipeline that ends in one.

        ax : matplotlib Axes, default=None
            Axes for the learning curve. None creates a figure that also shows the candidates.

        Returns
        -------
        TrainingDisplay
            The display, which has been drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator has no ``history_``.
        """
        last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
        check_is_fitted(last)
        if not hasattr(last, "history_"):
            raise TypeError(
                f"{type(last).__name__} has no attribute history_; give one of skembed's networks, "
                "or a pipeline that ends in one."
            )
        return cls(last.history_, getattr(last, "plan_", {})).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the learning curves and the candidates.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes for the learning curve. None creates a figure that also shows the candidates.

        Returns
        -------
        self : TrainingDisplay
            This display.
        """
        candidates = self.plan.get("candidates", [])
        self.candidates_ax_ = None
        if ax is None:
            pyplot = _import_pyplot()
            if candidates:
                _, (ax, self.candidates_ax_) = pyplot.subplots(
                    1, 2, figsize=(10, 3.6), layout="constrained"
                )
            else:
                _, ax = pyplot.subplots(figsize=(5.5, 3.6), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_ = _draw_curves(ax, self.history, self.plan.get("n_epochs"))
        if self.candidates_ax_ is not None:
            _draw_candidates(self.candidates_ax_, candidates)
        return self


def _import_pyplot() -> Any:
    try:
        import matplotlib.pyplot as pyplot
    except ImportError as error:
        raise ImportError(
            "TrainingDisplay needs matplotlib; install it with: pip install 'skembed[plot]'"
        ) from error
    return pyplot


def _draw_curves(ax: Axes, history: Mapping[str, Sequence[float]], n_epochs: Any) -> dict[str, Any]:
    lines: dict[str, Any] = {}
    for name, values in history.items():
        axes = ax
        if name == "val_ndcg":  # higher is better: an axis of its own
            axes = ax.twinx()
            axes.set_ylabel(_NAMES[name])
        epochs = range(1, len(values) + 1)
        color = "tab:blue" if name == "loss" else "tab:orange"
        (lines[name],) = axes.plot(epochs, values, ".-", color=color, label=_NAMES.get(name, name))
    n_trained = len(history.get("loss", []))
    handles = list(lines.values())
    if n_epochs and len(lines) > 1 and n_epochs < n_trained:
        kept = ax.axvline(n_epochs, color="0.4", linestyle="--", linewidth=1)
        kept.set_label(f"weights kept: epoch {n_epochs}")
        handles.append(kept)
    ax.set(xlabel="epoch", ylabel="mean loss")
    ax.locator_params(axis="x", integer=True)
    # "best" would not see the curve of the second axis
    ax.legend(handles=handles, loc="upper center" if "val_ndcg" in lines else "best")
    return lines


def _draw_candidates(ax: Axes, candidates: Sequence[Mapping[str, Any]]) -> None:
    names = _differing(candidates)
    for place, candidate in enumerate(candidates):
        face = "tab:blue" if candidate["chosen"] else "none"
        ax.plot(candidate["loss"], place, "o", markersize=9, color="tab:blue", markerfacecolor=face)
    labels = [
        "\n".join([*(f"{name}={candidate[name]!r}" for name in names), _epochs(candidate)])
        for candidate in candidates
    ]
    ax.set_yticks(range(len(candidates)), labels, fontsize=9)
    ax.set(xlabel="loss on held-out rows", ylim=(len(candidates) - 0.5, -0.5))
    ax.set_title("candidates (filled: chosen)", fontsize=10)
    ax.grid(axis="y", alpha=0.3)
    ax.margins(x=0.15)


def _differing(candidates: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of settings that are not the same for all candidates."""
    names = [name for name in candidates[0] if name not in ("n_epochs", "loss", "chosen")]
    return [name for name in names if any(c[name] != candidates[0][name] for c in candidates)]


def _epochs(candidate: Mapping[str, Any]) -> str:
    number = candidate["n_epochs"]
    return f"{number} epoch" if number == 1 else f"{number} epochs"
