"""Columns of types that are neither strings nor numbers: read, or refused with the way out."""

import datetime
import enum
import ipaddress
import uuid

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skembed import (
    EmbeddingDNNClassifier,
    NumberEncoder,
    TableTransformer,
    TargetStatisticsEncoder,
    VocabularyTransformer,
    make_embedding_pipeline,
)

N = 20
READ = {
    "times": ([datetime.time(n % 4) for n in range(N)], "c_00:00:00.000000"),
    "intervals": (pd.interval_range(0, N), "c_(0, 1]"),
    "pandas.cut": (pd.cut(np.arange(N), [-1, 9, N]), "c_(-1, 9]"),
    "uuid": ([uuid.UUID(int=n % 4) for n in range(N)], f"c_{uuid.UUID(int=1)}"),
    "mixed categories": (pd.Categorical([1, "a"] * 10), "c_1"),
    "numbers as categories": (pd.Categorical([1, 2.5] * 10), "c_2.5"),
    "bytes": ([b"a", b"b"] * 10, "c_a"),
    "frozen sets": ([frozenset({"a", "b"})] * N, "c_a"),
    "mixed": (["a", 1.5] * 10, "c_1.5"),
    "sparse": (pd.arrays.SparseArray([0, 1] * 10), "c_1"),
}


@pytest.mark.parametrize("name", READ)
def test_a_column_is_read(name):
    values, feature = READ[name]
    if name == "uuid":
        try:
            pa.array(values)
        except pa.ArrowInvalid:
            pytest.skip("this pyarrow does not read UUIDs: the error says to use str()")
    table = pd.DataFrame({"b": ["u", "v"] * 10, "c": values})
    encoder = TableTransformer({"categorical": ["b"]}).fit(table)
    if name in ("frozen sets", "times", "intervals", "uuid", "bytes"):
        kinds = {"lists" if name == "frozen sets" else "categorical": ["c"]}
        encoder = TableTransformer(kinds).fit(table)
    names = encoder.get_feature_names_out().tolist()
    assert feature in names
    assert encoder.transform(table)[:, names.index(feature)].nnz > 0
    assert (encoder.transform(table.head(3)) != encoder.transform(table)[:3]).nnz == 0


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            [enum.Enum("Kind", "A").A] * N,
            r"'c' of X cannot be read: .* of type Kind; convert .*str",
        ),
        ([ipaddress.ip_address(n) for n in range(N)], "of type IPv4Address; convert such cells"),
        ([b"\xff"] * N, "'c' of X holds bytes that are not UTF-8: decode them"),
        (pa.array([{"x": 1}] * N), "'c' of X holds records: split it, one column per part"),
    ],
)
def test_others_are_refused_by_name(values, told):
    table = pa.table({"c": values}) if isinstance(values, pa.Array) else pd.DataFrame({"c": values})
    with pytest.raises((TypeError, ValueError), match=told):
        TableTransformer().fit(table)


@pytest.mark.parametrize(
    "read",
    [
        VocabularyTransformer().fit,
        TableTransformer().fit,
        lambda X: EmbeddingDNNClassifier().fit(X, [0, 1]),
    ],
    ids=["vocabulary", "table", "network"],
)
def test_a_query_that_has_not_run_is_refused(read):
    with pytest.raises(TypeError, match=r"X is a LazyFrame, .*: pass X\.collect\(\)"):
        read(pl.LazyFrame({"a": ["x", "y"]}))


@pytest.mark.parametrize(
    "read",
    [
        VocabularyTransformer().fit,
        TableTransformer().fit,
        NumberEncoder().fit,
        lambda X: TargetStatisticsEncoder().fit(X, [0, 1]),
        lambda X: EmbeddingDNNClassifier().fit(X, [0, 1]),
        lambda X: make_embedding_pipeline(EmbeddingDNNClassifier()).fit(X, [0, 1]),
    ],
    ids=["vocabulary", "table", "numbers", "statistics", "network", "pipeline"],
)
@pytest.mark.parametrize("arrow", [False, True], ids=["pandas", "Arrow"])
def test_columns_of_one_name_are_refused(read, arrow):
    names = ["room", "room", "n"]
    frame = pd.DataFrame([[1.0, 2.0, 3.0], [2.0, 1.0, 3.0]], columns=names)
    if arrow:
        frame = pa.table([pa.array([1.0, 2.0])] * 3, names=names)
    with pytest.raises(ValueError, match="more than one column named 'room': rename or drop one"):
        read(frame)


@pytest.mark.parametrize("chunked", [False, True])
def test_runs_of_equal_cells(chunked):
    runs = pa.RunEndEncodedArray.from_arrays([2, 5], ["x", "y"])
    plain = pa.array(["x"] * 2 + ["y"] * 3)
    if chunked:
        runs, plain = (pa.chunked_array([part, part]) for part in (runs, plain))
    for transformer in (VocabularyTransformer(), TableTransformer()):
        Z = transformer.fit_transform(pa.table({"a": runs}))
        assert (Z != transformer.fit_transform(pa.table({"a": plain}))).nnz == 0
    assert VocabularyTransformer().fit(runs).vocabulary_ == {"y": 0, "x": 1}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([datetime.date(2024, 1, 1)] * 3, "convert the column to str, or pass the table to make"),
        (pd.Categorical([1, "a", 1]), "but earlier terms are int; use one type"),
        (np.array([1j, 2j, 3j]), r"holds 1j, expected str, int or bool; convert it with str\(\)"),
        ([[["a"]]] * 3, "a cell must be a term or a flat list of terms"),
    ],
)
def test_a_vocabulary_names_row_column_and_remedy(values, told):
    with pytest.raises(TypeError, match=f"Row . of column 'c' holds .*{told}|Row . .*{told}"):
        VocabularyTransformer().fit(pd.DataFrame({"c": values}))
