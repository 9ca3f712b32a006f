import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from pictures import LETTERS, ColumnMoments, boxes, clustered, label_texts, normal, words

from skembed import EmbeddingDisplay


def test_lines_join_dots_and_labels():
    embeddings = clustered(50)
    display = EmbeddingDisplay.from_embeddings(embeddings, words(50))
    dots = {tuple(row) for row in embeddings.round(9)}
    drawn = boxes(display)
    assert len(display.lines_) > 40
    for line in display.lines_:
        (x_label, x_dot), (y_label, y_dot) = line.get_data()
        assert (round(x_dot, 9), round(y_dot, 9)) in dots
        x, y = display.ax_.transData.transform((x_label, y_label))
        assert any(box.padded(0.5).contains(x, y) for box in drawn)


def test_limits_are_those_of_the_lesson():
    embeddings = normal(8, 2)
    ax = EmbeddingDisplay.from_embeddings(embeddings, LETTERS).ax_
    low, high = 1.2 * embeddings.min(axis=0), 1.2 * embeddings.max(axis=0)
    np.testing.assert_allclose(ax.get_xlim(), (low[0], high[0]))
    np.testing.assert_allclose(ax.get_ylim(), (low[1], high[1]))


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        ([5.0, 6.0], (4.9, 6.1)),
        ([-6.0, -5.0], (-6.1, -4.9)),
        ([0.0, 1.0], (-0.1, 1.1)),
        ([5.0, 5.0], (4.0, 6.0)),
        ([-5.0, -5.0], (-6.0, -4.0)),
        ([0.0, 0.0], (-1.0, 1.0)),
    ],
)
def test_limits_of_an_axis_without_zero_inside(values, limits):
    ax = EmbeddingDisplay.from_embeddings(np.column_stack([values, values]), ["a", "b"]).ax_
    np.testing.assert_allclose(ax.get_xlim(), limits)
    np.testing.assert_allclose(ax.get_ylim(), limits)


def test_same_picture_every_time():
    first, second = (EmbeddingDisplay.from_embeddings(clustered(50), words(50)) for _ in range(2))
    assert [text.get_position() for text in first.text_] == [
        text.get_position() for text in second.text_
    ]


def test_plot_on_given_axes():
    figure, (left, right) = plt.subplots(1, 2)
    display = EmbeddingDisplay.from_embeddings(normal(8, 2), LETTERS, ax=right)
    assert display.ax_ is right
    assert display.figure_ is figure
    assert len(right.texts) == 8 and not left.has_data()
    assert plt.get_fignums() == [figure.number]


def test_plot_again():
    display = EmbeddingDisplay.from_embeddings(normal(8, 2), LETTERS)
    first = display.figure_
    assert display.plot(max_terms=2) is display
    assert display.figure_ is not first
    assert len(display.text_) == 2
    _, ax = plt.subplots()
    assert display.plot(ax).ax_ is ax
    assert label_texts(display) == LETTERS


def test_the_callers_array_is_copied():
    embeddings = normal(8, 2)
    embeddings.flags.writeable = False
    display = EmbeddingDisplay.from_embeddings(embeddings, LETTERS)
    assert not np.shares_memory(display.coordinates, embeddings)


def test_wrong_number_of_terms():
    with pytest.raises(ValueError, match="8 terms but 5 embeddings; give one term for each row"):
        EmbeddingDisplay.from_embeddings(normal(5, 2), LETTERS)
    with pytest.raises(ValueError, match="1 terms but 2 embeddings"):
        EmbeddingDisplay.from_estimator(ColumnMoments().fit(normal(9, 2)), ["a"])


def test_single_string_as_terms():
    with pytest.raises(ValueError, match="terms is the single string 'ab'; give a list of terms"):
        EmbeddingDisplay.from_embeddings(normal(2, 2), "ab")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("embedding_dim", [1, 2, 3])
def test_embeddings_that_are_not_finite(value, embedding_dim):
    embeddings = normal(8, embedding_dim)
    embeddings[3, 0] = value
    with pytest.raises(ValueError, match="embeddings contains (NaN|infinity)"):
        EmbeddingDisplay.from_embeddings(embeddings, LETTERS)


@pytest.mark.parametrize("embeddings", [np.zeros(8), np.zeros((0, 2)), np.zeros((8, 0))])
def test_embeddings_of_a_wrong_shape(embeddings):
    with pytest.raises(ValueError, match="Expected 2D array|Found array with 0"):
        EmbeddingDisplay.from_embeddings(embeddings, LETTERS)


def test_negative_max_terms():
    with pytest.raises(ValueError, match="max_terms is -1, expected an int >= 0, or None"):
        EmbeddingDisplay.from_embeddings(normal(8, 2), LETTERS, max_terms=-1)


def test_axes_of_a_subfigure():
    ax = plt.figure().subfigures(1, 2)[0].subplots()
    with pytest.raises(ValueError, match="ax is in a SubFigure.*directly in a Figure"):
        EmbeddingDisplay.from_embeddings(normal(8, 2), LETTERS, ax=ax)


@pytest.mark.parametrize("module", ["matplotlib.pyplot", "textalloc"])
def test_missing_library_names_the_extra(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"pip install 'skembed\[plot\]'"):
        EmbeddingDisplay.from_embeddings(normal(8, 2), LETTERS)


def test_nothing_is_drawn_unless_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    display = EmbeddingDisplay.from_embeddings(normal(8, 3), LETTERS, draw=False)
    assert not hasattr(display, "ax_")
    estimator = ColumnMoments().fit(normal(9, 2))
    assert not hasattr(EmbeddingDisplay.from_estimator(estimator, draw=False), "figure_")


def test_axis_labels_of_ones_own():
    display = EmbeddingDisplay(normal(8, 2), LETTERS, axis_labels=["price", "age"]).plot()
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("price", "age")


def test_embeddings_without_terms():
    with pytest.raises(ValueError, match="terms is missing; give one for each row"):
        EmbeddingDisplay.from_embeddings(normal(8, 2))
