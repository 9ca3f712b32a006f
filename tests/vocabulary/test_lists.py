"""Python's lists of str are read without Arrow, to the same result."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skembed import VocabularyTransformer
from skembed.parallel import _map_ahead
from skembed.vocabulary import _cells, _lists
from skembed.vocabulary._cells import Where
from skembed.vocabulary._lists import Joined, Numbered, Survey
from skembed.vocabulary._reader import Reader

terms = st.one_of(
    st.sampled_from(["a", "b", "c", "ab", "", " ", "é", "日本", "\U0001f600", "a\0", "\0"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
READ, NUMBER, JOIN = _lists.read_lists, _lists._number, _lists._join
rows_of_terms = st.lists(st.lists(terms, max_size=6), max_size=10)
PARAMETERS = [
    {},
    {"weighting": "count", "min_frequency": 2},
    {"weighting": "sublinear", "ngram_range": (1, 3), "max_terms": 7},
    {"weighting": "tfidf", "stop_terms": ["a", "é"], "handle_missing": "indicator"},
    {"weighting": "count", "min_frequency": 0.3, "num_oov_buckets": 2},
    {"weighting": "count", "num_hash_buckets": 4, "ngram_range": (2, 2)},
    {"vocabulary": ["b", "a", "日本"], "handle_unknown": "error"},
    {"vocabulary": ["b", "a b"], "ngram_range": (1, 2), "num_oov_buckets": 1},
]


class Word(str):
    pass


def read(cells):
    return _lists.read_lists(cells, Survey.of(cells))


def set_way(monkeypatch, way, block=2**17):
    """Read lists in one way only, in blocks of so many objects and on threads."""
    monkeypatch.setattr(_cells, "read_lists", (lambda *_: None) if way == "arrow" else READ)
    monkeypatch.setattr(_lists, "_join", NUMBER if way == "number" else JOIN)
    monkeypatch.setattr(_lists, "_number", JOIN if way == "join" else NUMBER)
    monkeypatch.setattr(_cells, "_BLOCK_OBJECTS", block)
    monkeypatch.setattr(_cells, "_BATCH_ROWS", 256 if block > 9 else 1)
    monkeypatch.setattr(_map_ahead, "_FEW", 1)


def outcome(function, *args):
    """Return the result, or the type and the message of the error."""
    try:
        return function(*args)
    except (TypeError, ValueError) as error:
        return type(error), str(error)


def everything(parameters, rows, more):
    """Return what a transformer learns and gives, or its error."""
    transformer = VocabularyTransformer(**parameters)
    X = transformer.fit_transform(rows)
    learned = transformer.vocabulary_, transformer.document_counts_.tolist()
    names = transformer.get_feature_names_out().tolist()
    Y = outcome(lambda: transformer.transform(more).toarray().tolist())
    occurrences = transformer.term_counts_.tolist()
    streamed = outcome(lambda: transformer.partial_fit(more).document_counts_.tolist())
    sorted_ints = X.has_canonical_format and X.indices.dtype == np.int32
    return X.toarray().tolist(), X.dtype, sorted_ints, learned, occurrences, names, Y, streamed


def tokens_of(cells):
    reader = Reader(None, None, "error")
    array = _cells.from_python(cells, Where(0, None))
    return reader._read(array, Where(0, None))


@given(rows_of_terms)
@settings(deadline=None)
def test_tokens_are_those_of_arrow(rows):
    with pytest.MonkeyPatch.context() as patch:
        set_way(patch, "arrow")
        expected = tokens_of(rows)
        for way in ("number", "join"):
            set_way(patch, way)
            tokens = tokens_of(rows)
            np.testing.assert_array_equal(tokens.offsets, expected.offsets)
            np.testing.assert_array_equal(tokens.codes, expected.codes)
            assert tokens.codes.dtype == np.int32 and tokens.codes.flags.writeable
            assert tokens.terms.equals(expected.terms)
            assert tokens.kind == expected.kind and tokens.weights is None


@pytest.mark.filterwarnings("ignore:.*holds no term")
@pytest.mark.filterwarnings("ignore:.*coverage.X. lists the unknown terms")
@given(rows_of_terms, rows_of_terms, st.sampled_from(PARAMETERS), st.sampled_from([3, 2**17]))
@settings(deadline=None)
def test_matrices_are_those_of_arrow(rows, more, parameters, block):
    with pytest.MonkeyPatch.context() as patch:
        set_way(patch, "arrow", block)
        expected = outcome(everything, parameters, rows, more)
        for way in ("number", "join", "either"):
            set_way(patch, way, block)
            assert outcome(everything, parameters, rows, more) == expected


def test_objects_that_repeat_are_numbered_and_others_joined():
    once = [str(i) for i in range(100)]
    assert isinstance(read([once, once, once]), Numbered)
    fresh = json.loads(json.dumps([once, once, once]))
    assert isinstance(read(fresh), Joined)
    assert isinstance(read([tuple(once), [], once[:1]] * 2), Numbered)


def test_lists_of_other_things_are_left_to_arrow():
    for cells in (
        [],
        [[], ()],
        ["a", "b"],
        [["a"], None],
        [["a"], {"a": 1}],
        [{"a"}],
        [[1, 2]],
        [[True]],
        [[None]],
        [[b"a"]],
        [[["a"]]],
        [[np.str_("a")]],
        [["a\0b"]],
        [["\ud800"]],
    ):
        assert read(cells) is None, cells


BAD = [1, True, 1.5, None, float("nan"), pd.NA, b"b", ("b",), ["b"], "\ud800", 2**70]


@pytest.mark.parametrize("way", ["number", "join"])
@pytest.mark.parametrize("value", BAD, ids=map(repr, BAD))
@pytest.mark.parametrize("missing", ["error", "ignore"])
def test_what_comes_after_the_sample_is_checked_too(monkeypatch, way, value, missing):
    monkeypatch.setattr(_lists, "_SAMPLE", 2)
    rows = [["a", "b"], [], ["b", value], ["a"]]
    set_way(monkeypatch, "arrow")
    parameters = {"handle_missing": missing}
    expected = outcome(everything, parameters, rows, rows)
    set_way(monkeypatch, way)
    assert read(rows) is None
    assert outcome(everything, parameters, rows, rows) == expected


@pytest.mark.parametrize("way", ["number", "join"])
@pytest.mark.parametrize("value", [np.str_("b"), np.str_("z"), Word("b")])
def test_subclasses_of_str_are_terms(monkeypatch, way, value):
    monkeypatch.setattr(_lists, "_SAMPLE", 2)
    rows = [["a", "b"], ["b", value, "a", value]]
    set_way(monkeypatch, "arrow")
    expected = everything({"weighting": "count"}, rows, rows)
    set_way(monkeypatch, way)
    assert everything({"weighting": "count"}, rows, rows) == expected


def test_kinds_may_not_change_between_blocks(monkeypatch):
    set_way(monkeypatch, "either", block=1)
    with pytest.raises(TypeError, match="Rows 1 to 1 hold terms of type int, but earlier rows"):
        VocabularyTransformer().fit([["a", "a"], [1]])


@pytest.mark.parametrize("way", ["number", "join"])
def test_other_containers_of_lists(monkeypatch, way):
    rows = [["b", "a"], [], ["b", "b", "é"]]
    arrays = np.empty(3, object)
    arrays[:] = [np.array(row, dtype=object) for row in rows]
    set_way(monkeypatch, "arrow")
    expected = everything({}, rows, rows)
    set_way(monkeypatch, way)
    for kind in (rows, tuple(rows), pd.Series(rows), list(map(tuple, rows)), arrays):
        assert everything({}, kind, kind) == expected
    frame = pd.DataFrame({"l": rows})
    X = VocabularyTransformer().fit_transform(frame)
    assert X.toarray().tolist() == expected[0]


@pytest.mark.parametrize("row", [["a", "a"], ["a", "b"]], ids=["numbered", "joined"])
def test_lists_are_no_texts(row):
    with pytest.raises(TypeError, match="Row 0 is a list, expected a text; set tokenizer=None"):
        VocabularyTransformer(tokenizer="word").fit([row])
