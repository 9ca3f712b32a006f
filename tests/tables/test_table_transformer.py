import datetime
import os
import pickle
import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_selector
from sklearn.preprocessing import StandardScaler

from skembed import NumberEncoder, TableTransformer, VocabularyTransformer

DATA = Path(os.environ.get("SKEMBED_DATA", "/nonexistent"))


def plan_of(frame, **parameters):
    plan = TableTransformer(**parameters).fit(frame).plan_
    return dict(zip(plan["column"], plan["kind"], strict=True))


@pytest.fixture(scope="module")
def mixed():
    rng = np.random.default_rng(0)
    n = 400
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D")
    words = np.array("a the house loft park sun room flat big small".split())
    return pd.DataFrame(
        {
            "city": rng.choice(["rome", "oslo", None], n),
            "grade": pd.Categorical(rng.choice(list("abc"), n)),
            "smoker": rng.random(n) < 0.3,
            "rooms": rng.integers(1, 9, n),
            "age": rng.integers(18, 90, n),
            "price": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(3, 1, n)),
            "day": days,
            "moment": days + pd.to_timedelta(rng.integers(0, 24, n), "h"),
            "iso": days.strftime("%Y-%m-%d"),
            "tags": [list(rng.choice(["new", "warm"], size)) for size in rng.integers(0, 3, n)],
            "advert": [" ".join(rng.choice(words, 7)) for _ in range(n)],
            "host_id": rng.integers(0, 10**6, n // 4).repeat(4),
            "label": rng.choice(rng.integers(10**4, 10**6, 40), n),
            "row": np.arange(n),
            "key": [f"k{number}" for number in range(n)],
        }
    )  # fmt: skip


KINDS = {
    "city": "categorical",
    "grade": "categorical",
    "smoker": "categorical",
    "rooms": "categorical",
    "age": "numeric",
    "price": "numeric",
    "day": "dates",
    "moment": "dates",
    "iso": "dates",
    "tags": "lists",
    "advert": "text",
    "host_id": "categorical",
    "label": "categorical",
    "row": "drop",
    "key": "drop",
}


def test_kinds_are_found(mixed):
    assert plan_of(mixed) == KINDS


def test_the_plan_counts_the_features(mixed):
    transformer = TableTransformer()
    X = transformer.fit_transform(mixed)
    plan = transformer.plan_
    assert list(plan) == ["column", "kind", "why", "n_features"]
    assert plan["n_features"].sum() == X.shape[1] == len(transformer.get_feature_names_out())
    names = transformer.get_feature_names_out()
    assert len(set(names)) == len(names)
    for column, size in zip(plan["column"], plan["n_features"], strict=True):
        assert sum(bool(re.match(rf"{column}\b|{column}_", name)) for name in names) == size
    assert_array_equal(X.fields, transformer.fields_)
    assert X.dtype == np.float32 and X.has_canonical_format
    assert_array_equal(transformer.transform(mixed).toarray(), X.toarray())


def test_every_table_library_gives_the_same(mixed):
    transformer = TableTransformer().fit(mixed)
    expected = transformer.transform(mixed).toarray()
    for table in (
        mixed.convert_dtypes(),
        pl.from_pandas(mixed),
        pa.Table.from_pandas(mixed, preserve_index=False),
    ):
        assert_array_equal(transformer.transform(table).toarray(), expected)
        again = TableTransformer().fit(table)
        assert_array_equal(again.transform(mixed).toarray(), expected)
        pd.testing.assert_frame_equal(again.plan_, transformer.plan_)


def test_batches_and_pickles_give_the_same(mixed):
    transformer = TableTransformer().fit(mixed)
    expected = transformer.transform(mixed).toarray()
    copy = pickle.loads(pickle.dumps(transformer))
    for start in 0, 57:
        rows = copy.transform(mixed[start : start + 1]).toarray()
        assert_array_equal(rows, expected[start : start + 1])


@pytest.mark.parametrize(
    ("fitted", "given"),
    [
        ([0, 1, 1, 0] * 5, [False, True, None]),
        ([False, True] * 10, [0, 1, np.nan]),
        ([False, True] * 10, [0.0, 1.0, np.nan]),
        ([3, 4] * 10, [3.0, 4.0, np.nan]),
        ([3.0, 4.0, None, 4] * 5, [3, 4, None]),
        ([3, 4] * 10, [Decimal(3), Decimal(4), None]),
        ([3, "b"] * 10, [3, "b", None]),
        ([3, "b"] * 10, [3.0, "b", pd.NA]),
        (pd.Categorical([3, 4] * 10), [3, 4, None]),
    ],
)
def test_a_category_stays_the_same_whatever_its_type(fitted, given):
    transformer = TableTransformer().fit(pd.DataFrame({"a": fitted}))
    assert transformer.plan_["kind"].tolist() == ["categorical"]
    X = transformer.transform(pd.DataFrame({"a": given})).toarray()
    expected = transformer.transform(pd.DataFrame({"a": fitted})).toarray()
    places = [list(fitted).index(value) for value in given[:2]]
    assert_array_equal(X[:2], expected[places])
    assert X[2, -1] == 1 and X.sum() == 3


def test_dates_become_parts():
    days = pd.to_datetime(["2024-02-29", "2023-12-31", None, "2024-03-01"])
    transformer = TableTransformer().fit(pd.DataFrame({"d": days}))
    names = transformer.get_feature_names_out()
    row = transformer.transform(pd.DataFrame({"d": days[:1]})).toarray()[0]
    assert names[row == 1].tolist() == [
        "d year_2024",
        "d month_2",
        "d weekday_Thu",
        "d days near 19782",
    ]
    for same in (
        [datetime.date(2024, 2, 29)],
        ["2024-02-29"],
        ["2024-02-29T00:00"],
        pd.to_datetime(["2024-02-29"]).tz_localize("US/Pacific"),
    ):
        assert_array_equal(transformer.transform(pd.DataFrame({"d": same})).toarray()[0], row)
    with pytest.warns(UserWarning, match="1 of 1 rows hold no term .* 'd year' holds '2031'"):
        later = transformer.transform(pd.DataFrame({"d": pd.to_datetime(["2031-05-06"])}))
    assert names[later.indices].tolist() == ["d days near 19783", "d days as a number"]


def test_hours_are_parts_where_there_are_times():
    moments = pd.to_datetime(["2024-02-29 23:30", "2024-02-29 01:00"])
    transformer = TableTransformer().fit(pd.DataFrame({"d": moments}))
    assert "d hour_23" in transformer.get_feature_names_out()
    X = transformer.transform(pd.DataFrame({"d": moments.tz_localize("Asia/Tokyo")}))
    assert_array_equal(X.toarray(), transformer.transform(pd.DataFrame({"d": moments})).toarray())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([3, 4], "Column 'd' of X is of type int64, but dates were expected"),
        (["2024-01-01", "1/2/24"], "Column 'd' of X holds '1/2/24', which is not a date"),
    ],
)
def test_dates_of_another_kind_are_refused(given, message):
    transformer = TableTransformer().fit(pd.DataFrame({"d": pd.to_datetime(["2024-01-01"] * 2)}))
    with pytest.raises(ValueError, match=message):
        transformer.transform(pd.DataFrame({"d": given}))


def test_numbers_of_another_kind_are_refused():
    transformer = TableTransformer().fit(pd.DataFrame({"n": [1.5, 2.5, 3.5]}))
    with pytest.raises(ValueError, match="Column 'n' of X holds strings such as 'many'"):
        transformer.transform(pd.DataFrame({"n": ["1.5", "many"]}))
    with pytest.raises(ValueError, match="infinity in column 'n'"):
        transformer.transform(pd.DataFrame({"n": [np.inf]}))
    assert_array_equal(
        transformer.transform(pd.DataFrame({"n": ["1.5"]})).toarray(),
        transformer.transform(pd.DataFrame({"n": [1.5]})).toarray(),
    )


def test_columns_of_several_types_are_refused_if_they_hold_lists():
    with pytest.raises(TypeError, match="Column 'a' of X cannot be read"):
        TableTransformer().fit(pd.DataFrame({"a": [["x"], "y", 3]}))


def test_other_columns_are_refused(mixed):
    transformer = TableTransformer().fit(mixed[["city", "age"]])
    with pytest.raises(ValueError, match="yet now missing:\n- age"):
        transformer.transform(mixed[["city"]])
    with pytest.raises(ValueError, match="unseen at fit time:\n- price"):
        transformer.transform(pl.from_pandas(mixed[["city", "age", "price"]]))
    with pytest.raises(ValueError, match="'city'"):
        TableTransformer().fit(mixed[["city", "city"]])
    with pytest.raises(ValueError, match="Found array with 0 sample"):
        transformer.transform(mixed[["city", "age"]][:0])


def test_with_drop_the_named_columns_are_enough(mixed):
    transformer = TableTransformer({"numeric": ["age"]}, remainder="drop").fit(mixed)
    expected = transformer.transform(mixed).toarray()
    for table in mixed[["age"]], pl.from_pandas(mixed[["price", "age"]]):
        assert_array_equal(transformer.transform(table).toarray(), expected)
    with pytest.raises(ValueError, match=r"columns are missing: \['age'\]"):
        transformer.transform(mixed[["price"]])


@pytest.mark.parametrize(
    ("columns", "changed"),
    [
        ({"numeric": ["rooms", "label"]}, {"rooms": "numeric", "label": "numeric"}),
        ({"drop": re.compile("^(day|iso)$")}, {"day": "drop", "iso": "drop"}),
        ({"categorical": [re.compile("^ag"), "row"]}, {"age": "categorical", "row": "categorical"}),
        ({"drop": make_column_selector(dtype_include="number")},
         dict.fromkeys(["rooms", "age", "price", "host_id", "label", "row"], "drop")),
        ({"text": lambda frame: [c for c in frame if c == "city"]}, {"city": "text"}),
        ({"lists": ["city"], "drop": [4]}, {"city": "lists", "age": "drop"}),
    ],
)  # fmt: skip
def test_named_columns_overrule(mixed, columns, changed):
    assert plan_of(mixed, columns=columns) == {**KINDS, **changed}
    found = plan_of(pl.from_pandas(mixed), columns=columns)
    assert found == {**KINDS, **changed}
    alone = plan_of(mixed, columns=columns, remainder="drop") if "drop" not in columns else changed
    assert alone == {**dict.fromkeys(KINDS, "drop"), **changed} or alone is changed


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"numeric": ["nobody"]}, "numeric names the column 'nobody', which X does not have"),
        ({"numeric": ["age"], "drop": re.compile("age")}, "'age' is named twice"),
        ({"numbers": ["age"]}, "kind 'numbers', expected categorical, numeric, text, dates"),
        ({"numeric": "age"}, r"numeric is the string 'age'.*\['age'\]"),
        ({"drop": re.compile("")}, "All columns of X are dropped: city"),
    ],
)
def test_senseless_names_are_refused(mixed, columns, message):
    with pytest.raises(ValueError, match=message):
        TableTransformer(columns).fit(mixed)


def test_encoders_can_be_given(mixed):
    encoders = [
        ("categorical", VocabularyTransformer(min_frequency=2, handle_missing="ignore")),
        ("numeric", NumberEncoder(4, encoding="bin", with_number=False)),
    ]
    transformer = TableTransformer(encoders=encoders)
    transformer.set_params(numeric__n_bins=8, categorical__num_oov_buckets=1)
    frame = mixed[["city", "price"]]
    X = transformer.fit_transform(frame)
    assert_array_equal(transformer.fields_, np.repeat([0, 1], [3, 9]))
    assert clone(transformer).get_params()["numeric__n_bins"] == 8
    scaled = clone(transformer).set_params(numeric=StandardScaler())
    assert_array_equal(
        scaled.fit_transform(frame[["city", "price"]].dropna()).fields, [0, 0, 0, -1]
    )
    assert_array_equal(scaled.plan_["n_features"], [3, 1])
    with pytest.raises(ValueError, match="encoders has no transformer for"):
        transformer.fit(mixed)
    assert X.shape[1] == 12


def test_the_diagram_shows_the_plan(mixed):
    transformer = TableTransformer()
    assert "NumberEncoder" in transformer._repr_html_()
    diagram = transformer.fit(mixed)._repr_html_()
    for text in "categorical", "numeric", "host_id", "drop":
        assert text in diagram


def test_columns_without_values_or_differences_are_no_error():
    frame = pd.DataFrame({"a": [None, None], "b": [np.nan, np.nan], "c": [1, 1]})
    transformer = TableTransformer().fit(frame)
    X = transformer.transform(pd.DataFrame({"a": ["x", None], "b": [1.5, None], "c": [None, 1]}))
    assert_array_equal(X.toarray(), [[0, 1], [1, 0]])
    assert plan_of(frame) == {"a": "drop", "b": "drop", "c": "categorical"}


def test_names_of_numpy_columns_are_numbers():
    X = np.array([["a", 1.5], ["b", 2.5], ["a", 3.5]], object)
    transformer = TableTransformer().fit(X)
    assert transformer.plan_["column"].tolist() == ["x0", "x1"]
    assert transformer.get_feature_names_out(["c", "n"])[0] == "c_a"
    assert_array_equal(
        transformer.transform(X.tolist()).toarray(), transformer.transform(X).toarray()
    )


@pytest.mark.skipif(not DATA.exists(), reason="SKEMBED_DATA is not set")
@pytest.mark.parametrize(
    ("file", "unlike"),
    [
        ("adult/adult.parquet", {"fnlwgt": "numeric", "capital-gain": "numeric"}),
        ("amazon_access/amazon_access.parquet", {"RESOURCE": "categorical"}),
        ("airbnb_nyc/airbnb_nyc_2019.parquet",
         {"name": "text", "host_id": "categorical", "id": "drop", "last_review": "dates",
          "number_of_reviews": "numeric", "neighbourhood": "categorical"}),
        ("whats_cooking/whats_cooking_train.parquet", {"ingredients": "lists", "id": "drop"}),
    ],
)  # fmt: skip
def test_kinds_in_real_tables(file, unlike):
    plan = plan_of(pd.read_parquet(DATA / file))
    assert {name: plan[name] for name in unlike} == unlike
    if "amazon" in file:
        assert set(plan.values()) == {"categorical"}
