import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler
from term_vectors import TERMS, vectors_of

from skembed import EmbeddingDNNClassifier, TermEmbeddings, VocabularyTransformer

DOCUMENTS = [["good", "film"], ["bad", "film"], ["good", "good"], ["film"]]


class Moments(BaseEstimator):
    """Embed each feature as mean and variance; with linear weights of `n_outputs` outputs."""

    def __init__(self, n_outputs: int = 0) -> None:
        self.n_outputs = n_outputs

    def fit(self, X, y=None) -> "Moments":
        dense = X.toarray() if sp.issparse(X) else np.asarray(X)
        self.embeddings_ = np.column_stack([dense.mean(axis=0), dense.var(axis=0)])
        if self.n_outputs:
            shape = self.n_outputs, dense.shape[1]
            self.linear_coef_ = np.arange(np.prod(shape), dtype=float).reshape(shape)
        return self


def assert_same_neighbours(found, expected) -> None:
    assert [term for term, _ in found] == [term for term, _ in expected]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], atol=1e-6)


# What it holds.


def test_terms_and_their_vectors(embeddings):
    assert len(embeddings) == 200
    assert list(embeddings) == embeddings.terms.tolist() == TERMS
    assert "t7" in embeddings and "t200" not in embeddings
    np.testing.assert_array_equal(embeddings["t7"], vectors_of(200)[7])
    np.testing.assert_array_equal(embeddings[["t7", "t3"]], vectors_of(200)[[7, 3]])
    assert repr(embeddings) == "TermEmbeddings(200 terms, 8 dimensions)"
    assert embeddings.counts is None and embeddings.values is None


@pytest.mark.parametrize(
    ("given", "kept"), [(np.float32, np.float32), (float, float), (np.float16, float), (int, float)]
)
def test_types_of_vectors(given, kept):
    assert TermEmbeddings(["a"], np.ones((1, 2), given)).vectors.dtype == kept


def test_nothing_can_be_changed():
    vectors = vectors_of(2)
    embeddings = TermEmbeddings(["a", "b"], vectors, counts=[1, 2], values=[0, 1])
    vectors[:] = 0
    np.testing.assert_array_equal(embeddings.vectors, vectors_of(2))
    for array in (embeddings.vectors, embeddings.terms, embeddings.counts, embeddings.values):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        embeddings["a"][0] = 0


@pytest.mark.parametrize(
    "through", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy]
)
def test_copies_are_equal_and_read_only(through):
    embeddings = TermEmbeddings(["a", "b"], vectors_of(2), counts=[1, np.nan], values=[0.5, -1])
    embeddings.most_similar("a")
    twin = through(embeddings)
    for name in ("terms", "vectors", "counts", "values"):
        np.testing.assert_array_equal(getattr(twin, name), getattr(embeddings, name))
        assert not getattr(twin, name).flags.writeable
    assert twin.most_similar("a") == embeddings.most_similar("a")


def test_counts_are_integers_where_all_are_known():
    assert TermEmbeddings(["a"], [[1.0]], counts=[3]).counts.dtype == np.int64
    counts = TermEmbeddings(["a", "b"], [[1.0], [2.0]], counts=[3, np.nan]).counts
    np.testing.assert_array_equal(counts, [3, np.nan])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(terms=["a", "b", "a"], vectors=np.ones((3, 2))), "'a' is given more than once; give"),
        (dict(terms=["1", 1], vectors=np.ones((2, 2))), "'1' is given more than once"),
        (dict(terms=["a"], vectors=np.ones((2, 2))), "1 terms but 2 embeddings; give one term"),
        (dict(terms="ab", vectors=np.ones((2, 2))), "single string 'ab'; give a list"),
        (dict(terms=["a"], vectors=[[np.nan]]), "vectors contains NaN"),
        (dict(terms=["a"], vectors=[1.0]), "Expected 2D array"),
        (dict(terms=["a"], vectors=[[1]], counts=[1, 2]), r"counts has the shape \(2,\) but.*1 te"),
        (dict(terms=["a"], vectors=[[1]], counts=[-1]), "counts holds negative or infinite"),
        (dict(terms=["a"], vectors=[[1]], values=[[1]]), r"values has the shape \(1, 1\)"),
        (dict(terms=["a"], vectors=[[1]], values=[np.inf]), "values holds infinity; give finite"),
    ],
)
def test_what_cannot_be_held(arguments, message):
    with pytest.raises(ValueError, match=message):
        TermEmbeddings(**arguments)


def test_to_frame():
    embeddings = TermEmbeddings(
        ["a", "b"], [[1.0, 2.0], [3.0, 4.0]], counts=[1, 2], values=[0.5, -1]
    )
    frame = embeddings.to_frame()
    assert frame.columns.tolist() == ["count", "value", "dimension_1", "dimension_2"]
    assert frame.index.name == "term" and frame.index.tolist() == ["a", "b"]
    np.testing.assert_array_equal(frame, [[1, 0.5, 1, 2], [2, -1, 3, 4]])
    assert frame["count"].dtype == np.int64
    frame.loc["a", "dimension_1"] = 9
    assert embeddings.vectors[0, 0] == 1
    bare = TermEmbeddings(["a"], [[1.0, 2.0]]).to_frame()
    assert bare.columns.tolist() == ["dimension_1", "dimension_2"]


# Neighbours.


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        ("t0", None),
        (["t0"], []),
        (["t0", "t1", "t2"], None),
        (["t0", "t1"], "t2"),
        (["t3"], ["t4", "t5"]),
        ([], ["t6"]),
        (["t7", "t7"], ["t8"]),
    ],
)
@pytest.mark.parametrize("topn", [1, 10, 500])
def test_most_similar_is_that_of_gensim(embeddings, keyed, positive, negative, topn):
    expected = keyed.most_similar(positive=positive, negative=negative, topn=topn)
    assert_same_neighbours(embeddings.most_similar(positive, negative, topn), expected)


def test_similarity_is_that_of_gensim(embeddings, keyed):
    for other in TERMS[:20]:
        expected = keyed.similarity("t3", other)
        assert embeddings.similarity("t3", other) == pytest.approx(expected, abs=1e-6)


def test_most_similar_is_the_cosine_of_the_mean(embeddings):
    units = embeddings.vectors / np.linalg.norm(embeddings.vectors, axis=1, keepdims=True)
    mean = (units[0] + units[1] - units[2]) / 3
    cosines = units @ mean / np.linalg.norm(mean)
    order = [row for row in np.argsort(-cosines) if row > 2]
    found = embeddings.most_similar(["t0", "t1"], ["t2"], topn=200)
    assert_same_neighbours(found, [(TERMS[row], cosines[row]) for row in order])


def test_similarity_is_symmetric_and_one_with_itself(embeddings):
    assert embeddings.similarity("t1", "t2") == embeddings.similarity("t2", "t1")
    assert embeddings.similarity("t1", "t1") == pytest.approx(1, abs=1e-6)
    assert dict(embeddings.most_similar("t1", topn=199))["t2"] == pytest.approx(
        embeddings.similarity("t1", "t2"), abs=1e-6
    )


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_length_does_not_matter(scale):
    vectors = vectors_of(50)
    expected = TermEmbeddings(TERMS[:50], vectors).most_similar("t0")
    assert_same_neighbours(TermEmbeddings(TERMS[:50], vectors * scale).most_similar("t0"), expected)


def test_equal_vectors_come_in_the_order_of_terms():
    found = TermEmbeddings(["a", "b", "c"], np.ones((3, 2))).most_similar("b")
    assert [term for term, _ in found] == ["a", "c"]
    assert max(similarity for _, similarity in found) <= 1


def test_a_vector_of_zeros_has_no_direction():
    embeddings = TermEmbeddings(["zero", "a", "b"], [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    assert embeddings.most_similar("zero") == []
    assert embeddings.most_similar("a", "a") == []
    assert embeddings.similarity("zero", "a") == 0
    assert dict(embeddings.most_similar("a")) == {"zero": 0, "b": 0}
    assert embeddings.nearest([0.0, 0.0]) == []


@pytest.mark.parametrize("topn", [0, 1, 199, 1000])
def test_number_of_neighbours(embeddings, topn):
    assert len(embeddings.most_similar("t0", topn=topn)) == min(topn, 199)
    assert len(embeddings.nearest(embeddings["t0"], topn=topn)) == min(topn, 200)


def test_unknown_terms_are_named(embeddings):
    message = "'nonsense' is not one of the 200 terms; check it with"
    for question in (
        lambda: embeddings["nonsense"],
        lambda: embeddings[["t1", "nonsense"]],
        lambda: embeddings.most_similar("nonsense"),
        lambda: embeddings.most_similar("t1", ["nonsense"]),
        lambda: embeddings.similarity("t1", "nonsense"),
    ):
        with pytest.raises(KeyError, match=message):
            question()


def test_errors_suggest_terms_of_similar_spelling():
    terms = ["superb", "review_dull", "dull and long", "Excellent"]
    embeddings = TermEmbeddings(terms, np.eye(4))
    for given, near in [("superp", "superb"), ("dull", "review_dull"), ("excelent", "Excellent")]:
        with pytest.raises(KeyError, match=f"did you mean '{near}'"):
            embeddings[given]
    with pytest.raises(KeyError, match="check it with `term in embeddings`"):
        embeddings["zzzz"]


def test_what_is_no_term_is_refused(embeddings):
    with pytest.raises(TypeError, match="3 is not a term; pass a str or a list of str"):
        embeddings.most_similar(3)


def test_neighbours_as_a_frame():
    vectors = [[1, 0.1], [2, 0], [-1, 0.1]]
    embeddings = TermEmbeddings(["good", "great", "bad"], vectors, counts=[5, 3, 2])
    found = embeddings.most_similar("good", topn=2)
    frame = embeddings.most_similar("good", topn=2, as_frame=True)
    assert list(zip(frame.index, frame["similarity"], strict=True)) == found
    assert frame["count"].tolist() == [3, 2] and frame.index.name == "term"
    assert embeddings.most_similar("good", topn=0, as_frame=True).shape == (0, 2)


def test_questions_without_terms(embeddings):
    with pytest.raises(ValueError, match="positive and negative are empty; give at least one"):
        embeddings.most_similar([])
    with pytest.raises(ValueError, match="topn == -1, must be >= 0"):
        embeddings.most_similar("t1", topn=-1)


def test_nearest_to_vectors(embeddings):
    lists = embeddings.nearest(embeddings[["t4", "t9"]] * 3, topn=5)
    for term, found in zip(["t4", "t9"], lists, strict=True):
        assert found[0] == (term, pytest.approx(1, abs=1e-6))
        assert_same_neighbours(found[1:], embeddings.most_similar(term, topn=4))
    assert embeddings.nearest(embeddings["t4"] * 3, topn=5) == lists[0]


def test_nearest_to_vectors_of_another_dimension(embeddings):
    with pytest.raises(ValueError, match="vectors has 3 columns but the terms have 8.*transform"):
        embeddings.nearest([1.0, 2.0, 3.0])


# Estimators.


@pytest.fixture(scope="module")
def model():
    steps = VocabularyTransformer(weighting="count"), EmbeddingDNNClassifier(4, random_state=0)
    return make_pipeline(*steps).fit(DOCUMENTS, [1, 0, 1, 0])


def test_from_pipeline(model):
    embeddings = TermEmbeddings.from_estimator(model)
    vocabulary, classifier = model[0], model[-1]
    assert embeddings.terms.tolist() == list(vocabulary.vocabulary_)
    np.testing.assert_array_equal(embeddings.vectors, classifier.embeddings_)
    np.testing.assert_array_equal(embeddings.counts, vocabulary.document_counts_)
    empty, *alone = classifier.decision_function(np.vstack([np.zeros(3), np.eye(3)]))
    np.testing.assert_allclose(embeddings.values, np.array(alone) - empty, atol=1e-6)


def test_nearest_to_documents(model):
    embeddings = TermEmbeddings.from_estimator(model)
    of_good, of_nothing = embeddings.nearest(model.transform([["good", "good"], ["unheard"]]))
    assert of_good[0] == ("good", pytest.approx(1))
    assert of_nothing == []


def test_with_rows_neighbours_are_used_alike():
    rng = np.random.default_rng(0)
    topics = [["rain", "snow", "ice"], ["bat", "ball", "goal"]]
    rows = [rng.choice(topics[i % 2], 2, replace=False).tolist() + ["the"] for i in range(200)]
    model = make_pipeline(
        VocabularyTransformer(), EmbeddingDNNClassifier(2, max_epochs=2, random_state=0)
    ).fit(rows, rng.integers(0, 2, 200))
    used = TermEmbeddings.from_estimator(model, rows, embedding_dim=3)
    for topic in topics:
        for term in topic:
            found = [name for name, _ in used.most_similar(term) if name != "the"][:2]
            assert set(found) == set(topic) - {term}
    effects = TermEmbeddings.from_estimator(model)
    np.testing.assert_array_equal(used.values, effects.values)
    np.testing.assert_array_equal(used.counts, effects.counts)
    assert used.vectors.shape == (7, 3)
    same = TermEmbeddings.from_estimator(model, rows, embedding_dim=3)
    np.testing.assert_array_equal(used.vectors, same.vectors)


def test_cooccurrence_takes_entries_as_present_or_not():
    X = sp.random(60, 8, 0.4, random_state=0, format="csr")
    names = [f"t{i}" for i in range(8)]
    one = TermEmbeddings.from_cooccurrence(X, names, 4, random_state=0)
    other = TermEmbeddings.from_cooccurrence(X != 0, names, 4, random_state=0)
    np.testing.assert_allclose(one.vectors, other.vectors)
    assert one.counts.tolist() == X.getnnz(axis=0).tolist()
    there = (X != 0).toarray().astype(float)
    scaled = there / np.sqrt(there.sum(1, keepdims=True).clip(1)) / np.sqrt(there.sum(0).clip(1))
    whole = TermEmbeddings.from_cooccurrence(X, names, 50, random_state=0).vectors
    np.testing.assert_allclose(whole @ whole.T, scaled.T @ scaled, atol=1e-5)
    with pytest.raises(ValueError, match="embedding_dim == 0, must be >= 1"):
        TermEmbeddings.from_cooccurrence(X, names, 0)


def test_from_estimator_alone(model):
    embeddings = TermEmbeddings.from_estimator(model[-1])
    assert list(embeddings) == ["x0", "x1", "x2"]
    assert embeddings.counts is None
    frame = pd.DataFrame({"good": [1.0, 0.0], "bad": [0.0, 1.0]})
    named = EmbeddingDNNClassifier(2, random_state=0).fit(frame, [1, 0])
    assert list(TermEmbeddings.from_estimator(named)) == ["good", "bad"]


def test_counts_follow_the_features_through_the_pipeline():
    frame = pd.DataFrame({"kind": ["a", "b", "a"], "words": [["x", "y"], ["x"], ["x", "z"]]})
    columns = VocabularyTransformer(num_oov_buckets=1)
    pipeline = make_pipeline(columns, MaxAbsScaler(), VarianceThreshold(), Moments()).fit(frame)
    embeddings = TermEmbeddings.from_estimator(pipeline)
    counts = dict(zip(embeddings, embeddings.counts, strict=True))
    assert counts == {"kind_a": 2, "kind_b": 1, "words_y": 1, "words_z": 1}  # not words_x: constant
    kept = make_pipeline(columns, Moments()).fit(frame)
    counts = TermEmbeddings.from_estimator(kept).counts
    np.testing.assert_array_equal(counts, [2, 1, np.nan, 3, 1, 1, np.nan])


def test_hashed_terms_have_no_counts():
    pipeline = make_pipeline(VocabularyTransformer(num_hash_buckets=3), Moments()).fit(DOCUMENTS)
    assert TermEmbeddings.from_estimator(pipeline).counts is None


def test_values_are_linear_weights():
    X = np.eye(3)
    assert TermEmbeddings.from_estimator(Moments().fit(X)).values is None
    one, two = Moments(1).fit(X), Moments(2).fit(X)
    np.testing.assert_array_equal(TermEmbeddings.from_estimator(one).values, [0, 1, 2])
    assert TermEmbeddings.from_estimator(two).values is None
    np.testing.assert_array_equal(TermEmbeddings.from_estimator(two, output=1).values, [3, 4, 5])
    none = Moments().fit(X)
    none.linear_coef_ = np.empty((0, 3))
    assert TermEmbeddings.from_estimator(none).values is None
    with pytest.raises(ValueError, match="output is 2, but the estimator has 2 outputs; give"):
        TermEmbeddings.from_estimator(two, output=2)
    with pytest.raises(ValueError, match="output is 0, but Moments has no linear part; set"):
        TermEmbeddings.from_estimator(Moments().fit(X), output=0)


def test_estimators_that_hold_no_embeddings():
    linear = LogisticRegression().fit(np.eye(2), [0, 1])
    with pytest.raises(TypeError, match="LogisticRegression has no attribute embeddings_"):
        TermEmbeddings.from_estimator(linear)
    with pytest.raises(NotFittedError):
        TermEmbeddings.from_estimator(EmbeddingDNNClassifier())
    nameless = make_pipeline(FunctionTransformer(), Moments()).fit(np.eye(2))
    with pytest.raises(ValueError, match="cannot name their features"):
        TermEmbeddings.from_estimator(nameless)


def test_from_svd_is_the_decomposition():
    rng = np.random.default_rng(0)
    X = sp.random(60, 12, 0.3, "csr", rng=rng)
    embeddings = TermEmbeddings.from_svd(X, TERMS[:12], 12, random_state=0)
    dense = X.toarray()
    np.testing.assert_allclose(
        embeddings.vectors @ embeddings.vectors.T, dense.T @ dense, atol=1e-8
    )
    np.testing.assert_array_equal(embeddings.counts, (dense != 0).sum(axis=0))
    few = TermEmbeddings.from_svd(sp.coo_array(X), TERMS[:12], 3, random_state=0)
    _, sizes, right = np.linalg.svd(dense)
    np.testing.assert_allclose(np.abs(few.vectors), np.abs(right[:3].T * sizes[:3]), atol=1e-3)
    again = TermEmbeddings.from_svd(dense, TERMS[:12], 3, random_state=0)
    np.testing.assert_allclose(again.vectors, few.vectors, atol=1e-8)


def test_from_svd_wants_a_name_for_each_column():
    with pytest.raises(ValueError, match="2 terms but 3 embeddings"):
        TermEmbeddings.from_svd(np.eye(3), ["a", "b"], 1)


def test_no_term_is_a_formula_to_a_spreadsheet(tmp_path):
    terms = ['=HYPERLINK("http://x")', "@SUM(1)", "+1", "-", "=", "-2+cmd|' /C calc'!A0"]
    TermEmbeddings(terms, np.eye(6)).to_projector(tmp_path)
    written = (tmp_path / "metadata.tsv").read_text().splitlines()
    assert written == [f"'{terms[0]}", f"'{terms[1]}", "+1", "-", "=", f"'{terms[5]}"]
