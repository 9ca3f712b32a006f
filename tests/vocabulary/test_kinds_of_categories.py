"""A category is the same whether it comes as a boolean, an integer or a whole number."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skembed import VocabularyTransformer

ONES = [1, 0, 0, 1, 1]


def objects(cells):
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


KINDS = {
    "bool": lambda cells: list(map(bool, cells)),
    "int": lambda cells: list(map(int, cells)),
    "float": lambda cells: list(map(float, cells)),
    "int and float": lambda cells: [float(c) if i % 2 else int(c) for i, c in enumerate(cells)],
    "Decimal": lambda cells: [Decimal(int(c)) for c in cells],
    "numpy bool": lambda cells: np.array(cells, bool),
    "numpy int8": lambda cells: np.array(cells, np.int8),
    "numpy uint64": lambda cells: np.array(cells, np.uint64),
    "numpy float16": lambda cells: np.array(cells, np.float16),
    "numpy float64": lambda cells: np.array(cells, float),
    "objects of numpy bool": lambda cells: objects([np.bool_(c) for c in cells]),
    "objects of numpy int": lambda cells: objects([np.int16(c) for c in cells]),
    "objects of numpy float": lambda cells: objects([np.float32(c) for c in cells]),
    "Series bool": lambda cells: pd.Series(cells).astype(bool),
    "Series object": lambda cells: pd.Series(list(map(bool, cells)), dtype=object),
    "Series float": lambda cells: pd.Series(cells, dtype=float),
    "Int64": lambda cells: pd.Series(cells, dtype="Int64"),
    "Float64": lambda cells: pd.Series(cells, dtype="Float64"),
    "boolean": lambda cells: pd.Series(cells).astype("boolean"),
    "category of bool": lambda cells: pd.Series(cells).astype(bool).astype("category"),
    "category of float": lambda cells: pd.Series(cells, dtype=float).astype("category"),
    "bool[pyarrow]": lambda cells: pd.Series(cells).astype("bool[pyarrow]"),
    "polars bool": lambda cells: pl.Series(list(map(bool, cells))),
    "polars float": lambda cells: pl.Series(list(map(float, cells))),
    "Arrow decimal": lambda cells: pa.array([Decimal(int(c)) for c in cells]),
    "lists of bool": lambda cells: [[bool(c)] for c in cells],
    "lists of int": lambda cells: [[int(c)] for c in cells],
    "dicts of int": lambda cells: [{int(c): 1.0} for c in cells],
    "strings of numbers": lambda cells: [str(int(c)) for c in cells],
}


@pytest.mark.parametrize("transformed", KINDS)
@pytest.mark.parametrize("fitted", KINDS)
def test_a_category_is_one_whatever_its_type(fitted, transformed):
    if "strings of numbers" in (fitted, transformed):
        if any("bool" in kind or kind == "Series object" for kind in (fitted, transformed)):
            pytest.skip("True is not the string '1'")
    transformer = VocabularyTransformer(handle_unknown="error").fit(KINDS[fitted](ONES))
    rows = transformer.transform(KINDS[transformed](ONES)).toarray()
    assert_array_equal(rows, transformer.transform(KINDS[fitted](ONES)).toarray())
    assert_array_equal(rows, [[1, 0], [0, 1], [0, 1], [1, 0], [1, 0]])


def frames(kind):
    return pd.DataFrame({"flag": KINDS[kind](ONES), "city": list("abaab")})


@pytest.mark.parametrize(("fitted", "transformed"), [("bool", "int"), ("int", "bool")])
def test_columns_of_frames_and_arrays(fitted, transformed):
    transformer = VocabularyTransformer().fit(frames(fitted))
    expected = transformer.transform(frames(fitted)).toarray()
    assert_array_equal(transformer.transform(frames(transformed)).toarray(), expected)
    two = np.column_stack([ONES, ONES])
    by_array = VocabularyTransformer().fit(two.astype(bool))
    assert_array_equal(
        by_array.transform(two.astype(float)).toarray(), by_array.transform(two == 1).toarray()
    )


@pytest.mark.parametrize("kinds", [("bool", "int"), ("int", "bool"), ("bool", "float", "bool")])
def test_batches_of_other_types_count_for_the_same_terms(kinds):
    transformer = VocabularyTransformer()
    for kind in kinds:
        transformer.partial_fit(KINDS[kind](ONES))
    assert transformer.term_counts_.tolist() == [3 * len(kinds), 2 * len(kinds)]
    names = transformer.get_feature_names_out().tolist()
    assert names == (["True", "False"] if kinds[0] == "bool" else ["1", "0"])


@pytest.mark.parametrize("options", [{"num_oov_buckets": 3}, {"num_hash_buckets": 16}])
def test_buckets_are_those_of_the_category(options):
    transformer = VocabularyTransformer(**options).fit(KINDS["bool"](ONES))
    expected = transformer.transform(KINDS["bool"](ONES)).toarray()
    assert_array_equal(transformer.transform(KINDS["int"](ONES)).toarray(), expected)


def test_given_vocabularies_hold_categories_of_any_type():
    for vocabulary in ([True, False], [1, 0], [1.0, 0.0], np.array([1.0, 0.0]), [np.True_, 0]):
        transformer = VocabularyTransformer(vocabulary)
        for kind in ("bool", "int", "float"):
            rows = transformer.fit_transform(KINDS[kind](ONES)).toarray()
            assert_array_equal(rows.argmax(axis=1), [0, 1, 1, 0, 0])
            assert_array_equal(rows.sum(axis=1), 1)
    with pytest.raises(TypeError, match=r"vocabulary holds 1.5"):
        VocabularyTransformer([1.5]).fit(["a"])


@pytest.mark.filterwarnings("ignore:.*coverage.X. lists the unknown terms")
def test_other_numbers_and_words_are_no_booleans():
    transformer = VocabularyTransformer().fit([True, False])
    assert not transformer.transform([2, -1, 7]).nnz
    assert not transformer.transform(["1", "0"]).nnz
    both = VocabularyTransformer().fit(["1", "True"])
    assert both.transform([True]).indices.tolist() == both.transform(["True"]).indices.tolist()
    assert both.transform([1]).indices.tolist() == both.transform(["1"]).indices.tolist()


@given(st.lists(st.integers(-3, 3), min_size=1), st.sampled_from([int, float, np.int32]))
def test_whole_numbers_are_the_same_terms(numbers, kind):
    transformer = VocabularyTransformer().fit(numbers)
    expected = transformer.transform(numbers).toarray()
    assert_array_equal(transformer.transform(list(map(kind, numbers))).toarray(), expected)


def test_long_decimals_keep_all_their_digits():
    ids = [Decimal(2**62 + 1), Decimal(2**62)]
    transformer = VocabularyTransformer().fit(ids)
    assert transformer.get_feature_names_out().tolist() == sorted(map(str, ids))
    with pytest.raises(TypeError, match=r"Row 1 holds the number 0\.5.*bin numbers"):
        VocabularyTransformer().fit([Decimal(1), Decimal("0.5")])
