"""What the matrix of a VocabularyTransformer holds."""

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer

from skembed import VocabularyTransformer
from skembed.parallel import _map_ahead
from skembed.vocabulary import _cells

ROWS = [["b", "a", "b"], [], ["c", "b"], ["zzz"]]
terms = st.text(st.sampled_from("ab cé"), max_size=3)
rows_of_terms = st.lists(st.lists(terms, max_size=6), max_size=12)
letters = st.lists(st.lists(st.sampled_from("abcdef"), max_size=8), min_size=1, max_size=15)


@pytest.fixture(params=[2**17, 3], ids=["one block", "many blocks"])
def blocks(request, monkeypatch):
    """Run a test on one block of rows and on blocks of a few rows."""
    monkeypatch.setattr(_cells, "_BLOCK_OBJECTS", request.param)
    monkeypatch.setattr(_cells, "BLOCK_BYTES", request.param)
    monkeypatch.setattr(_cells, "_BATCH_ROWS", 256 if request.param > 3 else 1)
    monkeypatch.setattr(_map_ahead, "_FEW", 1)


def equal(A, B):
    """Whether two sparse matrices have the same shape and entries."""
    return A.shape == B.shape and (A != B).nnz == 0


def columns_like(X, names, other_names):
    """Put the columns of X in the order of other names."""
    column = {name: j for j, name in enumerate(names)}
    return X[:, [column[name] for name in other_names]]


def ngrams(tokens, low, high):
    """List n-grams the naive way."""
    return [
        " ".join(tokens[i : i + n])
        for n in range(low, high + 1)
        for i in range(len(tokens) - n + 1)
    ]


def test_counts_of_listed_terms(blocks):
    X = VocabularyTransformer(["c", "b", "a"], weighting="count").fit_transform(ROWS)
    assert sp.isspmatrix_csr(X) and X.dtype == np.float32
    assert X.indices.dtype == X.indptr.dtype == np.int32 and X.has_canonical_format
    np.testing.assert_array_equal(X.toarray(), [[0, 2, 1], [0, 0, 0], [1, 1, 0], [0, 0, 0]])


def test_learned_order_is_frequency_in_rows_then_term():
    transformer = VocabularyTransformer().fit([["b", "a", "b"], ["c", "b"], ["d", "a"], ["é"]])
    assert transformer.vocabulary_ == {"a": 0, "b": 1, "c": 2, "d": 3, "é": 4}
    assert transformer.get_feature_names_out().tolist() == ["a", "b", "c", "d", "é"]
    assert transformer.document_counts_.tolist() == [2, 2, 1, 1, 1]
    assert transformer.term_counts_.tolist() == [2, 3, 1, 1, 1]
    assert transformer.n_samples_seen_ == 4


def test_vocabulary_as_mapping_set_or_numbers():
    assert VocabularyTransformer({"b": 1, "a": 0}).fit(ROWS).vocabulary_ == {"a": 0, "b": 1}
    assert VocabularyTransformer({"b", "a"}).fit(ROWS).vocabulary_ == {"a": 0, "b": 1}
    assert VocabularyTransformer([3, 1]).fit_transform([[1, 2], [3]]).toarray().tolist() == [
        [0, 1],
        [1, 0],
    ]


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        (["a", "b", "a"], "Duplicate term in vocabulary: 'a'"),
        ([1, "1"], "Duplicate term in vocabulary: '1'"),
        ([], "empty vocabulary passed to fit"),
        ({}, "empty vocabulary passed to fit"),
        ({"a": 0, "b": 2}, "maps 'b' to column 2, expected 1"),
        (["a", None], "vocabulary holds None"),
    ],
)
def test_bad_vocabularies(vocabulary, message):
    with pytest.raises((ValueError, TypeError), match=message):
        VocabularyTransformer(vocabulary).fit(ROWS)


@given(rows_of_terms)
def test_counts_are_repeated_terms(rows):
    vocabulary = ["a", "b", "ab", "", "é"]
    X = VocabularyTransformer(vocabulary, weighting="count").fit_transform(rows)
    expected = [[row.count(term) for term in vocabulary] for row in rows]
    np.testing.assert_array_equal(X.toarray(), np.reshape(expected, (len(rows), 5)))
    binary = VocabularyTransformer(vocabulary).fit_transform(rows)
    assert equal(binary, (X > 0).astype(np.float32))


@pytest.mark.filterwarnings("ignore:.*coverage.X. lists the unknown terms")
@given(letters, letters)
def test_transform_of_a_sum_is_the_stack(first, second):
    for parameters in ({}, {"ngram_range": (1, 3)}, {"num_hash_buckets": 4}):
        transformer = VocabularyTransformer(**parameters, weighting="count").fit([["a", "b"]])
        both = transformer.transform(first + second)
        stack = sp.vstack([transformer.transform(first), transformer.transform(second)])
        assert equal(both, stack.tocsr())


@given(letters.filter(lambda rows: any(rows)), st.randoms())
def test_permuting_rows_permutes_the_matrix(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    transformer = VocabularyTransformer(weighting="count", ngram_range=(1, 2))
    X = transformer.fit_transform(rows)
    names = transformer.get_feature_names_out().tolist()
    shuffled = transformer.fit_transform([rows[i] for i in order])
    assert equal(shuffled, X[order])
    assert transformer.get_feature_names_out().tolist() == names


@pytest.mark.filterwarnings("ignore:.*coverage.X. lists the unknown terms")
@given(rows_of_terms, st.integers(1, 3), st.integers(0, 2), st.integers(1, 3))
@settings(deadline=None)
def test_ngrams_equal_a_naive_reference(rows, low, more, min_frequency):
    high = low + more
    naive = [ngrams(row, low, high) for row in rows]
    found = {gram: sum(gram in grams for grams in naive) for row in naive for gram in row}
    expected = sorted((-n, gram) for gram, n in found.items() if n >= min_frequency)
    transformer = VocabularyTransformer(
        weighting="count", ngram_range=(low, high), min_frequency=min_frequency
    )
    if not expected:
        with pytest.raises(ValueError, match="empty vocabulary|No terms reach"):
            transformer.fit(rows)
        return
    X = transformer.fit_transform(rows)
    names = transformer.get_feature_names_out().tolist()
    assert names == [gram for _, gram in expected]
    np.testing.assert_array_equal(
        X.toarray(), [[row.count(name) for name in names] for row in naive]
    )
    assert equal(transformer.transform(rows), X)


@pytest.mark.parametrize("ngram_range", [(1, 1), (1, 2), (2, 3)])
def test_text_equals_count_vectorizer(blocks, ngram_range):
    texts = ["A good, GOOD film!", "", "don't  look\tnow...", "très bon film", "a good look"]
    transformer = VocabularyTransformer(
        weighting="count", tokenizer="word", ngram_range=ngram_range, stop_terms=["a"]
    )
    rival = CountVectorizer(
        token_pattern=r"\w+|[^\w\s]", ngram_range=ngram_range, stop_words=["a"], dtype=np.float32
    )
    X, expected = transformer.fit_transform(texts), rival.fit_transform(texts)
    names = transformer.get_feature_names_out()
    assert sorted(names) == sorted(rival.get_feature_names_out())
    assert equal(X, columns_like(expected, rival.get_feature_names_out(), names))


def test_custom_patterns_and_callables_see_lower_cased_text():
    texts = ["Ein Film", "ein Buch"]
    pattern = r"(?u)\b(\w)\w+"
    by_pattern = VocabularyTransformer(tokenizer="word", token_pattern=pattern).fit(texts)
    assert by_pattern.vocabulary_ == {"e": 0, "b": 1, "f": 2}
    by_callable = VocabularyTransformer(tokenizer=str.split).fit(texts)
    assert by_callable.vocabulary_ == {"ein": 0, "buch": 1, "film": 2}
    kept = VocabularyTransformer(tokenizer="word", lowercase=False).fit(texts)
    assert kept.vocabulary_ == {"Buch": 0, "Ein": 1, "Film": 2, "ein": 3}
    with pytest.raises(ValueError, match="2 capturing groups, expected at most 1"):
        VocabularyTransformer(tokenizer="word", token_pattern="(a)(b)").fit(texts)


def test_tfidf_and_sublinear_equal_scikit_learn():
    texts = ["a a b", "b c c c", "a", ""]
    ours = VocabularyTransformer(tokenizer="word", weighting="tfidf", dtype=np.float64)
    rival = TfidfVectorizer(token_pattern=r"\w+")
    X, expected = ours.fit_transform(texts), rival.fit_transform(texts)
    expected = columns_like(expected, rival.get_feature_names_out(), ours.get_feature_names_out())
    np.testing.assert_allclose(X.toarray(), expected.toarray())
    counts = VocabularyTransformer(tokenizer="word", weighting="count", dtype=np.float64)
    idf = TfidfTransformer().fit(counts.fit_transform(texts)).idf_
    np.testing.assert_allclose(ours.idf_, idf)
    sublinear = counts.set_params(weighting="sublinear").fit_transform(texts)
    assert sublinear.max() == pytest.approx(1 + math.log(3))


def test_dicts_hold_weights():
    rows = [{"a": 2.5, "b": 0}, {}, {"b": -1, "zzz": 3}]
    X = VocabularyTransformer(["a", "b"], weighting="count").fit_transform(rows)
    np.testing.assert_array_equal(X.toarray(), [[2.5, 0], [0, 0], [0, -1]])
    assert VocabularyTransformer(["a", "b"]).fit_transform(rows).toarray().tolist() == [
        [1, 0],
        [0, 0],
        [0, 1],
    ]
    with pytest.raises(ValueError, match="weight -1.0, but weighting='sublinear'"):
        VocabularyTransformer(["a", "b"], weighting="sublinear").fit_transform(rows)
    with pytest.raises(ValueError, match="dicts, whose terms have no order"):
        VocabularyTransformer(ngram_range=(1, 2)).fit(rows)


def test_frequency_limits():
    rows = [["a", "b"], ["a", "c"], ["a", "b"], ["d", "d"]]
    names = lambda **p: VocabularyTransformer(**p).fit(rows).get_feature_names_out().tolist()  # noqa: E731
    assert names(min_frequency=2) == ["a", "b"]
    assert names(min_frequency=0.75) == ["a"]
    assert names(max_terms=3) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="=4: the most frequent term is in 3 of 4 rows"):
        names(min_frequency=4)
    with pytest.raises(ValueError, match=r"empty vocabulary; the 2 rows of X hold no terms"):
        VocabularyTransformer().fit([[], []])
    with pytest.raises(ValueError, match="empty vocabulary"):
        VocabularyTransformer().fit([])


def test_unknown_terms(blocks):
    fitted = VocabularyTransformer(["a"], handle_unknown="error").fit([["a"]])
    with pytest.raises(ValueError, match=r"Row 2 holds 'x', which .* \(2 unknown terms in total\)"):
        fitted.transform([["a"], [], ["a", "x"], ["y"]])
    with pytest.warns(UserWarning, match="Row 0 holds 'x'.*; unknown terms are dropped"):
        X = fitted.set_params(handle_unknown="warn").transform([["x", "a"]])
    assert X.toarray().tolist() == [[1]]


def test_out_of_vocabulary_buckets(blocks):
    transformer = VocabularyTransformer(["a", "b"], weighting="count", num_oov_buckets=3)
    X = transformer.fit_transform([["a", "x", "y", "x"], ["b"], ["x"]])
    assert transformer.get_feature_names_out().tolist() == [
        "a", "b", "<oov_0>", "<oov_1>", "<oov_2>",
    ]  # fmt: skip
    assert X.sum(axis=1).A1.tolist() == [4, 1, 1]
    assert X[0, X[2].indices[0]] >= 2
    assert equal(transformer.transform([["x"]]), X[2])
    learned = VocabularyTransformer(min_frequency=2, num_oov_buckets=2)
    rows = [["a", "x"], ["a", "y"]]
    assert equal(learned.fit_transform(rows), learned.transform(rows))
    named = VocabularyTransformer(["<oov_0>"], num_oov_buckets=1).fit(ROWS)
    assert named.get_feature_names_out().tolist() == ["<oov_0>", "<oov_0> (2)"]


def test_missing_values(blocks):
    rows = [["a"], None, ["b", None]]
    with pytest.raises(ValueError, match="Row 1 has a missing value; fill it, or set handle_miss"):
        VocabularyTransformer().fit(rows)
    indicated = VocabularyTransformer(handle_missing="indicator", weighting="count")
    X = indicated.fit_transform(rows)
    assert indicated.get_feature_names_out().tolist() == ["a", "b", "<missing>"]
    np.testing.assert_array_equal(X.toarray(), [[1, 0, 0], [0, 0, 1], [0, 1, 1]])
    ignored = VocabularyTransformer(handle_missing="ignore").fit_transform(rows)
    np.testing.assert_array_equal(ignored.toarray(), [[1, 0], [0, 0], [0, 1]])
    pairs = VocabularyTransformer(handle_missing="indicator", ngram_range=(2, 2))
    pairs.fit([["a", None, "b", "c"]])
    assert pairs.get_feature_names_out().tolist() == ["b c", "<missing>"]


def test_columns_have_their_own_vocabularies(blocks):
    frame = pd.DataFrame({"x": ["u", "v", "u"], "n": [10, 9, 9], "l": [["u"], [], ["u", "w"]]})
    transformer = VocabularyTransformer()
    X = transformer.fit_transform(frame)
    names = ["x_u", "x_v", "n_9", "n_10", "l_u", "l_w"]
    assert transformer.get_feature_names_out().tolist() == names
    parts = [VocabularyTransformer().fit_transform(frame[name]) for name in frame]
    assert equal(X, sp.hstack(parts).tocsr())
    assert X.has_canonical_format and X.indices.dtype == np.int32
    assert transformer.vocabulary_ == [{"u": 0, "v": 1}, {"9": 0, "10": 1}, {"u": 0, "w": 1}]
    for given_ in ([["v"], [9], ["w"]], {"l": ["w"], "n": ["9"], "x": ["v"]}):
        chosen = VocabularyTransformer(given_).fit(frame)
        assert chosen.get_feature_names_out().tolist() == ["x_v", "n_9", "l_w"]
    with pytest.raises(ValueError, match="X has 3 columns, expected one vocabulary for each"):
        VocabularyTransformer(["u", "v", "w"]).fit(frame)
    with pytest.raises(ValueError, match=r"has the columns \['x'\], but X has"):
        VocabularyTransformer({"x": ["u"]}).fit(frame)


def test_inverse_transform_round_trip():
    transformer = VocabularyTransformer(["c", "b", "a"])
    X = transformer.fit_transform(ROWS)
    assert list(map(list, transformer.inverse_transform(X))) == [["b", "a"], [], ["c", "b"], []]
    assert equal(transformer.transform(transformer.inverse_transform(X)), X)
    assert equal(transformer.transform(transformer.inverse_transform(X.toarray())), X)
    frame = pd.DataFrame({"x": ["u", "v"], "l": [["u", "w"], []]})
    both = VocabularyTransformer().fit(frame)
    cells = both.inverse_transform(both.transform(frame))
    assert cells.shape == (2, 2) and list(cells[0, 1]) == ["u", "w"]
    with pytest.raises(ValueError, match="X has 2 features, expected 3"):
        transformer.inverse_transform(X[:, :2])


def test_a_long_document_and_many_short_ones():
    long = pa.array([list("abc") * 200_000])
    assert VocabularyTransformer(weighting="count").fit_transform(long).data.tolist() == [2e5] * 3
    text = "abc " * 300_000
    X = VocabularyTransformer(tokenizer="word", weighting="count").fit_transform([text, "abc"])
    assert X.toarray().tolist() == [[300_000], [1]]
    short = VocabularyTransformer(ngram_range=(1, 2)).fit_transform([["a", "b"]] * 200_000)
    assert short.shape == (200_000, 3) and short.nnz == 600_000


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"ngram_range": (2, 1)}, "expected 1 <= min_n <= max_n"),
        ({"num_hash_buckets": 2, "num_oov_buckets": 2}, "set num_oov_buckets alone"),
        ({"num_hash_buckets": 2, "vocabulary": ["a"]}, "set num_oov_buckets alone"),
        ({"num_hash_buckets": 2, "weighting": "tfidf"}, "needs document counts"),
        ({"num_oov_buckets": 2, "handle_unknown": "warn"}, "cannot be combined with hash buckets"),
    ],
)
def test_parameters_that_contradict_each_other(parameters, message):
    with pytest.raises(ValueError, match=message):
        VocabularyTransformer(**parameters).fit(ROWS)
