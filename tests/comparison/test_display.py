import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from compared import network, rival_frame
from matplotlib.colors import to_rgba
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.dummy import DummyClassifier

from skembed import ComparisonDisplay

GAINS = {"linear": [0.03, 0.01, 0.02, 0.025], "trees": [-0.1, -0.11, -0.1, -0.11]}


def test_a_line_of_dots_and_a_mean_for_each_rival():
    display = ComparisonDisplay.from_frame(rival_frame(GAINS))
    summary = display.comparison.summary().loc["accuracy"]
    for place, name in enumerate(GAINS):
        dots = display.points_[place].get_offsets()
        assert_allclose(dots[:, 0], GAINS[name])
        assert (np.abs(dots[:, 1] - place) < 0.5).all()
        mean, _, (bar,) = display.means_[place]
        assert_allclose(np.asarray(mean.get_xdata(), float), [summary.loc[name, "difference"]])
        ((low, _), (high, _)) = bar.get_segments()[0]
        assert_allclose([low, high], summary.loc[name, ["ci_low", "ci_high"]].astype(float))
    assert_array_equal(display.zero_line_.get_xdata(), [0, 0])
    assert display.ax_.get_ylim()[0] > display.ax_.get_ylim()[1]  # the first rival is on top


def test_what_is_written():
    ax = ComparisonDisplay.from_frame(rival_frame(GAINS)).ax_
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["linear  0.4788", "trees  0.6050"]
    assert ax.get_xlabel().startswith("difference in accuracy")
    assert ax.get_title(loc="left") == "embedding 0.5000; means with intervals of 95 %"


def test_colours_tell_whom_the_intervals_speak_for():
    gains = {**GAINS, "even": [0.1, -0.1, 0.1, -0.1]}
    display = ComparisonDisplay.from_frame(rival_frame(gains))
    colours = [mean[0].get_color() for mean in display.means_]
    assert [to_rgba(each) for each in colours] == [*map(to_rgba, ["#1b6ca8", "#c05a1c", "0.35"])]


def test_axes_and_scorer_are_those_asked_for():
    folds = [rival_frame(GAINS), rival_frame({"linear": [0.3, 0.5]}, scoring="r2")]
    _, ax = plt.subplots()
    display = ComparisonDisplay.from_frame(pd.concat(folds), show="r2", ax=ax)
    assert display.ax_ is ax
    assert_allclose(display.points_[0].get_offsets()[:, 0], [0.3, 0.5])
    with pytest.raises(ValueError, match=r"show is 'auc', but .* scorers \['accuracy', 'r2'\]"):
        display.plot(show="auc")


def test_display_from_an_estimator(X, two_classes, halves):
    display = ComparisonDisplay.from_estimator(
        network(), X, two_classes, cv=halves, rivals=[DummyClassifier()], scoring="accuracy"
    )
    assert "accuracy" in display.ax_.get_xlabel()
    assert len(display.points_) == 1
