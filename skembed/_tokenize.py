r"""Text to lists of tokens, on whole Arrow columns.

Words and punctuation are what Python's ``re.findall(r"\w+|[^\w\s]", text.lower())``
finds. Arrow's regular expressions (RE2) and its lower-casing know another version
of Unicode than Python's, so the character classes are read off Python itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

WORD_PATTERN = r"\w+|[^\w\s]"

Tokenizer = Callable[[pa.Array], pa.Array]


def make_tokenizer(
    tokenizer: str | Callable[[str], list[str]], token_pattern: str, lowercase: bool
) -> Tokenizer:
    """Return a function from an array of strings to a list array of tokens."""
    if callable(tokenizer):
        return lambda texts: _each(tokenizer, texts, lowercase)
    if token_pattern == WORD_PATTERN:
        return lambda texts: split_words(lower(texts) if lowercase else texts)
    pattern = re.compile(token_pattern)
    if pattern.groups > 1:
        raise ValueError(
            f"token_pattern has {pattern.groups} capturing groups, expected at most 1; "
            "write (?:...) for a group that captures nothing."
        )
    return lambda texts: _each(pattern.findall, texts, lowercase)


def lower(texts: pa.Array) -> pa.Array:
    """Lower-case as ``str.lower`` does."""
    return _replace_rows(pc.ascii_lower(texts), texts, _not_ascii(texts), _lower_unicode)


def split_words(texts: pa.Array) -> pa.Array:
    """Split into words and single punctuation characters."""
    spaced = pc.replace_substring_regex(texts, r"[^\w\s\x0b\x1c-\x1f]", r" \0 ")
    # Arrow does not take these four for white space, Python does.
    odd = pc.or_(_not_ascii(texts), pc.match_substring_regex(texts, r"[\x1c-\x1f]"))
    return pc.ascii_split_whitespace(_replace_rows(spaced, texts, odd, _space_unicode))


def _lower_unicode(texts: pa.Array) -> pa.Array:
    odd = pc.match_substring_regex(texts, _differently_lowered())
    return _replace_rows(pc.utf8_lower(texts), texts, odd, _lower_python)


def _space_unicode(texts: pa.Array) -> pa.Array:
    """Set punctuation off by spaces and make rare white space plain."""
    word, space = _python_class(r"\w+"), _python_class(r"\s+")
    spaced = pc.replace_substring_regex(texts, f"[^{word}{space}]", r" \0 ")
    rare = _python_class(r"[^\S\t\n\v\f\r ]+")
    return pc.replace_substring_regex(spaced, f"[{rare}]", " ")


def _replace_rows(
    result: pa.Array, source: pa.Array, mask: pa.Array, function: Callable[[pa.Array], pa.Array]
) -> pa.Array:
    """Replace the masked rows of ``result`` by ``function`` of those rows of ``source``."""
    mask = mask.fill_null(False)
    if not mask.true_count:
        return result
    return pc.replace_with_mask(result, mask, function(source.filter(mask)))


def _not_ascii(texts: pa.Array) -> pa.Array:
    return pc.invert(pc.string_is_ascii(texts))


def _lower_python(texts: pa.Array) -> pa.Array:
    return pa.array([text.lower() for text in texts.to_pylist()], texts.type)


def _each(function: Callable[[str], list[str]], texts: pa.Array, lowercase: bool) -> pa.Array:
    """Tokenize row by row in Python, for what Arrow cannot express."""
    rows = [
        None if text is None else list(function(text.lower() if lowercase else text))
        for text in texts.to_pylist()
    ]
    return pa.array(rows, pa.list_(pa.string()))


@cache
def _every_character() -> str:
    """All characters that UTF-8 can hold, in order."""
    points = np.r_[0:0xD800, 0xE000:0x110000].astype("<u4")
    return points.tobytes().decode("utf-32-le")


@cache
def _python_class(run: str) -> str:
    """Body of an RE2 character class that matches what Python's ``run`` matches."""
    return _ranges(match.group() for match in re.finditer(run, _every_character()))


@cache
def _differently_lowered() -> str:
    """RE2 class of the characters that Arrow lower-cases unlike Python.

    Two are left out of the comparison and always taken: one becomes two characters,
    and the lower case of sigma depends on its neighbours.
    """
    special = "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}\N{GREEK CAPITAL LETTER SIGMA}"
    characters = _every_character().translate(dict.fromkeys(map(ord, special), " "))
    arrow = pc.utf8_lower(pa.scalar(characters)).as_py()
    differ = [c for c, a, p in zip(characters, arrow, characters.lower(), strict=True) if a != p]
    return f"[{special}{_ranges(differ)}]"


def _ranges(runs: Iterable[str]) -> str:
    """Write runs of consecutive characters as ranges of a character class."""
    return "".join(rf"\x{{{ord(run[0]):x}}}-\x{{{ord(run[-1]):x}}}" for run in runs)
