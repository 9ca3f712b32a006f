import matplotlib.pyplot as plt
import numpy as np
import pytest
from pictures import LETTERS, boxes, clustered, label_texts, n_overlaps, normal, valued, words

from skembed import EmbeddingDisplay


@pytest.mark.parametrize(
    ("terms", "labels"),
    [
        (["text__good", "text__a__b", "kind__new"], ["good", "a__b", "new"]),
        (["text__new", "text__good", "kind__new"], None),  # two would be alike
        (["text__new", "good", "kind__old"], None),
        (["text__new", "text__", "kind__old"], None),
    ],
)
def test_labels_leave_out_the_transformer(terms, labels):
    display = EmbeddingDisplay.from_embeddings(normal(3, 2), terms)
    assert label_texts(display) == (labels or terms)
    assert list(display.terms) == terms


def test_labels_stand_beside_their_dots():
    embeddings = np.array([[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [0.0, 0.0]])
    display = EmbeddingDisplay.from_embeddings(embeddings, LETTERS[:5])
    dots = display.ax_.transData.transform(embeddings)
    for box, dot in zip(boxes(display), dots, strict=True):
        centre = np.array([box.x0 + box.x1, box.y0 + box.y1]) / 2
        assert np.abs(centre - dot).max() < 20


@pytest.mark.parametrize(
    "embeddings",
    [
        normal(50, 2),
        clustered(50),
        normal(50, 2) / 100 + 1,
        np.abs(normal(50, 2)),
        normal(50, 1),
        normal(50, 8),
        np.zeros((20, 2)),
        clustered(100),
    ],
    ids=["random", "clustered", "far", "positive", "line", "projected", "equal", "hundred"],
)
def test_labels_neither_overlap_nor_leave_the_axes(embeddings):
    display = EmbeddingDisplay.from_embeddings(embeddings, words(len(embeddings)))
    frame = display.ax_.get_window_extent().padded(1)
    assert len(display.text_) == len(embeddings)
    assert n_overlaps(display) == 0
    assert all(frame.contains(*box.min) and frame.contains(*box.max) for box in boxes(display))


def test_labels_do_not_overlap_in_small_axes():
    _, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    displays = [
        EmbeddingDisplay.from_embeddings(normal(50, 2, seed), words(50), ax=ax, fontsize=7)
        for seed, ax in enumerate(axes)
    ]
    assert [n_overlaps(display) for display in displays] == [0, 0]


@pytest.mark.parametrize(("max_terms", "expected"), [(3, 3), (0, 0), (8, 8), (99, 8), (None, 8)])
def test_only_the_farthest_terms_are_labelled(max_terms, expected):
    embeddings = normal(8, 2)
    display = EmbeddingDisplay.from_embeddings(embeddings, LETTERS, max_terms=max_terms)
    farthest = np.sort(np.argsort(-np.linalg.norm(embeddings, axis=1))[:expected])
    assert label_texts(display) == [LETTERS[index] for index in farthest]
    assert len(display.points_.get_offsets()) == 8
    alpha = np.full(8, 0.3)
    alpha[farthest] = 1
    np.testing.assert_array_equal(display.points_.get_alpha(), alpha)


def test_many_terms():
    display = EmbeddingDisplay.from_embeddings(normal(10_000, 2), range(10_000), max_terms=20)
    assert len(display.text_) == 20
    assert n_overlaps(display) == 0


def test_terms_are_drawn_literally():
    terms = ["$a$", "x_1^2", r"\frac", "$", "", " ", "a\nb"]
    display = EmbeddingDisplay.from_embeddings(normal(7, 2), terms)
    assert label_texts(display) == [*terms[:4], "''", "' '", "a\nb"]
    assert not any(text.get_parse_math() for text in display.text_)
    assert n_overlaps(display) == 0


def test_fontsize():
    display = EmbeddingDisplay.from_embeddings(normal(8, 2), LETTERS, fontsize=13)
    assert {text.get_fontsize() for text in display.text_} == {13}


def test_labels_can_be_read_on_a_dark_background():
    with plt.style.context("dark_background"):
        display = EmbeddingDisplay.from_embeddings(normal(8, 2), LETTERS)
    assert {text.get_color() for text in display.text_} == {"white"}


def test_more_labels_get_more_room():
    few, many = (
        EmbeddingDisplay.from_embeddings(normal(n, 2), words(n)).figure_.get_size_inches()
        for n in (50, 100)
    )
    np.testing.assert_allclose(few, (8, 6))
    np.testing.assert_allclose(many, np.sqrt(2) * few)


def test_the_most_telling_terms_are_labelled():
    vectors = np.array([[9.0, 0], [1, 0], [1, 1], [0, 1]])
    terms, values, counts = "far strong rare weak".split(), [0.1, -2, 2.5, 0.5], [9, 900, 2, 900]

    def labelled(**known) -> set[str]:
        return set(
            label_texts(EmbeddingDisplay.from_embeddings(vectors, terms, max_terms=2, **known))
        )

    assert labelled() == {"far", "rare"}
    assert labelled(values=values) == {"rare", "strong"}
    assert labelled(values=values, counts=counts) == {"strong", "weak"}
    assert labelled(counts=counts) == {"far", "strong"}
    assert labelled(values=[np.nan, np.nan, 0.0, np.nan]) == {"rare", "far"}


def test_labels_do_not_overlap_where_there_are_scales():
    display = EmbeddingDisplay.from_embeddings(valued(60))
    frame = display.ax_.get_window_extent().padded(1)
    assert n_overlaps(display) == 0
    assert all(frame.contains(*corner) for box in boxes(display) for corner in box.corners())
    scales = [display.colorbar_.ax.get_window_extent(), display.legend_.get_window_extent()]
    assert not any(frame.overlaps(scale) for scale in scales)
