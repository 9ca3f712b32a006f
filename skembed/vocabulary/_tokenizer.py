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
from numpy.typing import NDArray

from skembed.vocabulary._backtracking import check_backtracking

WORD_PATTERN = r"\w+|[^\w\s]"
_SPACE, _WORD, _PUNCTUATION = range(3)
# Python has split so much text before Arrow has compiled its expressions, for a millisecond.
_FEW_BYTES = 20_000


def _kind_of_byte(byte: int) -> int:
    """Bytes of other than ASCII characters belong to words: punctuation is set off before."""
    character = chr(byte)
    if byte >= 128 or character.isalnum() or character == "_":
        return _WORD
    return _SPACE if character.isspace() else _PUNCTUATION


_KINDS = np.array([_kind_of_byte(byte) for byte in range(256)], np.uint8)

Tokenizer = Callable[[pa.Array], pa.Array]


def make_tokenizer(
    tokenizer: str | Callable[[str], list[str]], token_pattern: str, lowercase: bool
) -> Tokenizer:
    """Return a function from an array of strings to a list array of tokens."""
    if callable(tokenizer):
        return lambda texts: _each(tokenizer, texts, lowercase)
    if token_pattern == WORD_PATTERN:
        return lambda texts: split_words(texts, lowercase)
    try:
        pattern = re.compile(token_pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(
            f"token_pattern={token_pattern!r:.80} is not a valid regular expression: {error}."
        ) from error
    if pattern.groups > 1:
        raise ValueError(
            f"token_pattern has {pattern.groups} capturing groups, expected at most 1; "
            "use (?:...) for a non-capturing group."
        )
    check_backtracking(token_pattern)
    return lambda texts: _each(pattern.findall, texts, lowercase)


def split_words(texts: pa.Array, lowercase: bool = True) -> pa.LargeListArray:
    """Split into words and single punctuation characters."""
    plain = pc.ascii_lower(texts) if lowercase else texts
    is_ascii = pc.string_is_ascii(texts)
    if is_ascii.true_count < len(texts) - texts.null_count:
        odd = pc.invert(is_ascii)
        plain = _replace_rows(plain, texts, odd, lambda rows: _space_unicode(rows, lowercase))
    if not texts.null_count:
        return pa.LargeListArray.from_arrays(*_split_bytes(plain))
    offsets, values = _split_bytes(plain.fill_null(""))
    return pa.LargeListArray.from_arrays(offsets, values, mask=texts.is_null())


def _split_bytes(texts: pa.Array) -> tuple[NDArray[np.int64], pa.LargeStringArray]:
    """Split at ASCII white space and punctuation: offsets of rows, and tokens.

    Tokens without the space between them are the values of a string array already;
    numpy finds their offsets several times faster than Arrow splits the texts.
    """
    ends, text = text_bytes(texts)
    kind = _KINDS[text]
    word = kind == _WORD
    first = word.copy()
    first[1:] &= ~word[:-1]
    last = word.copy()
    last[:-1] &= ~word[1:]
    # A row ends the word before it.
    filled = ends[:-1] < ends[1:]
    starts_of_rows, ends_of_rows = ends[:-1][filled], ends[1:][filled] - 1
    first[starts_of_rows] = word[starts_of_rows]
    last[ends_of_rows] = word[ends_of_rows]
    punctuation = kind == _PUNCTUATION
    starts = np.flatnonzero(first | punctuation)
    lengths = np.flatnonzero(last | punctuation) + 1 - starts
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    data = np.compress(kind != _SPACE, text)
    values = pa.LargeStringArray.from_buffers(
        len(starts), pa.py_buffer(offsets), pa.py_buffer(data)
    )
    return np.searchsorted(starts, ends), values


def text_bytes(texts: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return where each text starts, and the bytes of all."""
    if not len(texts):
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    width = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    _, offset_buffer, data = texts.buffers()
    ends = np.frombuffer(offset_buffer, width)[texts.offset : texts.offset + len(texts) + 1]
    text = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
    return ends.astype(np.int64) - ends[0], text[ends[0] : ends[-1]]


def _space_unicode(texts: pa.Array, lowercase: bool) -> pa.Array:
    """Set punctuation off by spaces and make rare white space plain."""
    if texts.nbytes < _FEW_BYTES:
        rows = [_space_python(text, lowercase) for text in texts.to_pylist()]
        return pa.array(rows, texts.type)
    if lowercase:
        texts = _lower_unicode(texts)
    word, space = python_class(r"\w+"), python_class(r"\s+")
    spaced = pc.replace_substring_regex(texts, f"[^{word}{space}]", r" \0 ")
    rare = python_class(r"[^\S\x00-\x7f]+")
    return pc.replace_substring_regex(spaced, f"[{rare}]", " ")


def _space_python(text: str, lowercase: bool) -> str:
    """What `_space_unicode` does, of one text."""
    spaced = re.sub(r"([^\w\s])", r" \1 ", text.lower() if lowercase else text)
    return re.sub(r"[^\S\x00-\x7f]", " ", spaced)


def _lower_unicode(texts: pa.Array) -> pa.Array:
    """Lower-case as ``str.lower`` does."""
    odd = pc.match_substring_regex(texts, _differently_lowered())
    return _replace_rows(pc.utf8_lower(texts), texts, odd, _lower_python)


def _replace_rows(
    result: pa.Array, source: pa.Array, mask: pa.Array, function: Callable[[pa.Array], pa.Array]
) -> pa.Array:
    """Replace the masked rows of ``result`` by ``function`` of those rows of ``source``."""
    mask = mask.fill_null(False)
    if not mask.true_count:
        return result
    return pc.replace_with_mask(result, mask, function(source.filter(mask)))


def _lower_python(texts: pa.Array) -> pa.Array:
    return pa.array([text.lower() for text in texts.to_pylist()], texts.type)


def _each(function: Callable[[str], list[str]], texts: pa.Array, lowercase: bool) -> pa.Array:
    """Tokenize row by row in Python, for what Arrow cannot express."""
    rows = [
        None if text is None else _tokens(function, text.lower() if lowercase else text)
        for text in texts.to_pylist()
    ]
    return pa.array(rows, pa.list_(pa.string()))


def _tokens(function: Callable[[str], Iterable[str]], text: str) -> list[str]:
    """What a tokenizer makes of a text, checked."""
    made = function(text)
    if isinstance(made, str | bytes) or not isinstance(made, Iterable):
        raise TypeError(
            f"tokenizer returned {made!r:.60} for the text {text!r:.60}; it must return a list of "
            "strings."
        )
    tokens = list(made)
    for token in tokens:
        if not isinstance(token, str):
            raise TypeError(
                f"tokenizer returned the token {token!r:.60} for the text {text!r:.60}; its tokens "
                "must be strings: convert numbers with str(), decode bytes and drop None."
            )
    return tokens


@cache
def every_character() -> str:
    """All characters that UTF-8 can hold, in order."""
    points = np.r_[0:0xD800, 0xE000:0x110000].astype("<u4")
    return points.tobytes().decode("utf-32-le")


@cache
def python_class(run: str, form: str = r"\x{{{0:x}}}-\x{{{1:x}}}") -> str:
    """Body of a character class that matches what Python's ``run`` matches.

    `form` is how a range is written, given its ends: that of RE2, if not told.
    """
    return _ranges((match.group() for match in re.finditer(run, every_character())), form)


@cache
def _differently_lowered() -> str:
    """RE2 class of the characters that Arrow lower-cases unlike Python.

    Two are left out of the comparison and always taken: one becomes two characters,
    and the lower case of sigma depends on its neighbours.
    """
    special = "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}\N{GREEK CAPITAL LETTER SIGMA}"
    characters = every_character().translate(dict.fromkeys(map(ord, special), " "))
    arrow = pc.utf8_lower(pa.scalar(characters)).as_py()
    differ = [c for c, a, p in zip(characters, arrow, characters.lower(), strict=True) if a != p]
    return f"[{special}{_ranges(differ)}]"


def _ranges(runs: Iterable[str], form: str = r"\x{{{0:x}}}-\x{{{1:x}}}") -> str:
    """Write runs of consecutive characters as ranges of a character class."""
    return "".join(form.format(ord(run[0]), ord(run[-1])) for run in runs)
