"""Patterns that keep `re` busy for ever are refused; those that people use are not."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skembed import VocabularyTransformer
from skembed.vocabulary._backtracking import check_backtracking

ENDLESS = [
    r"(\w+)+$",
    r"(?:a|a)*b",
    r"(?:ab|ab)*c",
    r"(?:\w+\s?)*#",
    r"(a*)*b",
    r"(?:a*b*)*c",
    r"(?:b(?:a?)?)*c",
    r"(?i:a|Ab?|ab)*c",
    r"(?:\w{1,3})+#",
    r"(?:\w{1,100}){1,100}#",
    r"(?:.|\n|\s\b)*x",
    r"(?:.*,)*x",
    r"(?=(a+)+b)a",
    r"(?:(?:\w+ ?)*,)*#",
    r"(?:a\b[\u4e00-\u4eff]?|[\u4e80-\u4f00][\u4e00-\u4eff]?|a)*x",
]
USUAL = [
    "",
    r"(?u)\b\w\w+\b",
    r"\w+|[^\w\s]",
    r"[a-z]{2,20}",
    r"[a-z]+(?:-[a-z]+)*",
    r"#?\w+(?:[-'.]\w+)*",
    r"\S+@\S+\.\S+|\w+",
    r"\w+\s\w+\s\w+\s\w+\s\w+",
    r"(?:\d+,)*\d+(?:\.\d+)?",
    r"[A-Z](?:\.[A-Z])+\.?|\w+(?:['-]\w+)*|\$?\d+(?:\.\d+)?%?|\.\.\.|[][.,;'?():_`-]",
    r"'(?:[^'\\]|\\.)*'",
    r"(?:(?:ab){2})*",
    r"(?:[a-z]+[0-9]+)*",
    r"(?:ab|ac|a)*d",
    r"(?:a||)*c",
    r"(a)\1*b",
    r"[\U0001F600-\U0001F64F]|\w+",
    "|".join(f"word{number}" for number in range(300)),
]


@pytest.mark.parametrize("pattern", ENDLESS)
def test_refused_before_the_first_text(pattern):
    transformer = VocabularyTransformer(tokenizer="word", token_pattern=pattern)
    with pytest.raises(ValueError, match="can take exponential time"):
        transformer.fit(["a" * 60 + "!"])
    assert not hasattr(transformer, "vocabulary_")


@pytest.mark.parametrize("pattern", USUAL)
def test_usual_patterns_are_taken(pattern):
    check_backtracking(pattern)


def test_long_chains_are_refused():
    check_backtracking(r"\w*\w*\w*\w*#")
    with pytest.raises(ValueError, match="more than 4 repetitions of the same characters"):
        check_backtracking(r"\w*\w*\w*\w*\w*#")


@pytest.mark.parametrize(
    "pattern",
    [
        "(?:" + "|".join(f"{chr(97 + i % 26)}x+y{i}" for i in range(3000)) + ")*",
        "(?:" * 9 + "[ab]" + "{8})" * 9,
        "(" * 5000 + ")" * 5000,
    ],
    ids=["alternatives", "nested counts", "nested groups"],
)
def test_what_is_too_large_to_check_is_refused_soon(pattern):
    start = time.perf_counter()
    with pytest.raises(ValueError, match="too many alternatives|is not a valid regular expression"):
        VocabularyTransformer(tokenizer="word", token_pattern=pattern).fit(["a"])
    assert time.perf_counter() - start < 10


def quantified(inner):
    marks = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?", "{3,}"])
    return st.one_of(
        st.tuples(inner, marks).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
    )


patterns = st.recursive(st.sampled_from(["a", "b", "[ab]", "c", ""]), quantified, max_leaves=6)


@settings(max_examples=300, deadline=None)
@given(patterns, st.sampled_from(["a", "b", "ab", "ba", "abb", "aab", "abab", "c", "ac"]))
def test_what_is_taken_is_fast(pattern, run):
    """With a way to fail behind it a pattern that tries 2^n ways would take minutes."""
    pattern += "#"
    try:
        check_backtracking(pattern)
    except ValueError:
        return
    text = (run * 64)[:64] + "!"
    start = time.perf_counter()
    re.compile(pattern).match(text)
    assert time.perf_counter() - start < 2
