"""Dates to their parts: categories such as the month, and a number of days."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from skembed.tables._arrow_columns import Column, plain

# What strings that are dates look like: ISO 8601, with a time or without.
ISO_DATE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$"
_WEEKDAYS = pa.array(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], pa.large_string())
_SECONDS = pa.timestamp("s")
_DAY = 86_400


def as_seconds(column: Column, name: str) -> Column:
    """Local times of a column of dates, or of strings that are ISO dates, to the second.

    Raises
    ------
    ValueError
        If the column holds anything else.
    """
    column = plain(column)
    kind = column.type
    if pa.types.is_large_string(kind):
        column = _parsed(column, name)
    elif pa.types.is_null(kind):
        column = pc.cast(column, _SECONDS)
    elif not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        raise ValueError(
            f"Column {name!r} of X is of type {kind}, but dates were expected; convert it with "
            "pandas.to_datetime, or name the column as another kind."
        )
    if getattr(column.type, "tz", None) is not None:
        column = pc.local_timestamp(column)
    return pc.cast(pc.cast(column, pa.timestamp("us"), safe=False), _SECONDS, safe=False)


def has_times(seconds: Column) -> bool:
    """Whether some of the times are not midnight."""
    of_day = pc.cast(seconds.drop_null(), pa.int64()).to_numpy() % _DAY
    return bool(of_day.any())


def date_categories(seconds: Column, with_hours: bool) -> dict[str, Column]:
    """Parts that are categories, as strings by their names."""
    parts = {
        "year": pc.cast(pc.year(seconds), pa.large_string()),
        "month": pc.cast(pc.month(seconds), pa.large_string()),
        "weekday": pc.take(_WEEKDAYS, pc.day_of_week(seconds)),
    }
    if with_hours:
        parts["hour"] = pc.cast(pc.hour(seconds), pa.large_string())
    return parts


def days(seconds: Column) -> np.ndarray:
    """Days since 1970, (n_rows,) float64, NaN where missing."""
    whole = pc.cast(pc.cast(seconds, pa.int64()), pa.float64(), safe=False)
    return np.asarray(whole.to_numpy(zero_copy_only=False)) / _DAY


def are_iso_dates(strings: Column) -> bool:
    """Whether all strings of a column, and there are some, are ISO dates."""
    distinct = pc.drop_null(pc.unique(strings))
    if not len(distinct) or not re.match(ISO_DATE, distinct[0].as_py()):
        return False
    if not pc.all(pc.match_substring_regex(distinct, ISO_DATE)).as_py():
        return False
    return not pd.isna(_timestamps(distinct)).any()


def _parsed(strings: Column, name: str) -> Column:
    encoded = pc.dictionary_encode(strings)
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    parsed = _timestamps(encoded.dictionary)
    if pd.isna(parsed).any():
        wrong = encoded.dictionary[int(pd.isna(parsed).argmax())].as_py()
        raise ValueError(
            f"Column {name!r} of X holds {wrong!r:.60}, which is not a date such as 2024-12-31; "
            "convert the column with pandas.to_datetime."
        )
    moments = pa.array(parsed.to_numpy().astype("datetime64[s]"))
    return pc.take(moments, encoded.indices)


def _timestamps(strings: pa.Array) -> pd.DatetimeIndex:
    """Parse strings; NaT where one is not an ISO date."""
    alike = pc.match_substring_regex(strings, ISO_DATE)
    dates = pd.Index(pc.if_else(alike, strings, None).to_pylist(), dtype=object)
    return pd.to_datetime(dates, format="ISO8601", errors="coerce")
