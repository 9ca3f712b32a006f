import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.compose import make_column_transformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skembed import FieldTransformer, VocabularyTransformer
from skembed.comparison._column_kinds import as_table, column_kinds, kinds_for

N_ROWS = 60
COLUMNS = {
    "room": (["whole", "shared", None] * 20, "category"),
    "kind": (pd.Categorical(["a", "b"] * 30), "category"),
    "is_new": ([True, False] * 30, "category"),
    "level": ([1, 2, 3] * 20, "category"),
    "host": (np.arange(N_ROWS), "number"),
    "price": (np.linspace(0, 1, N_ROWS), "number"),
    "written": ([str(number) for number in range(N_ROWS)], "category"),
    "day": (pd.date_range("2026-01-01", periods=N_ROWS), "date"),
    "date": ([datetime.date(2026, 1, 1)] * N_ROWS, "date"),
    "tags": ([["a", "b"], None, []] * 20, "list"),
    "advert": ([f"a sunny loft number {number}" for number in range(N_ROWS)], "text"),
    "street": (["on the long road"] * N_ROWS, "category"),
    "name": ([f"host {number}" for number in range(N_ROWS)], "category"),
    "decimals": (pd.Series([*range(N_ROWS)], dtype=object), "number"),
    "nothing": ([None] * N_ROWS, "category"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_kind_of_a_column(name):
    cells, kind = COLUMNS[name]
    assert column_kinds(pd.DataFrame({name: cells})) == {name: kind}


@pytest.mark.parametrize("make", [pl.from_pandas, pa.Table.from_pandas], ids=["polars", "arrow"])
def test_other_frames_have_the_same_kinds(make):
    names = ["room", "is_new", "level", "price", "day", "tags", "advert"]
    frame = pd.DataFrame({name: COLUMNS[name][0] for name in names})
    assert column_kinds(as_table(make(frame))) == {name: COLUMNS[name][1] for name in names}


@pytest.mark.parametrize(
    ("X", "kinds"),
    [
        (["a sunny loft", "a bed by the park"], ["text"]),
        ([["a", "b"], ["c"]], ["list"]),
        (pd.Series(["a", "b"], name="room"), ["category"]),
        (np.array([[0.5, 1.0], [2.0, 3.0]]), ["number", "number"]),
        (np.array([["a", 0.5], ["b", 1.5]], dtype=object), ["category", "number"]),
    ],
    ids=["texts", "lists", "Series", "numbers", "objects"],
)
def test_what_is_no_frame_is_a_table_too(X, kinds):
    assert [*column_kinds(as_table(X)).values()] == kinds


def test_names_of_a_table_are_distinct_strings():
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"], index=[7])
    table = as_table(frame)
    assert (table.columns.tolist(), table.index.tolist()) == (["0", "1"], [0])
    assert as_table(frame.set_axis([3, 4], axis=1)).columns.tolist() == ["3", "4"]


FRAME = pd.DataFrame({name: COLUMNS[name][0] for name in ["room", "host", "price", "tags"]})


@pytest.mark.parametrize("columns", [["room", "host"], [0, 1], slice(0, 2), slice("room", "host")])
def test_kinds_are_those_that_the_steps_take_the_columns_for(columns):
    categories = ("categories", VocabularyTransformer(handle_missing="indicator"), columns)
    numbers = ("numbers", StandardScaler(), ["price"])
    steps = Pipeline([("columns", FieldTransformer([categories, numbers]))]).fit(FRAME)
    expected = {"room": "category", "host": "category", "price": "number"}
    assert kinds_for(FRAME, steps) == expected


def test_columns_that_remain_are_used_and_masks_understood():
    mask = [False, True, False, False]
    numbers = FRAME[["price", "host"]].assign(size=0.5, tags=COLUMNS["tags"][0])
    columns = make_column_transformer(
        (OneHotEncoder(), mask), ("drop", ["tags"]), remainder="passthrough"
    )
    steps = Pipeline([("columns", columns)]).fit(numbers)
    assert kinds_for(numbers, steps) == {"price": "number", "host": "category", "size": "number"}


def test_a_vocabulary_of_all_columns_takes_them_for_categories():
    steps = Pipeline([("terms", VocabularyTransformer())]).fit(FRAME[["host"]])
    assert kinds_for(FRAME[["host"]], steps) == {"host": "category"}
    assert kinds_for(FRAME[["host"]], None) == {"host": "number"}
