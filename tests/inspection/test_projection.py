import numpy as np
import pytest
from pictures import LETTERS, label_texts, normal, words
from sklearn.decomposition import PCA
from sklearn.manifold import Isomap

from skembed import EmbeddingDisplay


def test_two_dimensions_are_drawn_as_they_are():
    embeddings = normal(8, 2)
    display = EmbeddingDisplay.from_embeddings(embeddings, LETTERS)
    np.testing.assert_array_equal(display.coordinates, embeddings)
    np.testing.assert_array_equal(display.points_.get_offsets(), embeddings)
    assert display.explained_variance_ratio is None
    assert label_texts(display) == LETTERS
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("dimension 1", "dimension 2")


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


def test_one_term_cannot_be_projected():
    with pytest.raises(ValueError, match="3 dimensions of 1 term cannot be projected onto two"):
        EmbeddingDisplay.from_embeddings([[1.0, 2.0, 3.0]], ["a"])


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
    message = r"shape \(20, 3\) for 20 terms, but a plot has two axes; set PCA\(n_components=2\)"
    with pytest.raises(ValueError, match=message):
        EmbeddingDisplay.from_embeddings(normal(20, 6), words(20), projection=PCA(3))
