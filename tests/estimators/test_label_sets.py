import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from small_estimators import small

from skembed import ChunkStream


def test_label_sets(number_problem):
    X, _ = number_problem
    sets = (X.toarray()[:, :3] > 0).astype(int)
    model = small(max_epochs=60).fit(X, sets)
    proba = model.predict_proba(X)
    assert proba.shape == (400, 3)
    assert (proba.sum(1) > 1).any()
    assert model.classes_.tolist() == [0, 1, 2]
    assert_array_equal(model.predict(X), proba > 0.5)
    assert_allclose(np.exp(model.predict_log_proba(X)), proba, rtol=1e-5)
    assert (model.predict(X) == sets).mean() > 0.9
    assert model.score(X, sets) > 0.8
    for same in (sp.csr_matrix(sets), sp.csr_array(sets), sets.astype(bool), sets.tolist()):
        other = small(max_epochs=60).fit(X, same)
        assert_array_equal(other.embeddings_, model.embeddings_)


def test_going_on_with_label_sets(number_problem):
    X, _ = number_problem
    sets = (X.toarray()[:, :3] > 0).astype(int)
    model = small()
    for _ in range(30):
        model.partial_fit(X, sets, classes=[0, 1, 2])
    assert (model.predict(X) == sets).mean() > 0.8
    with pytest.raises(ValueError, match="3 labels per row|expected 3"):
        model.partial_fit(X, sets[:, :2])


@pytest.fixture(scope="module")
def sets_problem(number_problem):
    X, _ = number_problem
    return X, (X.toarray()[:, :3] > 0).astype(int)


OTHER_CODES = {
    "-1 and 1": lambda sets: 2 * sets - 1,
    "1 and 2": lambda sets: sets + 1,
    "0 and 5": lambda sets: 5 * sets,
    "0 and -1": lambda sets: -sets,
    "0.0 and 2.0": lambda sets: sets * 2.0,
    "0, 1 and 2": lambda sets: sets + sets[:, :1],
    "halves": lambda sets: sets * 0.5,
    "all 5": lambda sets: np.full_like(sets, 5),
    "strings": lambda sets: np.where(sets, "yes", "no"),
    "objects": lambda sets: (2 * sets - 1).astype(object),
    "frame": lambda sets: pd.DataFrame(2 * sets - 1),
    "list": lambda sets: (sets + 1).tolist(),
    "sparse": lambda sets: sp.csr_matrix(2 * sets - 1),
    "sparse array": lambda sets: sp.coo_array(5 * sets),
    "sparse, twice": lambda sets: sp.coo_matrix(
        (np.ones(sets.sum() * 2), tuple(np.tile(sets.nonzero(), 2))), sets.shape
    ),
}


@pytest.mark.parametrize("codes", OTHER_CODES)
def test_label_sets_coded_otherwise_are_refused(codes, sets_problem, fits_that_change_nothing):
    X, sets = sets_problem
    y = OTHER_CODES[codes](sets)
    for fit in fits_that_change_nothing("fit"):
        with pytest.raises(ValueError, match=r"label sets, expected 1 .* and 0 .*has the .*Pass"):
            fit(X, y)


def test_the_values_of_label_sets_and_a_remedy_are_named(sets_problem):
    X, sets = sets_problem
    message = r"has the values -1 and 1.*Pass \(y == 1\)\.astype\(int\)"
    with pytest.raises(ValueError, match=message):
        small().fit(X, 2 * sets - 1)
    with pytest.raises(ValueError, match=r"has the values 0 and 5.*\(y == 5\)"):
        small().fit(X, sp.csr_matrix(5 * sets))
    with pytest.raises(ValueError, match="has the values 'no' and 'yes'.*MultiLabelBinarizer"):
        small().fit(X, np.where(sets, "yes", "no"))
    with pytest.raises(ValueError, match="has the values 0, 1, 2, 3 and 6 more values"):
        small().fit(X, np.arange(1200).reshape(400, 3) % 10)


def test_wrong_label_sets_are_refused_wherever_they_come_in(sets_problem):
    X, sets = sets_problem
    wrong, match = 2 * sets - 1, "has the values -1 and 1"
    model = small().fit(X, sets)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match=match):
        model.fit(ChunkStream(lambda: [(X, sets), (X, wrong)]))
    with pytest.raises(ValueError, match=match):
        model.partial_fit(X, wrong)
    with pytest.raises(ValueError, match=match):
        small().partial_fit(X, wrong, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=match):
        model.fit(X, sets, X_val=X, y_val=wrong)
    with pytest.raises(ValueError, match=match):
        model.score(X, wrong)
    assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize("kind", [bool, float, np.uint8, object, "frame", "boolean", "sparse"])
def test_zeros_and_ones_of_any_type_are_label_sets(kind, sets_problem):
    X, sets = sets_problem
    if kind == "frame":
        y = pd.DataFrame(sets)
    elif kind == "boolean":
        y = pd.DataFrame(sets).astype("boolean")
    else:
        y = sp.csc_array(sets.astype(float)) if kind == "sparse" else sets.astype(kind)
    model = small().fit(X, y)
    expected = small().fit(X, sets)
    assert_array_equal(model.embeddings_, expected.embeddings_)
    assert model.score(X, y) == expected.score(X, sets)


def test_one_hot_classes_are_trained_as_label_sets_with_a_warning(sets_problem):
    X, sets = sets_problem
    one_hot = np.eye(3, dtype=int)[np.arange(400) % 3]
    message = r"exactly one label in every row.*y\.argmax\(axis=1\)"
    for y in (one_hot, one_hot.astype(bool), one_hot.tolist(), sp.csr_matrix(one_hot)):
        with pytest.warns(UserWarning, match=message):
            small().fit(X, y)
    with pytest.warns(UserWarning, match=message):
        small().fit(ChunkStream(lambda: [(X, one_hot), (X, one_hot)]))
    with pytest.warns(UserWarning, match=message):
        model = small().partial_fit(X, one_hot, classes=[0, 1, 2])
    model.partial_fit(X, one_hot)  # warned already
    one_hot[7] = 1
    small().fit(X, one_hot)
    small().fit(X, sets)


def test_few_rows_of_one_label_each_can_be_chance(sets_problem):
    X, sets = sets_problem
    one = np.flatnonzero(sets.sum(axis=1) == 1)[:5]
    small().partial_fit(X[one], sets[one], classes=[0, 1, 2])
    stream = ChunkStream(lambda: [(X[one], sets[one]), (X, sets)])
    small().fit(stream)


@pytest.mark.parametrize(
    "rows", [[["a"], ["a", "b"]], [["a"], []], [{"a"}, {"b"}], [(1,), (1, 2)], "Series", "array"]
)
def test_lists_of_labels_are_refused_with_a_remedy(rows, sets_problem):
    X, _ = sets_problem
    y = (rows if isinstance(rows, list) else [["a"], ["a", "b"]]) * 200
    if isinstance(rows, str):
        y = pd.Series(y) if rows == "Series" else pd.Series(y).to_numpy()
    with pytest.raises(ValueError, match=r"y has collections.*MultiLabelBinarizer\(\)\.fit_tr"):
        small().fit(X, y)


def test_numbers_near_one_are_told_apart(sets_problem):
    X, sets = sets_problem
    with pytest.raises(ValueError, match="has the values 0 and 1.000000001"):
        small().fit(X, sets * (1 + 1e-9))
