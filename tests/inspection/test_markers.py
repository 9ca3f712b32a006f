"""Colours and sizes of dots, and their scales."""

import numpy as np
import pytest
from pictures import LETTERS, label_texts, normal, valued

from skembed import EmbeddingDisplay


def test_no_scales_without_values_and_counts():
    display = EmbeddingDisplay.from_embeddings(normal(8, 2), LETTERS)
    assert display.colorbar_ is None and display.legend_ is None
    assert display.values is None and display.counts is None
    assert display.figure_.axes == [display.ax_]
    np.testing.assert_array_equal(display.points_.get_sizes(), 8)


def test_values_colour_the_dots():
    embeddings = valued()
    display = EmbeddingDisplay.from_embeddings(embeddings, value_name="log-odds")
    points, values = display.points_, embeddings.values
    np.testing.assert_array_equal(points.get_array(), values)
    low, high = points.get_clim()
    assert -low == high == np.quantile(np.abs(values), 0.98)
    display.figure_.canvas.draw()
    red, _, blue, _ = points.get_facecolors().T
    np.testing.assert_array_equal(red > blue, values > 0)
    middle = points.get_cmap()(0.5)
    np.testing.assert_allclose(middle[:3], middle[0], atol=0.01)  # grey
    assert display.colorbar_.mappable is points
    assert display.colorbar_.ax.get_ylabel() == "log-odds"
    assert display.colorbar_.extend == "both"


def test_terms_without_a_value_are_drawn():
    values = [1.0, np.nan, -1.0]
    display = EmbeddingDisplay.from_embeddings(np.eye(3), "a b c".split(), values=values)
    display.figure_.canvas.draw()
    assert len(display.points_.get_offsets()) == 3
    colours = display.points_.get_facecolors()
    np.testing.assert_allclose(colours[1, :3], colours[1, 0])
    assert display.colorbar_.extend == "neither"


@pytest.mark.parametrize("values", [[0.0, 0.0], [np.nan, np.nan]])
def test_values_without_a_largest(values):
    display = EmbeddingDisplay.from_embeddings(np.eye(2), ["a", "b"], values=values)
    assert display.points_.get_clim() == (-1, 1)


def test_dots_grow_with_the_root_of_counts():
    counts = np.array([0, 100, 400, 900, np.nan])
    display = EmbeddingDisplay.from_embeddings(normal(5, 2), LETTERS[:5], counts=counts)
    sizes = display.points_.get_sizes()
    np.testing.assert_allclose(sizes[:4] - sizes[0], np.array([0, 1, 2, 3]) * (sizes[1] - sizes[0]))
    assert sizes[4] == sizes[0]


@pytest.mark.parametrize(
    ("counts", "labels"),
    [
        ([1, 50, 12_345], ["1", "20", "500", "10,000"]),
        ([900, 1000, 980], ["900", "1,000"]),
        ([7, 7, 7], ["7"]),
        ([3, np.nan, 0], ["3"]),
        ([0, 0, 0], []),
        ([np.nan, np.nan, np.nan], []),
    ],
)
def test_legend_of_sizes(counts, labels):
    display = EmbeddingDisplay.from_embeddings(normal(3, 2), LETTERS[:3], counts=counts)
    assert [text.get_text() for text in display.legend_.get_texts()] == labels
    assert display.legend_.get_title().get_text() == "documents with the term"


def test_sizes_in_the_legend_are_those_of_the_dots():
    display = EmbeddingDisplay.from_embeddings(normal(3, 2), LETTERS[:3], counts=[1, 30, 1000])
    first, *_, last = (line.get_markersize() ** 2 for line in display.legend_.get_lines())
    np.testing.assert_allclose([first, last], display.points_.get_sizes()[[0, 2]])


def test_a_crowd_is_paler_and_an_image():
    few, many = (EmbeddingDisplay.from_embeddings(valued(n), max_terms=5) for n in (2000, 8000))
    assert not few.points_.get_rasterized() and many.points_.get_rasterized()
    assert few.points_.get_alpha().min() == 0.3
    assert many.points_.get_alpha().min() == 0.15
    labelled = many.points_.get_alpha() == 1
    assert [many.terms[i] for i in np.flatnonzero(labelled)] == label_texts(many)
    assert many.points_.get_sizes()[labelled].min() >= 8 > many.points_.get_sizes().min()


@pytest.mark.parametrize("name", ["counts", "values"])
def test_wrong_number_of_values(name):
    message = rf"{name} has the shape \(3,\) but there are 8 terms; give one number"
    with pytest.raises(ValueError, match=message):
        EmbeddingDisplay.from_embeddings(normal(8, 2), LETTERS, **{name: [1, 2, 3]})
