"""Tokens are those of Python's re, whatever the characters."""

import os
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skembed.vocabulary._tokenizer import _FEW_BYTES, WORD_PATTERN, split_words

texts = st.text() | st.text(st.sampled_from("aZ_9 .é\u00c9\u0130\u03a3\u0345\x1c\x0b\u2003\u00bd"))

LONG = "\u00e9 " * _FEW_BYTES


def split_in_python(text, lowercase=True):
    return re.findall(WORD_PATTERN, text.lower() if lowercase else text)


@given(st.lists(st.none() | texts, max_size=5))
@example(["\u0391\u03a3", "\u0391\u03a3 \u03a3\u0391", "\u0130I"])  # final sigma, dotted i
@example(["a", "b", "", " ", "c d"])  # a row ends a word
def test_tokens_equal_those_of_re(rows):
    check_tokens(rows)
    check_tokens([*rows, LONG])  # Arrow's expressions take long texts, Python's take short ones


def check_tokens(rows):
    array = pa.array(rows, pa.string())
    for kind in (pa.string(), pa.large_string()):
        for lowercase in (True, False):
            got = split_words(array.cast(kind), lowercase).to_pylist()
            assert got == [r if r is None else split_in_python(r, lowercase) for r in rows]
    assert split_words(array[1:]).to_pylist() == split_words(array).to_pylist()[1:]


def test_every_character():
    characters = [chr(i) for i in range(0x110000) if not 0xD800 <= i < 0xE000]
    rows = ["".join(characters[i : i + 500]) for i in range(0, len(characters), 500)]
    rows += [f"a{character}b" for character in characters[:0x3000]]
    assert split_words(pa.array(rows)).to_pylist() == list(map(split_in_python, rows))


@pytest.mark.skipif("SKEMBED_DATA" not in os.environ, reason="wants SKEMBED_DATA/imdb")
def test_reviews():
    frame = pd.read_parquet(Path(os.environ["SKEMBED_DATA"]) / "imdb" / "imdb.parquet")
    reviews = frame.text[frame.split == "train"]
    odd = [text for text in reviews if not text.isascii()]
    rows = odd + reviews.tolist()[::20]
    assert split_words(pa.array(rows)).to_pylist() == list(map(split_in_python, rows))
