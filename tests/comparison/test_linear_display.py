import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from compared import SHORT_GRID, frame, network
from matplotlib.colors import to_rgba
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import StratifiedKFold

from skembed import LinearComparisonDisplay


def test_dots_and_mean_are_those_of_the_frame():
    folds = frame([0.03, 0.01, 0.02, -0.01])
    display = LinearComparisonDisplay.from_frame(folds)
    summary = display.comparison.summary().loc["accuracy"]
    dots = display.points_.get_offsets()
    assert_allclose(dots[:, 0], folds["difference"])
    assert_array_equal(dots[:, 1], folds["fold"])
    mean, _, (bar,) = display.mean_
    assert_allclose(
        display.ax_.convert_xunits(mean.get_xdata()).astype(float), [summary["difference"]]
    )
    ((low, _), (high, _)) = bar.get_segments()[0]
    assert_allclose([low, high], summary[["ci_low", "ci_high"]])
    assert_array_equal(display.zero_line_.get_xdata(), [0, 0])
    assert mean.get_xydata()[0, 1] > dots[:, 1].max()
    assert display.ax_.get_ylim()[0] > display.ax_.get_ylim()[1]  # the first fold is on top


def test_what_is_written():
    ax = LinearComparisonDisplay.from_frame(frame([0.03, 0.01, 0.02, -0.02])).ax_
    assert ax.get_title(loc="left") == "embedding 0.510, linear 0.500, difference +0.010 ± 0.016"
    assert ax.get_xlabel().startswith("difference in accuracy")
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["fold 0", "fold 1", "fold 2", "fold 3", "mean, 95 %"]


@pytest.mark.parametrize(
    ("differences", "colour"),
    [([0.1, 0.11], "#1b6ca8"), ([-0.1, -0.11], "#c05a1c"), ([0.1, -0.1], "0.35")],
)
def test_colour_of_the_mean_tells_which_model_the_interval_speaks_for(differences, colour):
    display = LinearComparisonDisplay.from_frame(frame(np.repeat(differences, 5)))
    assert to_rgba(display.mean_[0].get_color()) == to_rgba(colour)


def test_axes_scorer_and_level_are_those_asked_for():
    folds = pd.concat([frame([0.1, 0.2]), frame([0.3, 0.5], scoring="r2")], ignore_index=True)
    _, ax = plt.subplots()
    display = LinearComparisonDisplay.from_frame(folds, show="r2", confidence_level=0.5, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert_allclose(display.points_.get_offsets()[:, 0], [0.3, 0.5])
    (bar,) = display.mean_[2]
    expected = display.comparison.summary(0.5).loc["r2", ["ci_low", "ci_high"]].astype(float)
    assert_allclose(bar.get_segments()[0][:, 0], expected)
    with pytest.raises(ValueError, match=r"show is 'auc', but .* scorers \['accuracy', 'r2'\]"):
        display.plot(show="auc")


def test_many_folds_are_drawn_with_fewer_labels():
    display = LinearComparisonDisplay.from_frame(frame(np.linspace(-0.1, 0.2, 100)))
    assert len(display.points_.get_offsets()) == 100
    assert len(display.ax_.get_yticks()) == 21
    assert display.figure_.get_figheight() < 8


def test_equal_scores_can_be_drawn():
    display = LinearComparisonDisplay.from_frame(frame([0.0, 0.0]))
    assert "difference +0.0000 ± 0.0000" in display.ax_.get_title(loc="left")


def test_display_from_an_estimator(compared, X, three_classes, halves):
    display = LinearComparisonDisplay.from_estimator(
        network(),
        X,
        three_classes,
        cv=halves,
        inner_cv=StratifiedKFold(4),
        scoring=["neg_log_loss", "accuracy"],
        grid=SHORT_GRID,
        show="accuracy",
    )
    times = ["embedding_fit_time", "linear_fit_time"]
    expected = compared.folds.drop(columns=times)
    pd.testing.assert_frame_equal(display.comparison.folds.drop(columns=times), expected)
    assert "accuracy" in display.ax_.get_xlabel()
