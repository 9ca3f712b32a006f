"""n-grams of the characters of terms."""

import pickle
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.utils import murmurhash3_32

from skembed import VocabularyTransformer
from skembed.vocabulary import _characters, _ngrams

letters = st.characters(exclude_categories=["Cs"]).filter(lambda letter: not letter.isspace())
words = st.text(st.one_of(st.sampled_from("abé😀"), letters), min_size=1, max_size=7)
rows_of_words = st.lists(st.lists(words, max_size=6), max_size=8)
lengths = st.tuples(st.integers(1, 5), st.integers(0, 3)).map(lambda n: (n[0], n[0] + n[1]))
CODES = [["AB-1029", "AB-1030"], ["XY-1029"], ["AB-1029", "AB-1029"], []]


def chars(*args, char_ngram_range=(3, 5), **parameters):
    return VocabularyTransformer(
        *args, ngram_range=None, char_ngram_range=char_ngram_range, **parameters
    )


def char_wb(kind=CountVectorizer, **parameters):
    return kind(analyzer="char_wb", lowercase=False, **parameters)


def naive(word, low, high):
    """n-grams of a word as scikit-learn has them, straight from their definition."""
    padded = f" {word} "
    sizes = range(min(low, len(padded)), min(high, len(padded)) + 1)
    return [padded[i : i + n] for n in sizes for i in range(len(padded) - n + 1)]


def assert_like(X, names, expected, expected_names):
    """Whether two matrices are equal when their columns are put in one order."""
    assert sorted(names) == sorted(expected_names)
    column = {name: j for j, name in enumerate(expected_names)}
    difference = X - sp.csr_matrix(expected)[:, [column[name] for name in names]]
    assert abs(difference).max() < 1e-6 if difference.nnz else True
    assert X.has_canonical_format and X.indices.dtype == np.int32


@settings(max_examples=60)
@given(rows_of_words, lengths, st.sampled_from([1, 40]), st.booleans())
def test_counts_equal_char_wb(rows, char_ngram_range, repeats, few):
    assume(any(rows))
    rows = rows * repeats  # many rows of few n-grams are counted by a product
    transformer = chars(char_ngram_range=char_ngram_range, weighting="count")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_characters, "_FEW_BYTES", 500 if few else -1)
        patch.setattr(_characters, "_BYTES_AT_ONCE", 7)
        X = transformer.fit_transform(rows)
    rival = char_wb(ngram_range=char_ngram_range)
    expected = rival.fit_transform([" ".join(row) for row in rows])
    names = transformer.get_feature_names_out()
    assert_like(X, names, expected, rival.get_feature_names_out())
    assert (transformer.transform(rows) != X).nnz == 0
    binary = chars(char_ngram_range=char_ngram_range).fit_transform(rows)
    assert (binary != (X > 0)).nnz == 0
    found = (X > 0).sum(axis=0).A1
    np.testing.assert_array_equal(transformer.document_counts_, found)
    np.testing.assert_array_equal(transformer.term_counts_, X.sum(axis=0).A1)


@given(rows_of_words, lengths, st.booleans())
def test_ngrams_equal_a_naive_reference(rows, char_ngram_range, few):
    assume(any(rows))
    transformer = chars(char_ngram_range=char_ngram_range, weighting="count")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_characters, "_FEW_BYTES", 500 if few else -1)
        X = transformer.fit_transform(rows).toarray()
    for row, values in zip(rows, X, strict=True):
        grams = [gram for word in row for gram in naive(word, *char_ngram_range)]
        assert [grams.count(name) for name in transformer.vocabulary_] == values.tolist()


def test_tfidf_equals_scikit_learn():
    rows = [row for row in CODES if row]
    ours = chars(weighting="tfidf", dtype=np.float64)
    rival = char_wb(TfidfVectorizer, ngram_range=(3, 5))
    X, expected = ours.fit_transform(rows), rival.fit_transform([" ".join(row) for row in rows])
    assert_like(X, ours.get_feature_names_out(), expected, rival.get_feature_names_out())


def test_reviews_equal_char_wb(real_data):
    reviews = pd.read_parquet(real_data / "imdb" / "imdb.parquet", columns=["text"]).text[:300]
    texts = [" ".join(re.findall(r"\w+|[^\w\s]", text)) for text in reviews]
    ours = chars(tokenizer="word", weighting="count")
    rival = CountVectorizer(analyzer="char_wb", ngram_range=(3, 5))
    X, expected = ours.fit_transform(texts), rival.fit_transform(texts)
    assert_like(X, ours.get_feature_names_out(), expected, rival.get_feature_names_out())
    single = sp.vstack([ours.transform([text]) for text in texts[:20]])
    assert (single != X[:20]).nnz == 0


@settings(max_examples=50)
@given(rows_of_words, st.sampled_from([(1, 1), (1, 2), (2, 3)]), st.integers(1, 4))
def test_terms_and_characters_are_features_side_by_side(rows, ngram_range, most):
    assume(any(len(row) >= ngram_range[0] for row in rows))
    both = VocabularyTransformer(
        ngram_range=ngram_range, char_ngram_range=(2, 3), weighting="count"
    )
    terms = VocabularyTransformer(ngram_range=ngram_range, weighting="count")
    alone = chars(char_ngram_range=(2, 3), weighting="count")
    expected = sp.hstack([terms.fit_transform(rows), alone.fit_transform(rows)]).tocsr()
    names = [*terms.get_feature_names_out()]
    names += [f"char:{name}" for name in alone.get_feature_names_out()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_ngrams, "_MOST_SUBWORDS", most)  # blocks are cut row by row
        X = both.fit_transform(rows)
    assert_like(X, both.get_feature_names_out(), expected, names)
    assert (both.transform(rows) != X).nnz == 0


def test_a_term_and_the_same_letters_are_two_features():
    transformer = VocabularyTransformer(char_ngram_range=(3, 3), weighting="count")
    transformer.fit([["art", "party"]])
    row = transformer.transform([["party"]])
    found = dict(zip(transformer.get_feature_names_out(), row.toarray()[0], strict=True))
    assert found["art"] == 0 and found["char:art"] == 1 and found["char: pa"] == 1


def test_terms_named_as_ngrams_of_characters_share_their_column():
    transformer = VocabularyTransformer(char_ngram_range=(3, 3), weighting="count")
    X = transformer.fit_transform([["char:art"], ["art"], ["art", "char:art"]] * 20)
    column = transformer.vocabulary_["char:art"]
    assert X[:3, column].toarray().ravel().tolist() == [2, 1, 3]
    assert transformer.document_counts_[column] == 60 and transformer.term_counts_[column] == 120


@settings(max_examples=40)
@given(st.lists(rows_of_words, min_size=1, max_size=4))
def test_batches_equal_one_fit(batches):
    rows = [row for batch in batches for row in batch]
    assume(any(map(any, (batches[0], rows))) and any(batches[0]))
    for parameters in ({"ngram_range": None}, {"ngram_range": (1, 2), "max_terms": 7}):
        streamed = VocabularyTransformer(char_ngram_range=(2, 4), **parameters)
        whole = VocabularyTransformer(char_ngram_range=(2, 4), **parameters).fit(rows)
        for batch in batches:
            streamed.partial_fit(batch)
        assert streamed.vocabulary_ == whole.vocabulary_ and streamed.undercount_ == 0
        np.testing.assert_array_equal(streamed.document_counts_, whole.document_counts_)
        np.testing.assert_array_equal(streamed.term_counts_, whole.term_counts_)


@settings(max_examples=60)
@given(st.lists(rows_of_words, min_size=1, max_size=4))
def test_hashed_batches_equal_one_matrix(batches):
    hashed = chars(num_hash_buckets=16, weighting="count", char_ngram_range=(2, 3))
    rows = [row for batch in batches for row in batch]
    X = hashed.transform(rows).toarray()
    parts = [hashed.transform(batch).toarray() for batch in batches]
    np.testing.assert_array_equal(np.vstack(parts), X)
    expected = np.zeros_like(X)
    for of_row, row in zip(expected, rows, strict=True):
        for word in row:
            for gram in naive(word, 2, 3):
                of_row[murmurhash3_32(gram, seed=0, positive=True) % 16] += 1
    np.testing.assert_array_equal(X, expected)


def test_a_bounded_stream_keeps_the_frequent_ngrams():
    rng = np.random.default_rng(0)
    stream = [[f"AB-{number}"] for number in rng.integers(0, 10_000, 400)]
    transformer = chars(max_tracked_terms=40)
    for start in range(0, 400, 50):
        transformer.partial_fit(stream[start : start + 50])
    assert {" AB", "AB-", " AB-"} <= set(transformer.vocabulary_)
    assert 0 < transformer.undercount_ <= 400 * 16 / 41
    counts = transformer.document_counts_[transformer.vocabulary_["AB-"]]
    assert 400 - transformer.undercount_ <= counts <= 400


def test_misspelt_words_share_most_features():
    transformer = chars().fit([["restaurant", "apartment"]])
    X = transformer.transform([["restaurant"], ["restaurnt"], ["apartment"]])
    overlap = (X @ X.T).toarray()
    assert overlap[0, 1] > 0.4 * overlap[0, 0] > overlap[1, 2]


def test_a_given_vocabulary_names_ngrams():
    rival = char_wb(ngram_range=(3, 3)).fit(["AB-1029"])
    transformer = chars(rival.vocabulary_, char_ngram_range=(3, 3)).fit(CODES)
    assert transformer.vocabulary_ == rival.vocabulary_
    mixed = VocabularyTransformer(["AB-1029", "char: AB"], char_ngram_range=(3, 3))
    assert mixed.fit_transform(CODES).toarray().tolist() == [[1, 1], [0, 0], [1, 1], [0, 0]]


def test_missing_values_stop_terms_and_columns():
    table = pa.table({"code": ["AB1", None, "AB2"], "size": [10, 10, 7]})
    transformer = chars(char_ngram_range=(3, 3), handle_missing="indicator")
    X = transformer.fit_transform(table)
    row = dict(zip(transformer.get_feature_names_out(), X.toarray()[1], strict=True))
    assert {name for name, value in row.items() if value} == {
        "code_<missing>", "size_ 10", "size_10 ",
    }  # fmt: skip
    stopped = chars(tokenizer="word", stop_terms=["the"], char_ngram_range=(3, 3))
    assert set(stopped.fit(["the cat"]).vocabulary_) == {" ca", "cat", "at "}
    frame = pd.DataFrame({"code": ["AB1", "AB2"]})
    assert (
        chars(char_ngram_range=(2, 2)).fit(frame).get_feature_names_out().tolist()[0] == "code_ A"
    )


def test_weights_of_terms_are_those_of_their_ngrams():
    rows = [{"abc": 2.0, "bcd": 0.5}, {"bcd": -0.5, "abc": 0.5}] * 20
    transformer = chars(char_ngram_range=(2, 2), weighting="count").fit(rows)
    X = transformer.transform(rows[:2])
    found = dict(zip(transformer.get_feature_names_out(), X.toarray().T.tolist(), strict=True))
    assert found["bc"] == [2.5, 0.0] and found[" a"] == [2.0, 0.5] and found["d "] == [0.5, -0.5]
    assert set(transformer.document_counts_) == {40}
    assert transformer.term_counts_[transformer.vocabulary_["bc"]] == 20 * 2.5


def test_unknown_ngrams():
    known = chars(char_ngram_range=(3, 3), num_oov_buckets=1, weighting="count").fit([["cat"]])
    assert known.transform([["cats"]]).toarray().tolist() == [[1, 0, 1, 2]]
    strict = chars(char_ngram_range=(3, 3), handle_unknown="error").fit([["cat"], ["dog"]])
    with pytest.raises(ValueError, match=r"Row 1 holds 'cats' with 'ats', .* \(2 unknown terms"):
        strict.transform([["cat"], ["cats"]])
    report = strict.coverage([["cats", "dog"]])
    assert report.n_terms.tolist() == [7] and report.unknown.tolist() == [2 / 7]
    assert report.most_frequent_unknown.tolist() == [["ats", "ts "]]


def test_new_terms_of_known_ngrams_give_no_warning():
    rng = np.random.default_rng(0)
    codes = [[f"AB-{number}"] for number in rng.permutation(100_000)[:2_000]]
    for ngram_range in (None, (1, 1)):
        transformer = VocabularyTransformer(ngram_range=ngram_range, char_ngram_range=(3, 3))
        transformer.fit(codes[:1_000]).transform(codes[1_000:])
    with pytest.warns(UserWarning, match="Row 0 holds 'xyzuvw'"):
        transformer.transform([["xyzuvw", "vwxyzu"]] * 20)


@settings(max_examples=20)
@given(words.filter(lambda word: len(word) > 1))
def test_row_by_row_equals_all_rows(word):
    rows = [[word], ["cat", word], []]
    transformer = VocabularyTransformer(char_ngram_range=(1, 3), num_oov_buckets=2).fit([["cat"]])
    single = sp.vstack([transformer.transform([row]) for row in rows])
    assert (single != transformer.transform(rows)).nnz == 0


def test_inverse_transform_names_the_ngrams():
    transformer = chars(char_ngram_range=(3, 3)).fit([["cat"], ["hat"]])
    (found,) = transformer.inverse_transform(transformer.transform([["hat"]]))
    assert sorted(found) == [" ha", "at ", "hat"]


def test_pickles_of_the_first_release_load():
    transformer = VocabularyTransformer().fit([["a"]])
    del transformer.char_ngram_range
    copy = pickle.loads(pickle.dumps(transformer))
    assert copy.char_ngram_range is None and copy.transform([["a"]]).toarray().tolist() == [[1]]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"ngram_range": None}, "set char_ngram_range, for example"),
        ({"char_ngram_range": (5, 3)}, r"char_ngram_range is \(5, 3\), expected 1 <= min_n"),
        ({"char_ngram_range": (0, 3)}, r"char_ngram_range is \(0, 3\)"),
        ({"char_ngram_range": (1.5, 3)}, r"char_ngram_range is \(1.5, 3\)"),
        ({"char_ngram_range": (3,)}, r"char_ngram_range is \(3,\)"),
        ({"ngram_range": ("1", "2")}, r"ngram_range is \('1', '2'\)"),
    ],
)
def test_bad_lengths(parameters, message):
    transformer = VocabularyTransformer().fit([["a"]])
    with pytest.raises(ValueError, match=message):
        transformer.set_params(**parameters).fit([["b"]])
    assert transformer.vocabulary_ == {"a": 0}


def test_ngrams_that_no_memory_holds_are_refused(monkeypatch):
    monkeypatch.setattr(_characters, "_MOST_CHARACTERS", 10_000)
    with pytest.raises(ValueError, match=r"char_ngram_range=\(1, 900\) makes .* lower max_n"):
        chars(char_ngram_range=(1, 900)).fit([["x" * 1_000]])
    assert chars(char_ngram_range=(3, 900)).fit([["xy"]]).vocabulary_ == {
        " xy": 0,
        " xy ": 1,
        "xy ": 2,
    }


@pytest.mark.filterwarnings("ignore:X holds no term")
def test_rows_without_terms():
    transformer = chars(handle_missing="ignore")
    assert transformer.fit_transform([[None], []]).shape == (2, 0)
    assert transformer.transform([["cat"], None]).shape == (2, 0)
    assert chars(["cat"]).fit_transform([[], []]).toarray().tolist() == [[0], [0]]
