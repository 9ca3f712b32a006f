import sys
from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import Isomap
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, StandardScaler
from sklearn.utils.validation import validate_data

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from skembed import EmbeddingDisplay, TermEmbeddings, VocabularyTransformer  # noqa: E402

LETTERS = list("abcdefgh")


class ColumnMoments(BaseEstimator):
    """Embed each feature as its mean, standard deviation and higher moments."""

    def __init__(self, embedding_dim: int = 2) -> None:
        self.embedding_dim = embedding_dim

    def fit(self, X, y=None) -> "ColumnMoments":
        X = validate_data(self, X, accept_sparse=True)
        dense = X.toarray() if hasattr(X, "toarray") else X
        powers = range(1, self.embedding_dim + 1)
        self.embeddings_ = np.column_stack([(dense**power).mean(axis=0) for power in powers])
        return self


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def words(n_terms: int) -> list[str]:
    """Make words of 3 to 10 letters."""
    rng = np.random.default_rng(5)
    return ["".join(rng.choice(list("aeiourstlnm"), rng.integers(3, 11))) for _ in range(n_terms)]


def normal(n_terms: int, embedding_dim: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_terms, embedding_dim))


def clustered(n_terms: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return 3 * rng.normal(size=(3, 2))[rng.integers(3, size=n_terms)] + normal(n_terms, 2) / 8


def boxes(display: EmbeddingDisplay) -> list:
    """Return the labels' bounding boxes in pixels, as they are drawn."""
    display.figure_.canvas.draw()
    return [text.get_window_extent() for text in display.text_]


def n_overlaps(display: EmbeddingDisplay) -> int:
    drawn = boxes(display)
    return sum(drawn[i].overlaps(drawn[j]) for i in range(len(drawn)) for j in range(i))


def label_texts(display: EmbeddingDisplay) -> list[str]:
    return [text.get_text() for text in display.text_]


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


def test_two_dimensions_are_drawn_as_they_are():
    embeddings = normal(8, 2)
    display = EmbeddingDisplay.from_embeddings(embeddings, LETTERS)
    np.testing.assert_array_equal(display.coordinates, embeddings)
    np.testing.assert_array_equal(display.points_.get_offsets(), embeddings)
    assert display.explained_variance_ratio is None
    assert label_texts(display) == LETTERS
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("dimension 1", "dimension 2")


def test_labels_stand_beside_their_dots():
    embeddings = np.array([[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [0.0, 0.0]])
    display = EmbeddingDisplay.from_embeddings(embeddings, LETTERS[:5])
    dots = display.ax_.transData.transform(embeddings)
    for box, dot in zip(boxes(display), dots, strict=True):
        centre = np.array([box.x0 + box.x1, box.y0 + box.y1]) / 2
        assert np.abs(centre - dot).max() < 20


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


def test_same_picture_every_time():
    first, second = (EmbeddingDisplay.from_embeddings(clustered(50), words(50)) for _ in range(2))
    assert [text.get_position() for text in first.text_] == [
        text.get_position() for text in second.text_
    ]


def test_one_dimension_is_drawn_against_its_rank():
    embeddings = np.array([[0.5], [-2.0], [1.0]])
    display = EmbeddingDisplay.from_embeddings(embeddings, ["a", "b", "c"])
    np.testing.assert_array_equal(display.points_.get_offsets(), [[0.5, 1], [-2, 0], [1, 2]])
    np.testing.assert_allclose(display.ax_.get_xlim(), (-2.4, 1.2))
    assert display.ax_.get_ylim() == (-1, 3)
    assert display.ax_.get_xlabel() == "dimension 1"
    assert display.ax_.get_ylabel() == ""


@pytest.mark.parametrize("embedding_dim", [3, 16])
def test_more_dimensions_are_projected(embedding_dim):
    embeddings = normal(30, embedding_dim)
    pca = PCA(n_components=2, svd_solver="full").fit(embeddings)
    display = EmbeddingDisplay.from_embeddings(embeddings, words(30))
    np.testing.assert_allclose(display.coordinates, pca.transform(embeddings))
    np.testing.assert_allclose(display.explained_variance_ratio, pca.explained_variance_ratio_)
    shares = [f"{100 * share:.0f}" for share in pca.explained_variance_ratio_]
    assert display.ax_.get_xlabel() == f"PC 1 ({shares[0]} % of variance)"
    assert display.ax_.get_ylabel() == f"PC 2 ({shares[1]} % of variance)"


def test_variance_along_one_axis_only():
    display = EmbeddingDisplay.from_embeddings(
        [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [4.0, 8.0, 12.0]], ["a", "b", "c"]
    )
    assert display.ax_.get_xlabel() == "PC 1 (100 % of variance)"
    assert display.ax_.get_ylabel() == "PC 2 (0 % of variance)"
    np.testing.assert_array_equal(display.coordinates[:, 1], 0)


def test_equal_embeddings_have_no_variance():
    display = EmbeddingDisplay.from_embeddings(np.ones((4, 3)), LETTERS[:4])
    np.testing.assert_array_equal(display.coordinates, 0)
    assert display.ax_.get_xlabel() == "PC 1 (0 % of variance)"


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


def test_more_labels_get_more_room():
    few, many = (
        EmbeddingDisplay.from_embeddings(normal(n, 2), words(n)).figure_.get_size_inches()
        for n in (50, 100)
    )
    np.testing.assert_allclose(few, (8, 6))
    np.testing.assert_allclose(many, np.sqrt(2) * few)


def test_the_callers_array_is_copied():
    embeddings = normal(8, 2)
    embeddings.flags.writeable = False
    display = EmbeddingDisplay.from_embeddings(embeddings, LETTERS)
    assert not np.shares_memory(display.coordinates, embeddings)


def test_from_estimator_without_names():
    estimator = ColumnMoments().fit(normal(20, 3))
    display = EmbeddingDisplay.from_estimator(estimator)
    np.testing.assert_array_equal(display.coordinates, estimator.embeddings_)
    assert display.terms == ["x0", "x1", "x2"]


def test_from_estimator_with_the_names_it_saw():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(normal(20, 2), columns=["rooms", "price"])
    assert EmbeddingDisplay.from_estimator(ColumnMoments().fit(frame)).terms == ["rooms", "price"]


@pytest.mark.parametrize("names", [["a", "b"], np.array(["a", "b"], dtype=object)])
def test_from_estimator_with_given_names(names):
    estimator = ColumnMoments().fit(normal(20, 2))
    display = EmbeddingDisplay.from_estimator(estimator, names, max_terms=1, fontsize=7)
    assert display.terms == ["a", "b"]
    assert len(display.text_) == 1
    assert display.text_[0].get_fontsize() == 7


def test_from_pipeline():
    _, ax = plt.subplots()
    pipeline = make_pipeline(CountVectorizer(), MaxAbsScaler(), ColumnMoments(3))
    pipeline.fit(["good film", "bad film", "good good fun"])
    display = EmbeddingDisplay.from_estimator(pipeline, ax=ax)
    assert display.terms == ["bad", "film", "fun", "good"]
    assert display.explained_variance_ratio.shape == (2,)
    assert display.ax_ is ax


def test_from_pipeline_of_columns():
    columns = ColumnTransformer([("scaled", StandardScaler(), [0]), ("as_is", "passthrough", [2])])
    pipeline = make_pipeline(columns, ColumnMoments()).fit(normal(20, 3))
    assert EmbeddingDisplay.from_estimator(pipeline).terms == ["scaled__x0", "as_is__x2"]


def test_from_pipeline_of_one_step():
    pipeline = make_pipeline(ColumnMoments()).fit(normal(20, 2))
    assert EmbeddingDisplay.from_estimator(pipeline).terms == ["x0", "x1"]


def test_pipeline_that_cannot_name_its_features():
    pipeline = make_pipeline(FunctionTransformer(), ColumnMoments()).fit(normal(20, 2))
    with pytest.raises(ValueError, match="cannot name their features; give the names as feature_n"):
        EmbeddingDisplay.from_estimator(pipeline)
    assert EmbeddingDisplay.from_estimator(pipeline, ["a", "b"]).terms == ["a", "b"]


@pytest.mark.parametrize("estimator", [ColumnMoments(), make_pipeline(ColumnMoments())])
def test_unfitted_estimator(estimator):
    with pytest.raises(NotFittedError):
        EmbeddingDisplay.from_estimator(estimator)


def test_estimator_without_embeddings():
    linear = LogisticRegression().fit(normal(10, 2), np.arange(10) % 2)
    with pytest.raises(TypeError, match="LogisticRegression has no attribute embeddings_; give an"):
        EmbeddingDisplay.from_estimator(linear)


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


def test_one_term_cannot_be_projected():
    with pytest.raises(ValueError, match="3 dimensions of 1 term cannot be projected onto two"):
        EmbeddingDisplay.from_embeddings([[1.0, 2.0, 3.0]], ["a"])


def test_negative_max_terms():
    with pytest.raises(ValueError, match="max_terms is -1, but must be 0 or more, or None"):
        EmbeddingDisplay.from_embeddings(normal(8, 2), LETTERS, max_terms=-1)


def test_axes_of_a_subfigure():
    ax = plt.figure().subfigures(1, 2)[0].subplots()
    with pytest.raises(ValueError, match="ax lies in a SubFigure.*directly in a Figure"):
        EmbeddingDisplay.from_embeddings(normal(8, 2), LETTERS, ax=ax)


@pytest.mark.parametrize("module", ["matplotlib.pyplot", "textalloc"])
def test_missing_library_names_the_extra(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"pip install 'skembed\[plot\]'"):
        EmbeddingDisplay.from_embeddings(normal(8, 2), LETTERS)


# Colours, sizes and other projections.


def valued(n_terms: int = 8) -> TermEmbeddings:
    rng = np.random.default_rng(3)
    terms = LETTERS if n_terms == 8 else [f"t{i}" for i in range(n_terms)]
    return TermEmbeddings(
        terms,
        normal(n_terms, 4),
        counts=rng.integers(1, 10_000, n_terms),
        values=rng.normal(size=n_terms),
    )


class Weighted(ColumnMoments):
    """Embeddings with linear weights, of as many outputs as dimensions."""

    def fit(self, X, y=None) -> "Weighted":
        super().fit(X)
        self.linear_coef_ = self.embeddings_.T * 2
        return self


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


def test_a_crowd_is_paler_and_an_image():
    few, many = (EmbeddingDisplay.from_embeddings(valued(n), max_terms=5) for n in (2000, 8000))
    assert not few.points_.get_rasterized() and many.points_.get_rasterized()
    assert few.points_.get_alpha().min() == 0.3
    assert many.points_.get_alpha().min() == 0.15
    labelled = many.points_.get_alpha() == 1
    assert [many.terms[i] for i in np.flatnonzero(labelled)] == label_texts(many)
    assert many.points_.get_sizes()[labelled].min() >= 8 > many.points_.get_sizes().min()


def test_from_term_embeddings():
    embeddings = valued()
    display = EmbeddingDisplay.from_embeddings(embeddings)
    assert display.terms == LETTERS
    np.testing.assert_array_equal(display.vectors, embeddings.vectors)
    np.testing.assert_array_equal(display.counts, embeddings.counts)
    np.testing.assert_array_equal(display.values, embeddings.values)
    other = EmbeddingDisplay.from_embeddings(
        embeddings, words(8), counts=np.ones(8), values=[0] * 8
    )
    assert other.terms == words(8)
    assert other.counts.sum() == 8 and not other.values.any()


def test_projection_by_a_manifold():
    isomap = Isomap(n_neighbors=6)
    embeddings = normal(20, 6)
    display = EmbeddingDisplay.from_embeddings(embeddings, words(20), projection=isomap)
    expected = Isomap(n_neighbors=6).fit_transform(embeddings)
    np.testing.assert_array_equal(display.coordinates, expected)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Isomap 1", "Isomap 2")
    assert display.explained_variance_ratio is None
    assert not hasattr(isomap, "embedding_")  # a clone was fitted


def test_projection_by_pca_tells_its_variance():
    pca = PCA(2, whiten=True, svd_solver="full")
    display = EmbeddingDisplay.from_embeddings(normal(20, 2), words(20), projection=pca)
    np.testing.assert_allclose(display.coordinates, pca.fit_transform(normal(20, 2)))
    assert display.ax_.get_xlabel().startswith("PC 1 (")


def test_projection_that_gives_no_plane():
    message = r"shape \(20, 3\) for 20 terms, but a picture has two axes; set PCA\(n_components=2\)"
    with pytest.raises(ValueError, match=message):
        EmbeddingDisplay.from_embeddings(normal(20, 6), words(20), projection=PCA(3))


def test_weights_of_an_estimator_are_its_colours():
    X = normal(20, 3)
    one = EmbeddingDisplay.from_estimator(Weighted(1).fit(X))
    np.testing.assert_array_equal(one.values, one.vectors[:, 0] * 2)
    assert one.colorbar_.ax.get_ylabel() == "linear weight"
    two = Weighted(2).fit(X)
    assert EmbeddingDisplay.from_estimator(two).values is None
    second = EmbeddingDisplay.from_estimator(two, output=1)
    np.testing.assert_array_equal(second.values, second.vectors[:, 1] * 2)
    given = EmbeddingDisplay.from_estimator(two, values=[1, 2, 3])
    np.testing.assert_array_equal(given.values, [1, 2, 3])
    assert given.colorbar_.ax.get_ylabel() == "value"


def test_counts_of_a_pipeline_are_its_sizes():
    documents = [["good", "film"], ["bad", "film"], ["film"]]
    pipeline = make_pipeline(VocabularyTransformer(), ColumnMoments()).fit(documents)
    display = EmbeddingDisplay.from_estimator(pipeline)
    assert dict(zip(display.terms, display.counts, strict=True)) == {"film": 3, "bad": 1, "good": 1}
    assert EmbeddingDisplay.from_estimator(pipeline, counts=[4, 5, 6]).counts.tolist() == [4, 5, 6]
    renamed = EmbeddingDisplay.from_estimator(pipeline, ["x", "y", "z"])
    assert renamed.terms == ["x", "y", "z"]
    assert renamed.counts.tolist() == [3, 1, 1]


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


@pytest.mark.parametrize("name", ["counts", "values"])
def test_wrong_number_of_values(name):
    message = rf"{name} has the shape \(3,\) but there are 8 terms; give one number"
    with pytest.raises(ValueError, match=message):
        EmbeddingDisplay.from_embeddings(normal(8, 2), LETTERS, **{name: [1, 2, 3]})
