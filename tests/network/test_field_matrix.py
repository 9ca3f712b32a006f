"""Fields go through what scipy and scikit-learn do to matrices, or are known to be lost."""

import copy
import pickle

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.feature_selection import SelectKBest, VarianceThreshold, chi2
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, Normalizer, StandardScaler
from sklearn.utils import _safe_indexing, check_array, resample, shuffle

from skembed.network._field_matrix import FieldArray, FieldMatrix, has_lost_fields
from skembed.network._made_fields import _MADE, columns_with_fields

FIELDS = np.array([0, 0, 1, 2, 2, -1])
DENSE = np.arange(48, dtype=np.float32).reshape(8, 6) % 5


@pytest.fixture(params=[FieldMatrix, FieldArray])
def X(request):
    X = request.param(DENSE)
    X.fields = FIELDS
    return X


ROWS = np.array([3, 0, 0, 7])
SAME_COLUMNS = {
    "slice": lambda X: X[:3],
    "steps": lambda X: X[::-2],
    "rows": lambda X: X[ROWS],
    "list": lambda X: X[[1, 2]],
    "mask": lambda X: X[np.arange(8) > 3],
    "rows, all columns": lambda X: X[ROWS, :],
    "all": lambda X: X[:],
    "no rows": lambda X: X[:0],
    "Ellipsis": lambda X: X[ROWS, ...],
    "copy": lambda X: X.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "pickle": lambda X: pickle.loads(pickle.dumps(X)),
    "astype": lambda X: X.astype(np.float64),
    "astype same": lambda X: X.astype(np.float32, copy=False),
    "tocsr": lambda X: X.tocsr(),
    "asformat": lambda X: X.asformat("csr"),
    "times": lambda X: X * 2.0,
    "divided": lambda X: X / 2.0,
    "negative": lambda X: -X,
    "absolute": abs,
    "power": lambda X: X.power(2),
    "sqrt": lambda X: X.sqrt(),
    "train_test_split": lambda X: train_test_split(X, random_state=0)[0],
    "shuffle": lambda X: shuffle(X, random_state=0),
    "resample": lambda X: resample(X, random_state=0),
    "_safe_indexing": lambda X: _safe_indexing(X, ROWS),
    "check_array": lambda X: check_array(X, accept_sparse=True, dtype=np.float64, copy=True),
    "check_array csr": lambda X: check_array(X, accept_sparse=["csr", "csc"]),
    "MaxAbsScaler": lambda X: MaxAbsScaler().fit_transform(X),
    "StandardScaler": lambda X: StandardScaler(with_mean=False).fit_transform(X),
    "Normalizer": lambda X: Normalizer().fit_transform(X),
    "TfidfTransformer": lambda X: TfidfTransformer().fit_transform(X),
}


@pytest.mark.parametrize("how", SAME_COLUMNS)
def test_fields_stay_with_the_columns(how, X):
    if how == "TfidfTransformer" and isinstance(X, FieldArray):
        pytest.skip("scikit-learn gives back a plain matrix for an array")
    made = SAME_COLUMNS[how](X)
    assert_array_equal(made.fields, FIELDS)
    assert sp.issparse(made) and made.format == "csr" and made.shape[1] == 6
    assert_array_equal(X.fields, FIELDS)
    if how.startswith(("copy", "pickle")):
        assert_array_equal(made.toarray(), DENSE)


SOME_COLUMNS = {
    "slice": slice(1, 4),
    "steps": slice(None, None, -1),
    "list": [5, 0, 2],
    "array": np.array([4, 4, 1]),
    "mask": np.array([True, False, False, True, True, False]),
}


@pytest.mark.parametrize("which", SOME_COLUMNS)
def test_chosen_columns_have_their_fields(which, X):
    columns = SOME_COLUMNS[which]
    for made in (X[:, columns], X[2:5, columns], _safe_indexing(X, columns, axis=1)):
        assert_array_equal(made.fields, FIELDS[columns])
    assert_array_equal(X[:, columns].toarray(), DENSE[:, columns])
    rows_and_columns = X[np.ix_(ROWS, np.arange(6)[columns])]
    assert_array_equal(rows_and_columns.fields, FIELDS[columns])
    assert_array_equal(rows_and_columns.toarray(), DENSE[np.ix_(ROWS, np.arange(6)[columns])])


def test_selectors_keep_the_fields_of_what_they_select(X):
    y = np.arange(8) % 2
    X.data[X.indices == 1] = 0.0
    for selector in (VarianceThreshold(), SelectKBest(chi2, k=3)):
        made = selector.fit_transform(X, y)
        assert 0 < made.shape[1] < 6
        assert_array_equal(made.fields, FIELDS[selector.get_support()])
    steps = make_pipeline(VarianceThreshold(), MaxAbsScaler(), SelectKBest(chi2, k=2))
    assert len(steps.fit_transform(X, y).fields) == 2


@pytest.mark.parametrize(
    "key", [([0, 1], [2, 3]), DENSE > 2, (np.array([[0], [1]]), np.array([[0, 1], [1, 0]]))]
)
def test_chosen_entries_have_no_fields(key, X):
    assert getattr(X[key], "fields", None) is None
    if isinstance(key, np.ndarray):
        assert getattr(X[sp.csr_matrix(key)], "fields", None) is None


@pytest.mark.parametrize(
    "how",
    [
        lambda X: X @ type(X)(np.eye(6, dtype=np.float32)),
        lambda X: X + X,
        lambda X: X.maximum(X),
    ],
)
def test_what_has_lost_fields_is_known(how, X):
    assert not has_lost_fields(X)
    assert has_lost_fields(how(X))
    assert not has_lost_fields(sp.csr_matrix(DENSE))


def test_rows_of_a_memory_map_have_fields(X, tmp_path):
    joblib.dump(X, tmp_path / "X")
    mapped = joblib.load(tmp_path / "X", mmap_mode="r")
    assert isinstance(mapped.data, np.memmap)
    assert_array_equal(mapped[ROWS].fields, FIELDS)
    assert_array_equal(mapped[ROWS].toarray(), DENSE[ROWS])


@given(st.data())
def test_fields_are_those_of_the_columns_whatever_is_chosen(data):
    X = FieldMatrix(DENSE)
    X.fields = np.arange(6)
    X.data[:] = X.indices  # each entry tells its column
    indices = st.lists(st.integers(-6, 5), min_size=1, max_size=8)
    slices = st.slices(6)
    for _ in range(2):
        width = X.shape[1]
        columns = data.draw(st.one_of(indices, slices, st.lists(st.booleans(), min_size=6)))
        if not isinstance(columns, slice):
            columns = np.array(columns)
            columns = columns[:width] if columns.dtype == bool else columns % width
            if columns.dtype == bool and len(columns) < width:
                return
        X = X[:, columns]
        if not X.shape[1]:
            return
        assert_array_equal(X.data, X.fields[X.indices])


def test_fields_that_come_from_another_process_are_remembered(X):
    data = pickle.dumps(X)
    _MADE.clear()
    assert columns_with_fields(sp.csr_matrix(X)) is None
    stacked = sp.hstack([sp.csr_matrix(np.ones((8, 3), "f")), pickle.loads(data)]).tocsr()
    assert columns_with_fields(stacked) == slice(3, 9)
