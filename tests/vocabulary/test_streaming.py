"""Learning in batches, and hashing without learning."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skembed import VocabularyTransformer
from skembed.vocabulary import _cells, _learning, _output_columns

batches_of_rows = st.lists(
    st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4), min_size=1, max_size=6),
    min_size=1,
    max_size=6,
)


def fit_batches(transformer, batches):
    for batch in batches:
        transformer.partial_fit(batch)
    return transformer


@given(batches_of_rows)
def test_batches_equal_one_fit(batches):
    together = VocabularyTransformer(min_frequency=1, max_terms=5)
    streamed = fit_batches(VocabularyTransformer(min_frequency=1, max_terms=5), batches)
    together.fit([row for batch in batches for row in batch])
    assert streamed.vocabulary_ == together.vocabulary_
    np.testing.assert_array_equal(streamed.document_counts_, together.document_counts_)
    np.testing.assert_array_equal(streamed.term_counts_, together.term_counts_)
    assert streamed.n_samples_seen_ == together.n_samples_seen_ and streamed.undercount_ == 0


@given(batches_of_rows, st.integers(1, 6))
def test_counts_of_a_bounded_stream_are_off_by_at_most_the_bound(batches, max_tracked):
    streamed = VocabularyTransformer(max_tracked_terms=max_tracked)
    for batch in batches:
        try:
            streamed.partial_fit(batch)
        except ValueError as error:
            assert "empty vocabulary" in str(error)  # all terms equally rare: all were dropped
            return
    rows = [set(row) for batch in batches for row in batch]
    total = sum(map(len, rows))
    assert len(streamed.vocabulary_) <= max_tracked
    assert streamed.undercount_ <= total / (max_tracked + 1)
    for term, count in zip(streamed.vocabulary_, streamed.document_counts_, strict=True):
        truth = sum(term in row for row in rows)
        assert truth - streamed.undercount_ <= count <= truth
    bound = total / (max_tracked + 1)
    frequent = {t for t in "abcdefgh" if sum(t in row for row in rows) > bound}
    assert frequent <= set(streamed.vocabulary_)


def test_partial_fit_goes_on_from_fit_and_keeps_given_terms():
    transformer = VocabularyTransformer(min_frequency=2).fit([["a"], ["a", "b"]])
    transformer.partial_fit([["b"], ["b"], ["c"]])
    assert transformer.vocabulary_ == {"a": 0, "b": 1}
    assert transformer.document_counts_.tolist() == [2, 2] and transformer.undercount_ == 1
    given_ = fit_batches(VocabularyTransformer(["c", "a"]), [[["a"]], [["b", "a"]]])
    assert given_.vocabulary_ == {"c": 0, "a": 1}
    assert given_.document_counts_.tolist() == [0, 2]


def test_columns_are_streamed_too():
    frame = pd.DataFrame({"x": ["a", "b"], "y": [1, 1]})
    streamed = VocabularyTransformer(weighting="tfidf").partial_fit(frame).partial_fit(frame[:1])
    assert streamed.get_feature_names_out().tolist() == ["x_a", "x_b", "y_1"]
    whole = VocabularyTransformer(weighting="tfidf").fit(pd.concat([frame, frame[:1]]))
    np.testing.assert_array_equal(streamed.idf_, whole.idf_)
    with pytest.raises(ValueError, match="feature names should match"):
        streamed.partial_fit(frame[["y", "x"]])


def test_hashing_needs_no_fit():
    hashed = VocabularyTransformer(num_hash_buckets=8, weighting="count")
    X = hashed.transform([["a", "b", "a"], []])
    assert X.shape == (2, 8) and X.sum() == 3
    assert (X != hashed.fit_transform([["a", "b", "a"], []])).nnz == 0
    assert hashed.get_feature_names_out().tolist() == [f"hash_{i}" for i in range(8)]
    frame = pd.DataFrame({"x": ["a"], "y": [1]})
    assert VocabularyTransformer(num_hash_buckets=4).transform(frame).shape == (1, 8)


def test_hash_columns_are_fixed():
    # MurmurHash3_x86_32 with seed 0 of "hello" is 0x248bfa47, of "" is 0.
    X = VocabularyTransformer(num_hash_buckets=1000).transform([["hello"], [""], [7]][:2])
    assert X.indices.tolist() == [0x248BFA47 % 1000, 0]
    code = (
        "from skembed import VocabularyTransformer as V; "
        "print(V(num_hash_buckets=1000).transform([['hello', 'é', 'x y']]).indices.tolist())"
    )
    here = VocabularyTransformer(num_hash_buckets=1000).transform([["hello", "é", "x y"]])
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == str(
        here.indices.tolist()
    )


def test_inverse_and_collisions_of_hashing():
    hashed = VocabularyTransformer(num_hash_buckets=2).fit([["a", "b"], ["a", "c"], ["d"]])
    report = hashed.collision_report()
    assert report.columns.tolist() == ["feature", "n_terms", "terms"]
    assert report.n_terms.is_monotonic_decreasing and report.n_terms.min() > 1
    seen = sorted(term for terms in hashed.inverse_transform(np.eye(2)) for term in terms)
    assert seen == ["a", "b", "c", "d"]
    for terms in report.terms:
        assert len(set(hashed.transform([[term] for term in terms]).indices)) == 1
    with pytest.raises(ValueError, match="set num_hash_buckets"):
        VocabularyTransformer().fit([["a"]]).collision_report()


def test_a_batch_that_fails_leaves_the_counts():
    transformer = VocabularyTransformer(min_frequency=2).partial_fit([["a"], ["a"]])
    with pytest.raises(ValueError, match="No terms reach min_frequency=50"):
        transformer.set_params(min_frequency=50).partial_fit([["a"]])
    assert transformer.document_counts_.tolist() == [2] and transformer.n_samples_seen_ == 2
    transformer.set_params(min_frequency=2).partial_fit([["a"]])
    assert transformer.document_counts_.tolist() == [3]


def test_a_long_batch_is_counted_in_parts(monkeypatch):
    monkeypatch.setattr(_learning, "_TOKENS_AT_ONCE", 4)
    monkeypatch.setattr(_cells, "_BLOCK_OBJECTS", 4)
    monkeypatch.setattr(_cells, "_BATCH_ROWS", 1)
    rows = [["a", "b", f"w{number}"] for number in range(30)]
    transformer = VocabularyTransformer(max_tracked_terms=4, ngram_range=(1, 3))
    transformer.partial_fit(iter(rows))
    assert {"a", "b", "a b"} == set(transformer.vocabulary_) - {"w29", "b w29", "a b w29"}
    for count in transformer.document_counts_[:3]:
        assert 30 - transformer.undercount_ <= count <= 30
    assert transformer.undercount_ <= 30 * 6 / 5
    with pytest.raises(TypeError, match="Rows .* hold terms of type int, but earlier rows"):
        transformer.partial_fit([*rows, [1, 2, 3]])
    exact = VocabularyTransformer(ngram_range=(1, 3)).partial_fit(iter(rows))
    assert exact.vocabulary_ == VocabularyTransformer(ngram_range=(1, 3)).fit(rows).vocabulary_


def test_a_hashed_fit_records_a_bounded_number_of_terms():
    rows = [["a", "b"], ["a", "c"], ["a", "b", "d"]]
    hashed = VocabularyTransformer(num_hash_buckets=8, max_tracked_terms=2)
    X = hashed.fit_transform(rows)
    assert (X != VocabularyTransformer(num_hash_buckets=8).fit_transform(rows)).nnz == 0
    assert hashed.document_counts_.tolist() == [3, 2]
    # "e" may have been in one row before, as "c" and "d" were
    assert hashed.partial_fit([["e"]] * 4).undercount_ == 1
    unbounded = VocabularyTransformer(num_hash_buckets=8).fit(rows)
    assert unbounded.partial_fit([["e"]] * 4).undercount_ == 0


@pytest.mark.parametrize("parameters", [{"num_hash_buckets": 8}, {"num_oov_buckets": 3}, {}])
def test_columns_are_looked_up_in_parts(parameters, monkeypatch):
    rows = [["a", "b", "c", "d"], ["b", "c", "x"], ["d", "a", "b"]]
    transformer = VocabularyTransformer(ngram_range=(1, 3), weighting="count", **parameters)
    transformer.fit(rows[:1])
    whole = transformer.transform(rows)
    monkeypatch.setattr(_output_columns, "_NAMES_AT_ONCE", 2)
    assert (transformer.transform(rows) != whole).nnz == 0
