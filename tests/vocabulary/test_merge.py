"""Counts that were learned apart add up to those of one pass."""

import copy
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from skembed import VocabularyTransformer, load, save

terms = st.sampled_from("abcdefgh")
lists = st.lists(terms, min_size=1, max_size=4)
rows_of_lists = st.lists(lists, min_size=1, max_size=12)


def learned(transformer, batches):
    """Transformers, each of which has learned one batch."""
    return [clone(transformer).partial_fit(batch) for batch in batches]


def cut(rows, places):
    """Rows in parts, none of them empty."""
    ends = sorted({1 + place % len(rows) for place in places} | {len(rows)})
    return [rows[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def assert_same(one, other):
    assert one.vocabulary_ == other.vocabulary_
    assert list(one.get_feature_names_out()) == list(other.get_feature_names_out())
    for name in ("document_counts_", "term_counts_"):
        pairs = [getattr(t, name) if t._names else [getattr(t, name)] for t in (one, other)]
        for mine, yours in zip(*pairs, strict=True):
            np.testing.assert_array_equal(mine, yours)
    assert one.n_samples_seen_ == other.n_samples_seen_
    assert one.undercount_ == other.undercount_


@given(rows_of_lists, st.lists(st.integers(0, 100), max_size=4), st.permutations(range(5)))
def test_any_split_of_lists_gives_the_vocabulary_of_one_pass(rows, places, order):
    transformer = VocabularyTransformer(max_terms=5, weighting="tfidf")
    parts = learned(transformer, cut(rows, places))
    parts = [parts[i] for i in order if i < len(parts)]  # the order does not matter
    merged = parts[0].merge(*parts[1:])
    whole = clone(transformer).partial_fit(rows)
    assert_same(merged, whole)
    np.testing.assert_array_equal(merged.idf_, whole.idf_)
    assert (merged.transform(rows) != whole.transform(rows)).nnz == 0


@given(
    st.lists(st.tuples(terms, st.integers(0, 3), lists), min_size=2, max_size=10),
    st.lists(st.integers(0, 100), max_size=3),
    st.sampled_from([{}, {"num_oov_buckets": 2, "max_terms": 3}, {"num_hash_buckets": 8}]),
)
def test_any_split_of_a_table_gives_the_vocabularies_of_one_pass(rows, places, parameters):
    frame = pd.DataFrame(rows, columns=["letter", "number", "letters"])
    transformer = VocabularyTransformer(**parameters)
    first, *others = learned(transformer, cut(frame, places))
    assert_same(first.merge(*others), clone(transformer).partial_fit(frame))


@given(st.lists(st.text("ab !.", min_size=1), min_size=1, max_size=8), st.integers(0, 100))
def test_any_split_of_texts_gives_the_vocabulary_of_one_pass(texts, place):
    texts = ["a b", *texts, "b"]
    transformer = VocabularyTransformer(tokenizer="word", ngram_range=(1, 2))
    parts = [part for part in cut(texts, [place]) if any(text.strip() for text in part)]
    try:
        first, *others = learned(transformer, parts)
    except ValueError as error:
        assert "empty vocabulary" in str(error)
        return
    assert_same(first.merge(*others), clone(transformer).partial_fit(texts))


@given(
    st.lists(st.dictionaries(terms, st.integers(1, 8), min_size=1), min_size=1, max_size=8),
    st.lists(st.integers(0, 100), max_size=3),
)
def test_weights_add_up(rows, places):
    rows = [{term: weight / 4 for term, weight in row.items()} for row in rows]  # exact sums
    transformer = VocabularyTransformer(weighting="count")
    first, *others = learned(transformer, cut(rows, places))
    whole = clone(transformer).partial_fit(rows)
    assert_same(first.merge(*others), whole)
    assert whole.term_counts_.sum() == sum(sum(row.values()) for row in rows)


@given(st.lists(rows_of_lists, min_size=2, max_size=5), st.integers(1, 6))
def test_counts_of_dropped_terms_are_off_by_at_most_the_bound(batches, max_tracked):
    transformer = VocabularyTransformer(max_tracked_terms=max_tracked)
    try:
        first, *others = learned(transformer, batches)
        errors = sum(tracked.error for part in (first, *others) for tracked in part._tracked)
        merged = first.merge(*others)
    except ValueError as error:
        assert "empty vocabulary" in str(error)  # all terms equally rare: all were dropped
        return
    rows = [set(row) for batch in batches for row in batch]
    bound = sum(map(len, rows)) / (max_tracked + 1)
    assert len(merged.vocabulary_) <= max_tracked
    assert merged.undercount_ <= errors
    assert merged._tracked[0].error <= bound
    for term, count in zip(merged.vocabulary_, merged.document_counts_, strict=True):
        truth = sum(term in row for row in rows)
        assert truth - merged.undercount_ <= count <= truth
    frequent = {t for t in "abcdefgh" if sum(t in row for row in rows) > bound}
    assert frequent <= set(merged.vocabulary_)


def test_terms_never_dropped_keep_exact_counts_beside_others():
    one = VocabularyTransformer(max_tracked_terms=2)
    one.partial_fit([["a"]] * 5 + [["b"]] * 4 + [["c"]])  # c is dropped, once
    other = clone(one).partial_fit([["a"]] * 3 + [["c"]] * 6)
    merged = one.merge(other)
    assert merged.vocabulary_ == {"a": 0, "c": 1}
    assert merged.document_counts_.tolist() == [8, 6]  # c truly is in 7 rows
    assert merged.undercount_ == 1


def test_parts_that_were_fitted_count_what_fit_left_out_as_dropped():
    one = VocabularyTransformer(min_frequency=2).fit([["a"], ["a", "b"]])
    other = clone(one).fit([["b"], ["b"], ["a"]])
    assert one.merge(other).vocabulary_ == {"a": 0, "b": 1}
    assert one.document_counts_.tolist() == [2, 2] and one.undercount_ == 1


def test_a_given_vocabulary_keeps_its_order():
    parts = learned(VocabularyTransformer(["c", "a", "z"]), [[["a", "b"]], [["c"], ["a"]]])
    merged = parts[0].merge(parts[1])
    assert merged.vocabulary_ == {"c": 0, "a": 1, "z": 2}
    assert merged.document_counts_.tolist() == [1, 2, 0]


def test_merging_goes_on_and_leaves_the_others_alone(tmp_path):
    one, two, three = learned(VocabularyTransformer(), [[["a"]], [["b"]], [["b", "c"]]])
    before = pickle.dumps(two)
    stored = load(save(three, tmp_path / "three.skembed") or tmp_path / "three.skembed")
    assert one.merge(two).merge(stored) is one
    assert pickle.dumps(two) == before
    one.partial_fit([["c"], ["c"]])
    assert one.vocabulary_ == {"c": 0, "b": 1, "a": 2}
    assert one.n_samples_seen_ == 5
    assert copy.deepcopy(one).merge().vocabulary_ == one.vocabulary_


DIFFERENT = {
    "min_frequency": (1, 1.0),
    "max_terms": (None, 3),
    "max_tracked_terms": (None, 3),
    "weighting": ("binary", "count"),
    "ngram_range": ((1, 1), (1, 2)),
    "stop_terms": (["x"], ["y"]),
    "vocabulary": (["a", "b"], ["b", "a"]),
    "num_oov_buckets": (0, 2),
    "handle_missing": ("error", "ignore"),
    "dtype": (np.float32, np.float64),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_other_parameters_are_refused_by_name(name):
    mine, yours = DIFFERENT[name]
    one = VocabularyTransformer(**{name: mine}).partial_fit([["a"]])
    other = VocabularyTransformer(**{name: yours}).partial_fit([["a"]])
    before = pickle.dumps(one)
    with pytest.raises(ValueError, match=f"Transformer 0 passed to merge has {name}="):
        one.merge(other)
    assert pickle.dumps(one) == before


def test_the_same_parameters_in_other_types_are_the_same():
    one = VocabularyTransformer(["a", "b"], stop_terms={"x"}, ngram_range=(1, 1))
    other = VocabularyTransformer(
        pa.array(["a", "b"]), stop_terms=np.array(["x"]), ngram_range=[1, 1]
    )
    merged = one.partial_fit([["a"]]).merge(other.partial_fit([["b"]]))
    assert merged.document_counts_.tolist() == [1, 1]


def test_what_has_no_counts_is_refused():
    one = VocabularyTransformer().partial_fit([["a"]])
    with pytest.raises(ValueError, match="Transformer 1 passed to merge is not fitted"):
        one.merge(clone(one).fit([["b"]]), VocabularyTransformer())
    with pytest.raises(ValueError, match="whose merge was called is not fitted"):
        VocabularyTransformer().merge(one)
    with pytest.raises(ValueError, match="hashes its terms without a fit"):
        VocabularyTransformer(num_hash_buckets=4).merge()
    with pytest.raises(TypeError, match="is a dict, expected a VocabularyTransformer"):
        one.merge({"a": 0})
    with pytest.raises(ValueError, match="its rows count already"):
        one.merge(one)
    assert one.document_counts_.tolist() == [1]


def test_other_columns_are_refused():
    one = VocabularyTransformer().partial_fit(pd.DataFrame({"x": ["a"], "y": ["b"]}))
    with pytest.raises(ValueError, match=r"columns \['y', 'x'\], the others from \['x', 'y'\]"):
        one.merge(clone(one).partial_fit(pd.DataFrame({"y": ["a"], "x": ["b"]})))
    with pytest.raises(ValueError, match="1 dimension"):
        one.merge(clone(one).partial_fit(["a"]))


def test_a_merge_that_leaves_no_terms_changes_nothing():
    one = VocabularyTransformer(min_frequency=1.0).partial_fit([["a"]])
    other = clone(one).partial_fit([["b"]])
    with pytest.raises(ValueError, match="No terms reach min_frequency"):
        one.merge(other)
    assert one.vocabulary_ == {"a": 0} and one.n_samples_seen_ == 1
