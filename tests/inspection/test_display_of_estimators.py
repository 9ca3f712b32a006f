import matplotlib.pyplot as plt
import numpy as np
import pytest
from pictures import LETTERS, ColumnMoments, normal, valued, words
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, StandardScaler

from skembed import (
    EmbeddingDisplay,
    EmbeddingDNNClassifier,
    EmbeddingDNNRegressor,
    VocabularyTransformer,
)


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
    with pytest.raises(ValueError, match="cannot name their features.*; pass the names as feat"):
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


class Weighted(ColumnMoments):
    """Embeddings with linear weights, of as many outputs as dimensions."""

    def fit(self, X, y=None) -> "Weighted":
        super().fit(X)
        self.linear_coef_ = self.embeddings_.T * 2
        return self


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


def test_effects_of_a_network_are_its_colours_and_point_to_classes():
    documents, y = [["good", "film"], ["bad", "film"]] * 30, ["liked", "$disliked"] * 30
    model = make_pipeline(
        VocabularyTransformer(), EmbeddingDNNClassifier(2, max_epochs=20, random_state=0)
    ).fit(documents, y)
    display = EmbeddingDisplay.from_estimator(model, X=documents)
    values = dict(zip(display.terms, display.values, strict=True))
    assert values["good"] > 0 > values["bad"]
    assert display.value_directions == ("$disliked", "liked")
    label = display.colorbar_.ax.get_ylabel()
    assert label == "effect alone (\u2212 \\$disliked, + liked)"
    np.testing.assert_array_equal(display.vectors, model[-1].embeddings_)
    assert display.usage_vectors.shape == (3, 3)
    several = make_pipeline(
        VocabularyTransformer(), EmbeddingDNNClassifier(2, max_epochs=2, random_state=0)
    ).fit(documents, list("abc") * 20)
    assert EmbeddingDisplay.from_estimator(several, draw=False).value_directions is None
    one = EmbeddingDisplay.from_estimator(several, output=1, draw=False)
    assert one.value_directions == ("not b", "b")
    number = make_pipeline(
        VocabularyTransformer(), EmbeddingDNNRegressor(2, max_epochs=2, random_state=0)
    ).fit(documents, [1.0, 2.0] * 30)
    shown = EmbeddingDisplay.from_estimator(number, draw=False)
    assert shown.value_directions == ("smaller", "larger")
    empty, alone = number.predict([[], ["good"]])
    assert np.isclose(shown.values[shown.terms.index("good")], alone - empty, atol=1e-5)


def test_counts_of_a_pipeline_are_its_sizes():
    documents = [["good", "film"], ["bad", "film"], ["film"]]
    pipeline = make_pipeline(VocabularyTransformer(), ColumnMoments()).fit(documents)
    display = EmbeddingDisplay.from_estimator(pipeline)
    assert dict(zip(display.terms, display.counts, strict=True)) == {"film": 3, "bad": 1, "good": 1}
    assert EmbeddingDisplay.from_estimator(pipeline, counts=[4, 5, 6]).counts.tolist() == [4, 5, 6]
    renamed = EmbeddingDisplay.from_estimator(pipeline, ["x", "y", "z"])
    assert renamed.terms == ["x", "y", "z"]
    assert renamed.counts.tolist() == [3, 1, 1]
