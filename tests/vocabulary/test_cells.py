"""All kinds of input give the same matrix, or an error that names the row."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skembed import VocabularyTransformer

LISTS = [["b", "a", "b"], [], ["c", "b"]]
STRINGS = ["b", "a", None, "b"]
INTEGERS = [10, 9, None, 10]
BOOLEANS = [True, False, None, True]
DICTS = [{"b": 2.0, "a": 1.0}, {}, {"c": 1.0, "b": 1.0}]


def object_array(cells):
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


def arrow_backed(kind):
    return lambda cells: pd.Series(cells, dtype=pd.ArrowDtype(kind))


LIST_KINDS = {
    "list": list,
    "tuple of tuples": lambda cells: tuple(map(tuple, cells)),
    "generator": iter,
    "arrays in a list": lambda cells: [np.array(cell) for cell in cells],
    "object array": object_array,
    "Series": pd.Series,
    "Series with an index": lambda cells: pd.Series(cells, index=[7, 7, 3]),
    "Arrow-backed Series": arrow_backed(pa.list_(pa.string())),
    "Arrow": pa.array,
    "large Arrow": lambda cells: pa.array(cells, pa.large_list(pa.large_string())),
    "Arrow view": lambda cells: pa.array(cells, pa.list_(pa.string_view())),
    "Arrow dictionary": lambda cells: pa.array(
        cells, pa.list_(pa.dictionary(pa.int8(), pa.string()))
    ),
    "sliced Arrow": lambda cells: pa.array([["x"], *cells, ["y"]])[1:-1],
    "chunked Arrow": lambda cells: pa.chunked_array([cells[:1], cells[1:]]),
    "polars": pl.Series,
}
SINGLE_KINDS = {
    "list": list,
    "generator": iter,
    "object array": object_array,
    "Series": pd.Series,
    "object Series": lambda cells: pd.Series(cells, dtype=object),
    "categorical Series": lambda cells: pd.Series(cells, dtype="category"),
    "Arrow": pa.array,
    "Arrow dictionary": lambda cells: pa.array(cells).dictionary_encode(),
    "chunked Arrow": lambda cells: pa.chunked_array([cells[:3], cells[3:]]),
    "polars": pl.Series,
    "list of NaN": lambda cells: [float("nan") if cell is None else cell for cell in cells],
    "list of NA": lambda cells: [pd.NA if cell is None else cell for cell in cells],
}
STRING_KINDS = SINGLE_KINDS | {
    "string[python]": lambda cells: pd.Series(cells, dtype="string[python]"),
    "string[pyarrow]": lambda cells: pd.Series(cells, dtype="string[pyarrow]"),
    "Arrow-backed Series": arrow_backed(pa.string()),
    "polars Categorical": lambda cells: pl.Series(cells, dtype=pl.Categorical),
}


def frame_kinds(columns):
    frame = pd.DataFrame({name: pd.Series(cells) for name, cells in columns.items()})
    table = pa.table(columns)
    yield "DataFrame", frame
    yield "object DataFrame", pd.DataFrame({n: object_array(c) for n, c in columns.items()})
    yield "Arrow-backed DataFrame", table.to_pandas(types_mapper=pd.ArrowDtype)
    yield "polars", pl.DataFrame(columns)
    yield "table", table
    yield "record batch", table.combine_chunks().to_batches()[0]


def assert_same(X, Y):
    assert X.shape == Y.shape
    np.testing.assert_array_equal(X.toarray(), Y.toarray())
    assert X.dtype == Y.dtype and X.indices.dtype == Y.indices.dtype


@pytest.mark.parametrize("kind", LIST_KINDS)
def test_lists(kind):
    expected = VocabularyTransformer(weighting="count").fit_transform(LISTS)
    np.testing.assert_array_equal(expected.toarray(), [[2, 1, 0], [0, 0, 0], [1, 0, 1]])
    transformer = VocabularyTransformer(weighting="count")
    assert_same(transformer.fit_transform(LIST_KINDS[kind](LISTS)), expected)
    assert_same(transformer.transform(LIST_KINDS[kind](LISTS)), expected)


@pytest.mark.parametrize("kind", STRING_KINDS)
def test_strings(kind):
    transformer = VocabularyTransformer(handle_missing="indicator")
    X = transformer.fit_transform(STRING_KINDS[kind](STRINGS))
    np.testing.assert_array_equal(X.toarray(), [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert transformer.get_feature_names_out().tolist() == ["b", "a", "<missing>"]


@pytest.mark.parametrize("kind", [*SINGLE_KINDS, "Int64", "int32[pyarrow]"])
@pytest.mark.parametrize("cells", [INTEGERS, BOOLEANS])
def test_integers_and_booleans(kind, cells):
    if kind in ("Int64", "int32[pyarrow]"):
        name = kind if cells is INTEGERS else {"Int64": "boolean"}.get(kind, "bool[pyarrow]")
        X = pd.Series(cells, dtype=name)
    else:
        X = SINGLE_KINDS[kind](cells)
    transformer = VocabularyTransformer(handle_missing="ignore")
    rows = transformer.fit_transform(X).toarray()
    np.testing.assert_array_equal(rows, [[1, 0], [0, 1], [0, 0], [1, 0]])
    assert transformer.get_feature_names_out().tolist() == [str(cells[0]), str(cells[1])]


@pytest.mark.parametrize("kind", [list, iter, pd.Series, object_array, "map"])
def test_dicts(kind):
    arrow_map = pa.map_(pa.string(), pa.float64())
    X = pa.array([list(d.items()) for d in DICTS], arrow_map) if kind == "map" else kind(DICTS)
    expected = VocabularyTransformer(weighting="count").fit_transform(LISTS)
    assert_same(VocabularyTransformer(weighting="count").fit_transform(X), expected)


@pytest.mark.parametrize(
    "kind", ["list", "generator", "object array", "Series", "Arrow", "polars", "Arrow dictionary"]
)
def test_texts(kind):
    texts = ["b a b", "", "c b"]
    expected = VocabularyTransformer(weighting="count").fit_transform(LISTS)
    for tokenizer in ("word", str.split):
        transformer = VocabularyTransformer(weighting="count", tokenizer=tokenizer)
        assert_same(transformer.fit_transform(SINGLE_KINDS[kind](texts)), expected)


def test_two_dimensional_kinds():
    columns = {"city": ["b", "a", "b"], "zip": [10, 9, 10], "tags": LISTS}
    transformer = VocabularyTransformer(weighting="count")
    for kind, X in frame_kinds(columns):
        got = transformer.fit_transform(X)
        assert transformer.feature_names_in_.tolist() == list(columns), kind
        assert got.toarray().tolist() == [
            [1, 0, 1, 0, 2, 1, 0],
            [0, 1, 0, 1, 0, 0, 0],
            [1, 0, 1, 0, 1, 0, 1],
        ], kind


def test_two_dimensional_arrays_have_columns_without_names():
    X = np.array([[3, 1], [3, 2]])
    for array in (X, X.astype(str), X.astype(object), np.asfortranarray(X), X.astype(float)):
        transformer = VocabularyTransformer().fit(array)
        assert transformer.get_feature_names_out().tolist() == ["x0_3", "x1_1", "x1_2"]
        assert transformer.get_feature_names_out(["a", "b"])[0] == "a_3"
        with pytest.raises(ValueError, match="should have length equal to number of features"):
            transformer.get_feature_names_out(["a"])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("abc", r"X is a string, expected an iterable of rows; pass \[X\] for one row"),
        (b"abc", "X is a string"),
        ({"a": 1}, "X is a dict, expected an iterable of rows"),
        (5, "X is 5, expected an iterable of rows"),
        ([["a"], [b"b"]], r"Row 1 holds b'b', expected str, int or bool; decode it to str"),
        ([[b"a"]], "Row 0 holds b'a'.*decode it to str"),
        ([["a"], ["b", 1]], r"Row 1 holds 1 \(int\), but earlier terms are str; use one type"),
        ([["a"], "b"], r"Row 1 is 'b' \(single\), but earlier cells are list"),
        (["a", ["b"]], r"Row 1 is \['b'\] \(list\), but earlier cells are single"),
        ([1, True], r"Row 1 holds True \(bool\), but earlier terms are int"),
        ([1.5], "Row 0 holds the number 1.5, expected str, int or bool; bin numbers"),
        ([["a"], [["b"]]], r"Row 1 holds \['b'\], expected str, int or bool"),
        ([[["b"]]], "Row 0 holds .*expected str, int or bool"),
        ([["a\ud800"]], r"Row 0 holds 'a\\ud800', which is not valid Unicode"),
        ([[2**70]], "exceeds 64 bits; convert it with str"),
        ([{"a": "x"}], "Row 0 has weight 'x', expected a number"),
        ([{"b": 1}, {"a": 1e39}], "Row 1 gives a the weight 1e\\+39, expected a finite"),
        ([{"b": 1}, {"a": float("nan")}], "Row 1 gives a the weight nan, expected a finite"),
        ([{"a": None}], "Row 0 gives a the weight nan|has weight None"),
        ([{None: 1.0}], "Row 0|Rows 0 to 0"),
        (pa.array([b"a"]), r"Row 0 holds b'a' \(binary\), expected str, int or bool; decode"),
        (pd.Series(pd.to_datetime(["2020-01-01"])), "Row 0 holds 2020-01-01"),
        (np.zeros((1, 1, 1)), "X has 3 dimensions, expected 1 or 2"),
        (pd.DataFrame({"c": [["a"], [b"b"]]}), "Row 1 of column 'c' holds b'b'"),
        (pd.DataFrame({"c": ["a", None]}), "Row 1 of column 'c' has a missing value"),
    ],
)
def test_errors_name_the_row(X, message):
    with pytest.raises((ValueError, TypeError), match=message):
        VocabularyTransformer().fit(X)


def test_kinds_may_not_change_between_blocks(monkeypatch):
    monkeypatch.setattr("skembed.vocabulary._cells._BLOCK_OBJECTS", 1)
    monkeypatch.setattr("skembed.vocabulary._cells._BATCH_ROWS", 1)
    with pytest.raises(TypeError, match="Rows 1 to 1 hold terms of type int, but earlier rows"):
        VocabularyTransformer().fit([["a"], [1]])


@pytest.mark.parametrize("cells", [[["a"]], [1], ["a", 1], [b"a"]])
def test_texts_must_be_str(cells):
    with pytest.raises(TypeError, match="Row [01] (is|holds)"):
        VocabularyTransformer(tokenizer="word").fit(cells)


def test_sparse_input_is_refused():
    X = VocabularyTransformer().fit_transform(LISTS)
    with pytest.raises(TypeError, match="X is a sparse matrix, expected terms"):
        VocabularyTransformer().fit(X)


def test_input_is_left_alone():
    array = object_array([["b", "a"], np.array(["a", "c"])])
    array.flags.writeable = False
    frame = pd.DataFrame({"x": [1.0, np.nan], "y": pd.Series(["a", "b"], dtype="category")})
    before = frame.copy(deep=True)
    VocabularyTransformer(handle_missing="ignore").fit(frame).transform(frame)
    VocabularyTransformer().fit_transform(array)
    pd.testing.assert_frame_equal(frame, before)
    assert isinstance(array[1], np.ndarray) and array[0] == ["b", "a"]


@pytest.mark.parametrize("lists", [[["a", b"\xff"]], [["a"], ["b", b"c"]], ["a", b"c"]])
def test_bytes_among_strings_are_refused(lists):
    with pytest.raises(TypeError, match="expected str, int or bool; decode it to str"):
        VocabularyTransformer().fit(lists)


@pytest.mark.parametrize(
    "frame", [pd.DataFrame(index=range(3)), pl.DataFrame(), pa.table({}), np.empty((3, 0), object)]
)
def test_a_frame_without_columns_is_refused(frame):
    with pytest.raises(ValueError, match=r"Found array with 0 feature\(s\)"):
        VocabularyTransformer().fit(frame)


@pytest.mark.parametrize("X", [5, None, 1.5])
def test_what_has_no_rows_is_refused(X):
    with pytest.raises(TypeError, match="expected an iterable of rows or a data frame"):
        VocabularyTransformer().fit(X)
