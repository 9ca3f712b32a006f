"""Columns as other libraries hold them."""

import pytest


def polars_series(values):
    return pytest.importorskip("polars").Series(values)


def arrow_array(values):
    import pyarrow as pa

    return pa.array(values)
