"""What scikit-learn expects of a transformer whose input is not numbers.

The common checks generate numbers, so that all but one are skipped for this one.
"""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from joblib import Parallel, delayed
from sklearn import config_context, get_config
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import check_param_validation, estimator_checks_generator

from skembed import VocabularyTransformer

ROWS = [["b", "a", "b"], [], ["c", "b"], ["a"]] * 5
FRAME = pd.DataFrame({"city": ["u", "v"] * 10, "tags": ROWS, "size": np.arange(20.0)})
SETTINGS = [
    {},
    {"vocabulary": ["b", "c"]},
    {"ngram_range": (1, 2), "weighting": "tfidf"},
    {"num_oov_buckets": 2, "max_terms": 1, "weighting": "count"},
    {"num_hash_buckets": 3},
    {"ngram_range": None, "char_ngram_range": (1, 2), "num_hash_buckets": 3},
    {"char_ngram_range": (2, 3), "weighting": "tfidf"},
    {"handle_missing": "indicator", "dtype": np.float64, "sparse_output": False},
]
every_setting = pytest.mark.parametrize("settings", SETTINGS, ids=str)


def same(A, B):
    A, B = (X.toarray() if sp.issparse(X) else X for X in (A, B))
    np.testing.assert_array_equal(A, B)


def test_common_checks():
    with pytest.warns(SkipTestWarning, match="Can't test estimator VocabularyTransformer"):
        checks = list(estimator_checks_generator(VocabularyTransformer()))
    for estimator, check in checks:
        check(estimator)


def test_parameters_are_validated():
    check_param_validation("VocabularyTransformer", VocabularyTransformer())
    with pytest.raises(InvalidParameterError, match="'weighting' parameter .* must be a str among"):
        VocabularyTransformer(weighting="idf").fit(ROWS)


@every_setting
def test_clone_repr_and_params_untouched(settings):
    transformer = VocabularyTransformer(**settings)
    before = dict(vars(transformer))
    transformer.fit(ROWS)
    for name, value in before.items():
        assert getattr(transformer, name) is value
    copy = clone(transformer)
    assert repr(copy) == repr(transformer) and not hasattr(copy, "_fields")
    assert transformer._repr_html_()


def test_unfitted():
    for method in ("transform", "inverse_transform"):
        with pytest.raises(NotFittedError):
            getattr(VocabularyTransformer(), method)(ROWS)
    with pytest.raises(NotFittedError):
        VocabularyTransformer().get_feature_names_out()
    with pytest.raises(NotFittedError):
        VocabularyTransformer(num_hash_buckets=2).inverse_transform(np.eye(2))
    assert not hasattr(VocabularyTransformer(), "vocabulary_")


@every_setting
def test_fit_transform_equals_fit_then_transform_and_is_idempotent(settings):
    transformer = VocabularyTransformer(**settings)
    X = transformer.fit_transform(ROWS)
    same(transformer.transform(ROWS), X)
    same(transformer.fit(ROWS).fit(ROWS).transform(iter(ROWS)), X)
    same(transformer.fit_transform(iter(ROWS)), X)
    assert len(transformer.get_feature_names_out()) == X.shape[1]


@every_setting
def test_output(settings):
    transformer = VocabularyTransformer(**settings)
    X = transformer.fit_transform(ROWS)
    assert X.dtype == transformer.dtype
    if transformer.sparse_output:
        assert sp.isspmatrix_csr(X) and X.has_canonical_format
        assert X.indices.dtype == X.indptr.dtype == np.int32
    empty = transformer.transform([])
    assert empty.shape == (0, X.shape[1]) and empty.dtype == X.dtype


@every_setting
def test_rows_do_not_depend_on_each_other(settings):
    transformer = VocabularyTransformer(**settings).fit(ROWS)
    X = transformer.transform(ROWS)
    same(transformer.transform([ROWS[i] for i in (7, 2, 0)]), X[[7, 2, 0]])
    same(transformer.transform(ROWS[:1]), X[:1])


@every_setting
def test_pickle(settings):
    transformer = VocabularyTransformer(**settings).fit(ROWS)
    expected = transformer.transform(ROWS)
    copy = pickle.loads(pickle.dumps(transformer))
    same(copy.transform(ROWS), expected)
    assert copy.get_feature_names_out().tolist() == transformer.get_feature_names_out().tolist()


def test_a_small_lookup_keeps_its_index_out_of_pickles():
    terms = [f"term{i}" for i in range(1000)]
    transformer = VocabularyTransformer(terms).fit([terms])
    size = len(pickle.dumps(transformer))
    assert transformer.transform([["term7", "x"]]).indices.tolist() == [7]
    assert "index" in vars(transformer._fields[0])
    assert len(pickle.dumps(transformer)) == size


def test_processes_and_threads():
    transformer = VocabularyTransformer().fit(ROWS)
    expected = transformer.transform(ROWS)
    for prefer in ("processes", "threads"):
        for X in Parallel(2, prefer=prefer)(delayed(transformer.transform)(ROWS) for _ in "ab"):
            same(X, expected)


def test_refit_forgets_two_dimensional_input():
    transformer = VocabularyTransformer().fit(FRAME[["city"]])
    assert transformer.n_features_in_ == 1
    with pytest.raises(ValueError, match=r"X has 1 dimension\(s\), expected 2 as in fit"):
        transformer.transform(ROWS)
    transformer.fit(ROWS)
    assert not hasattr(transformer, "n_features_in_")
    assert not hasattr(transformer, "feature_names_in_")
    with pytest.raises(ValueError, match=r"X has 2 dimension\(s\), expected 1 as in fit"):
        transformer.transform(FRAME[["city"]])


def test_features_are_checked():
    transformer = VocabularyTransformer().fit(FRAME[["city", "tags"]])
    assert transformer.n_features_in_ == 2
    assert transformer.feature_names_in_.tolist() == ["city", "tags"]
    with pytest.raises(ValueError, match="feature names should match"):
        transformer.transform(FRAME[["tags", "city"]])
    with pytest.raises(ValueError, match="X has 1 features, but VocabularyTransformer is expecti"):
        VocabularyTransformer().fit([[1]][0:0] or np.array([[1, 2]])).transform(np.array([[1]]))
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        transformer.get_feature_names_out(["a", "b"])


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_set_output(output):
    transformer = VocabularyTransformer().set_output(transform=output)
    assert isinstance(transformer.fit_transform(ROWS), sp.csr_matrix)
    dense = transformer.set_params(sparse_output=False).fit_transform(FRAME.tags)
    assert isinstance(dense, {"pandas": pd.DataFrame, "polars": pl.DataFrame}[output])
    assert list(dense.columns) == ["a", "b", "c"]
    if output == "pandas":
        assert dense.index.equals(FRAME.index)
    with config_context(transform_output=output):
        assert isinstance(VocabularyTransformer().fit_transform(ROWS), sp.csr_matrix)


@pytest.mark.skipif("sparse_interface" not in get_config(), reason="scikit-learn 1.9 has it")
def test_sparse_interface():
    with config_context(sparse_interface="sparray"):
        X = VocabularyTransformer().fit_transform(ROWS)
    assert isinstance(X, sp.csr_array)


@pytest.mark.parametrize("frame", [FRAME, pl.from_pandas(FRAME)], ids=["pandas", "polars"])
def test_column_transformer(frame):
    columns = ColumnTransformer(
        [
            ("tags", VocabularyTransformer(["a", "b"]), "tags"),
            ("city", VocabularyTransformer(), ["city"]),
            ("size", StandardScaler(), ["size"]),
        ],
        sparse_threshold=1.0,
    )
    X = columns.fit_transform(frame)
    assert X.shape == (20, 5)
    names = ["tags__a", "tags__b", "city__city_u", "city__city_v", "size__size"]
    assert columns.get_feature_names_out().tolist() == names
    same(X[:, :2], VocabularyTransformer(["a", "b"]).fit_transform(ROWS))


def test_pipeline_and_grid_search():
    y = np.array([1, 0, 1, 0] * 5)
    pipeline = make_pipeline(VocabularyTransformer(), LogisticRegression())
    grid = {"vocabularytransformer__ngram_range": [(1, 1), (1, 2)]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(np.array(ROWS, object), y)
    assert search.best_score_ == 1.0
    assert search.predict([["b", "a", "b"]]).tolist() == [1]
    assert pipeline.fit(pd.Series(ROWS), y)[:-1].get_feature_names_out().tolist() == ["a", "b", "c"]
