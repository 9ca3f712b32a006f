"""What a column of a table is: the rules, and the words that say which one held."""

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skembed.tables._arrow_columns import Column, is_list, plain
from skembed.tables._date_parts import are_iso_dates

KINDS = ("categorical", "numeric", "text", "dates", "lists", "drop")

# Whole numbers of so few distinct values are categories: coarse bins would be the same.
_FEW = 16
# From so many rows on, a category that is another one in each row says nothing.
_MANY_ROWS = 50
# Strings are text from so many words on, in the mean, if so many of them are distinct.
_WORDS = 3
_DISTINCT_TEXTS = 100
# Share of the expected distinct values below which whole numbers are ids. In the columns of four
# public tables it is .002 to .26 for ids that are not numbered in order, .61 to 1 for quantities.
_ID_SHARE = 0.4
_ID_WORDS = frozenset(["id", "ids", "code", "codes", "zip", "zipcode", "postcode", "uuid", "sku"])


class FoundKind(NamedTuple):
    """One of `KINDS`, and why."""

    kind: str
    why: str


def found_kind(column: Column, name: str) -> FoundKind:
    """Kind of a column, by its type and values."""
    kind = column.type
    if column.null_count == len(column):
        return FoundKind("drop", "no values")
    if pa.types.is_dictionary(kind):
        return FoundKind("categorical", "of a type for categories")
    if is_list(kind):
        return FoundKind("lists", "lists of terms")
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return FoundKind("dates", "dates")
    if pa.types.is_boolean(kind):
        return FoundKind("categorical", "true or false")
    if _is_string(column):
        return _of_strings(plain(column).drop_null())
    return _of_numbers(numbers(column, name), name)


def numbers(column: Column, name: str) -> np.ndarray:
    """Numbers (n_rows,) float64 of a column, NaN where missing.

    Raises
    ------
    ValueError
        If it holds anything but numbers.
    """
    column = plain(column)
    if pa.types.is_duration(column.type):
        column = pc.cast(pc.cast(column, pa.duration("us"), safe=False), pa.int64())
    try:
        floats = pc.cast(column, pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        word = next(filter(_is_word, column.to_pylist()), None)
        found = f"of type {column.type}" if word is None else f"strings such as {word!r:.60}"
        raise ValueError(
            f"could not convert string to float: Column {name!r} of X holds {found}, expected "
            "numbers; name the column as categorical or text."
        ) from None
    return np.asarray(floats.to_numpy(zero_copy_only=False), np.float64)


def _is_word(value: object) -> bool:
    try:
        return isinstance(value, str) and float(value) is None
    except ValueError:
        return True


def _is_string(column: Column) -> bool:
    return pa.types.is_large_string(plain(column).type)


def _of_strings(strings: Column) -> FoundKind:
    n_rows, n_distinct = len(strings), pc.count_distinct(strings).as_py()
    if are_iso_dates(strings):
        return FoundKind("dates", "strings that are ISO dates")
    words = 1 + pc.mean(pc.count_substring_regex(strings, r"\s+")).as_py()
    if words >= _WORDS and n_distinct > min(_DISTINCT_TEXTS, n_rows / 2):
        return FoundKind("text", f"{n_distinct} strings of {words:.0f} words on average")
    if n_distinct == n_rows >= _MANY_ROWS:
        return FoundKind("drop", "another string in each row")
    return FoundKind("categorical", f"{n_distinct} distinct strings")


def _of_numbers(values: np.ndarray, name: str) -> FoundKind:
    there = values[~np.isnan(values)]
    if not len(there):
        return FoundKind("drop", "no values")
    if not (there == np.floor(there)).all() or np.isinf(there).any():
        return FoundKind("numeric", "numbers with fractions")
    distinct, counts = np.unique(there, return_counts=True)
    n_rows, n_distinct = len(there), len(distinct)
    told = f"{n_distinct} distinct whole numbers"
    if n_distinct <= 2 or (n_distinct <= _FEW and 2 * n_distinct <= n_rows):
        return FoundKind("categorical", told)
    each_another = n_distinct == n_rows >= _MANY_ROWS
    if each_another and (np.diff(there) == 1).all():
        return FoundKind("drop", "the number of the row")
    if _named_as_id(name) and each_another:
        return FoundKind("drop", "another id in each row")
    if _named_as_id(name):
        return FoundKind("categorical", f"{told}, ids by the name")
    if _lie_apart(distinct, counts):
        return FoundKind("categorical", f"{told}, ids: they recur, and numbers between them do not")
    return FoundKind("numeric", told)


def _named_as_id(name: str) -> bool:
    words = re.split(r"[\W\d_]+|(?<=[a-z])(?=[A-Z])", name)
    return not _ID_WORDS.isdisjoint(word.lower() for word in words)


def _lie_apart(distinct: np.ndarray, counts: np.ndarray) -> bool:
    """Whether whole numbers recur where a quantity would take values between them, too.

    So many rows, spread evenly over the range of the middle nine tenths, would have more
    distinct values. If the smallest value is the most frequent, as with zeros of amounts
    that few rows have, the column is a quantity.
    """
    if not counts.argmax():
        return False
    middle = (np.cumsum(counts) - counts / 2) / counts.sum()
    inside = (middle > 0.05) & (middle < 0.95)
    values, n_rows = distinct[inside], counts[inside].sum()
    if len(values) < 3:
        return False
    step = np.gcd.reduce(np.diff(values).astype(np.int64))
    n_places = (values[-1] - values[0]) / max(step, 1) + 1
    expected = n_places * -np.expm1(-n_rows / n_places)
    return bool(len(values) < _ID_SHARE * expected)
