"""How much of the terms a vocabulary knows is reported, and told where it is little."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from skembed import FieldTransformer, TableTransformer, VocabularyTransformer

RECIPES = [["basil", "beans"], ["rice", "basil"], ["beans", "rice", "salt"], ["salt"]]


@pytest.fixture(scope="module")
def fitted():
    return VocabularyTransformer().fit(RECIPES)


def frame(n=40, seed=0):
    rng = np.random.default_rng(seed)
    columns = {name: rng.choice(list(name * 2 + "xyz"), n) for name in ("ab", "cd", "ef")}
    return pd.DataFrame(columns)


BROKEN = {
    "a string for a list": ["basil, beans"],
    "strings for lists": [", ".join(recipe) for recipe in RECIPES],
    "characters": [list("basil")],
    "upper case": [[term.upper() for term in recipe] for recipe in RECIPES],
    "spaces": [[f" {term}" for term in recipe] for recipe in RECIPES],
    "numbers": [[1, 2], [3]],
    "a frame of others": pd.Series([["x"], ["y"], ["salt"]]),
}


@pytest.mark.parametrize("how", BROKEN)
def test_rows_without_known_terms_are_told(how, fitted):
    n_rows = len(BROKEN[how])
    with pytest.warns(UserWarning, match=rf"of {n_rows} rows hold no term.*Row 0.*coverage\(X\)"):
        fitted.transform(BROKEN[how])


def test_the_first_unknown_term_is_named(fitted):
    message = r"2 of 3 rows hold no term of the vocabulary: Row 1 of column .z. holds 'w'"
    transformer = VocabularyTransformer().fit(pd.DataFrame({"z": ["u", "v"]}))
    with pytest.warns(UserWarning, match=message):
        transformer.transform(pd.DataFrame({"z": ["u", "w", "q"]}))
    with pytest.warns(UserWarning, match=r"1 of 1 rows hold no term .* Row 0 holds 'basil, beans'"):
        fitted.transform(["basil, beans"])


def test_a_column_that_is_unknown_beside_others_is_told():
    transformer = VocabularyTransformer().fit(frame())
    broken = frame(seed=1)
    broken["cd"] = broken["cd"].str.upper()
    with pytest.warns(UserWarning, match=r"40 of 40 terms of column 'cd' are not in the voc"):
        transformer.transform(broken)
    transformer.transform(broken[:3])  # too few to tell chance from fault


def test_texts_cut_in_another_way_are_told():
    words = [f"word{i}" for i in range(50)]
    rng = np.random.default_rng(0)
    texts = [" ".join([*rng.choice(words, 9), "the"]) for _ in range(60)]
    transformer = VocabularyTransformer(tokenizer="word").fit(texts)
    with pytest.warns(UserWarning, match=r"45 of 50 terms are not in the vocabulary: Row 0 holds"):
        transformer.transform([text.replace("word", "w") for text in texts[:5]])


def warnings_of(function):
    """Messages of the warnings of a call, whatever the filters are."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    return [str(warning.message) for warning in caught]


QUIET = {
    "half of the rows": [["basil"], ["thyme"]],
    "some terms": [["basil", "thyme", "mint"], ["salt"]],
    "empty rows": [[], [], []],
    "nothing": [],
}


@pytest.mark.parametrize("how", QUIET)
def test_what_is_mostly_known_is_not_told(how, fitted):
    assert warnings_of(lambda: fitted.transform(QUIET[how])) == []


@pytest.mark.parametrize(
    "options",
    [
        {"max_terms": 1},
        {"vocabulary": ["t0"]},
        {"min_frequency": 24},
        {"num_hash_buckets": 8},
    ],
)
def test_what_a_fit_lets_expect_is_not_told(options):
    rng = np.random.default_rng(0)
    rows = [f"t{i}" for i in rng.integers(0, 10, 200)]
    transformer = VocabularyTransformer(**options).fit(rows)
    for some in rows, rows[:50], rows[:1]:
        assert warnings_of(lambda some=some: transformer.transform(some)) == []


def test_ids_of_which_most_are_new_are_expected():
    rng = np.random.default_rng(0)
    ids = (rng.pareto(0.3, 6000) * 1000).clip(max=1e12).astype(int)
    table = pd.DataFrame({"id": ids, "kind": rng.choice(list("abc"), 6000)})
    transformer = VocabularyTransformer().fit(table[:3000])
    report = transformer.coverage(table[3000:])
    assert report.loc["id", "unknown"] > 0.6
    for some in table[3000:], table[3000:3100]:
        assert warnings_of(lambda some=some: transformer.transform(some)) == []
    with pytest.warns(UserWarning, match="3000 of 3000 terms of column 'id'"):
        transformer.transform(table[3000:].assign(id=-1))


def test_pairs_of_words_are_expected_to_be_new():
    transformer = VocabularyTransformer(tokenizer="word", ngram_range=(1, 2))
    words = list("abcdefgh")
    transformer.fit([" ".join(words)])
    texts = [" ".join(words[::-1]) for _ in range(30)]
    assert warnings_of(lambda: transformer.transform(texts)) == []


def test_unknown_terms_in_buckets_are_told():
    transformer = VocabularyTransformer(num_oov_buckets=2).fit(frame())
    with pytest.warns(UserWarning, match="40 of 40 terms of column 'ab'"):
        transformer.transform(frame().apply(lambda column: column.str.upper()))


def test_what_is_asked_for_is_told_once(fitted):
    with pytest.raises(ValueError, match="not in the vocabulary"):
        VocabularyTransformer(handle_unknown="error").fit(RECIPES).transform(["basil, beans"])
    warned = VocabularyTransformer(handle_unknown="warn").fit(RECIPES)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warned.transform(["basil, beans"])
    assert len(caught) == 1


def test_the_report_of_one_column(fitted):
    report = fitted.coverage(
        [["basil", "thyme", "mint"], ["thyme"], [], ["salt"], ["thyme", "salt"]]
    )
    assert report.index.tolist() == ["terms"]
    assert report.loc["terms"].tolist() == [7, 4 / 7, 1 / 4, ["thyme", "mint"]]


def test_the_report_of_several_columns():
    transformer = VocabularyTransformer().fit(frame())
    new = pd.DataFrame({"ab": ["a", "?", "?"], "cd": ["c", "!", "d"], "ef": ["e", "f", "-"]})
    report = transformer.coverage(new)
    assert report.index.tolist() == ["ab", "cd", "ef", "all columns"]
    assert report["n_terms"].tolist() == [3, 3, 3, 9]
    np.testing.assert_allclose(report["unknown"], [2 / 3, 1 / 3, 1 / 3, 4 / 9])
    np.testing.assert_allclose(report["rows_without_known"], [2 / 3, 1 / 3, 1 / 3, 0])
    assert report["most_frequent_unknown"].tolist() == [["?"], ["!"], ["-"], []]


@pytest.mark.parametrize("options", [{}, {"num_oov_buckets": 2}, {"num_hash_buckets": 32}])
def test_the_report_is_on_the_vocabulary_whatever_has_a_column(options):
    transformer = VocabularyTransformer(**options).fit(RECIPES)
    report = transformer.coverage([["basil", "thyme"]])
    assert report.loc["terms"].tolist() == [2, 0.5, 0.0, ["thyme"]]


def test_the_report_of_missing_values_and_pairs():
    cells = pd.DataFrame({"a": ["x", None, "y"]})
    transformer = VocabularyTransformer(handle_missing="indicator").fit(cells)
    report = transformer.coverage(pd.DataFrame({"a": [None, "x", "z"]}))
    assert report.loc["a"].tolist() == [2, 0.5, 0.5, ["z"]]
    pairs = VocabularyTransformer(tokenizer="word", ngram_range=(1, 2)).fit(["a b c"])
    assert pairs.coverage(["c b a"]).loc["terms"].tolist() == [5, 0.4, 0.0, ["c b", "b a"]]


terms = st.lists(st.lists(st.sampled_from("abcdef"), max_size=4), min_size=1, max_size=6)


@given(terms, terms)
def test_the_report_agrees_with_the_matrix(fitted_on, rows):
    if not any(fitted_on):
        return
    transformer = VocabularyTransformer(weighting="count").fit(fitted_on)
    report = transformer.coverage(rows).loc["terms"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X = transformer.transform(rows)
    n_terms = sum(map(len, rows))
    assert report["n_terms"] == n_terms
    np.testing.assert_allclose(report["unknown"] * n_terms, n_terms - X.sum())
    blind = sum(bool(row) and not X[[i]].nnz for i, row in enumerate(rows))
    np.testing.assert_allclose(report["rows_without_known"] * sum(map(bool, rows)), blind)


def test_a_table_reports_the_columns_of_its_vocabularies():
    table = frame().assign(n=np.arange(40.0) + 0.5)
    transformer = TableTransformer().fit(table)
    report = transformer.coverage(table.assign(ab="?"))
    assert report.index.tolist() == ["ab", "cd", "ef", "all columns"]
    assert report["unknown"].tolist() == [1, 0, 0, 1 / 3]
    assert report.loc["ab", "most_frequent_unknown"] == ["?"]


def test_columns_with_fields_report_those_of_their_vocabularies():
    table = frame().assign(n=np.arange(40.0), text="one two")
    steps = make_pipeline(VocabularyTransformer(), MaxAbsScaler())
    texts = VocabularyTransformer(tokenizer="word")
    columns = [("terms", steps, ["ab"]), ("text", texts, "text"), ("n", MaxAbsScaler(), ["n"])]
    transformer = FieldTransformer(columns).fit(table)
    report = transformer.coverage(table.assign(text="one or other"))
    assert report.index.tolist() == ["ab", "text", "all columns"]
    assert report.loc["text"].tolist() == [120, 2 / 3, 0.0, ["or", "other"]]
