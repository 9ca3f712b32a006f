import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import StandardScaler

from skembed.comparison._quantile_bins import QuantileBins, bin_edges
from skembed.comparison._table_features import (
    Components,
    expand,
    linear_features,
    resolutions,
    tree_features,
)

N_ROWS = 1200
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "room": RNG.choice(["whole", "shared", "part"], N_ROWS),
        "host": RNG.permutation(N_ROWS).astype(str),
        "price": RNG.lognormal(size=N_ROWS),
        "seen": pd.date_range("2026-01-01", periods=N_ROWS, freq="7h"),
        "tags": [["a", "b"], ["c"]] * (N_ROWS // 2),
        "advert": [f"sunny loft by number {number}" for number in range(N_ROWS)],
    }
)
KINDS = {
    "room": "category",
    "host": "category",
    "price": "number",
    "seen": "date",
    "tags": "list",
    "advert": "text",
}
MISSING = FRAME.astype({"price": object}).map(lambda cell: None).tail(3)
Y = RNG.integers(0, 2, N_ROWS)


def made(names, rows=FRAME):
    kinds = {name: KINDS[name] for name in names}
    return sp.csr_matrix(linear_features(kinds, N_ROWS).fit(FRAME).transform(rows)).toarray()


def test_linear_features_are_one_hot_and_multi_hot():
    assert_array_equal(made(["room"]), pd.get_dummies(FRAME["room"]).to_numpy())
    buckets = np.zeros((N_ROWS, 1))  # of unknown terms
    tags = np.array([[1, 1, 0], [0, 0, 1]] * (N_ROWS // 2))
    assert_array_equal(made(["tags"]), np.hstack([tags, buckets]))
    assert made(["room"], FRAME.assign(room="new")).sum() == 0


def test_numbers_are_standardised_and_in_bins():
    found = made(["price"])
    scaled = StandardScaler().fit_transform(FRAME[["price"]])
    assert_allclose(found[:, :1], scaled)
    bins = QuantileBins((4,)).fit(FRAME[["price"]]).transform(FRAME[["price"]])
    assert_array_equal(found[:, 1:], bins.toarray())
    assert_array_equal(bins.sum(axis=1), 1)
    assert [resolutions(n) for n in (799, 800, 3_200, 12_800)] == [(), (4,), (4, 16), (16, 64)]


def test_texts_are_the_tf_idf_of_scikit_learn():
    tfidf = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+", min_df=2)
    expected = tfidf.fit_transform(FRAME["advert"]).toarray()
    found = made(["advert"]) / 4
    assert_allclose(found @ found.T, expected @ expected.T, atol=1e-5)


def test_a_missing_or_hidden_number_has_a_bin():
    values = np.r_[np.zeros(90), np.arange(1.0, 11), np.nan][:, None]
    bins = QuantileBins((4,)).fit(values)
    codes = bins.transform(values).indices
    assert codes[-1] == codes.max()
    assert len(np.unique(codes[90:100])) == 4  # though zeros hide them from the quantiles
    assert bin_edges(np.array([np.nan]), 4).size == 0


def test_dates_become_their_parts():
    found = expand(FRAME, {"seen": "date"})
    assert found.columns.tolist() == ["seen month", "seen weekday", "seen hour", "seen day"]
    assert found["seen weekday"].tolist()[:2] == ["3", "3"]
    assert_allclose(np.diff(found["seen day"]), 7 / 24, rtol=1e-6)


def test_categories_are_equal_strings_whether_or_not_some_are_missing():
    whole, some = pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2, np.nan]})
    kinds = {"a": "category"}
    assert expand(whole, kinds)["a"].tolist() == ["1", "2"]
    assert expand(some, kinds)["a"].tolist() == ["1", "2", "(missing)"]


@pytest.mark.parametrize("names", [[*KINDS], ["price"], ["host", "room"]])
def test_rows_that_lack_everything_have_features_for_both(names):
    kinds = {name: KINDS[name] for name in names}
    frame = pd.concat([FRAME, MISSING], ignore_index=True)
    y = np.r_[Y, [0, 1, 0]]
    assert np.isfinite(linear_features(kinds, len(frame)).fit_transform(frame).data).all()
    trees, categories = tree_features(kinds, frame, target_type="auto", seed=0)
    found = trees.fit_transform(frame, y)
    assert isinstance(found, np.ndarray) and len(found) == len(frame)
    assert len(categories) == sum(name in ("room", "seen") for name in names) + 2 * (
        "seen" in names
    )


def test_trees_get_targets_means_of_many_categories_and_few_as_numbers():
    kinds = {"room": "category", "host": "category"}
    frame = FRAME.assign(host=[str(number % 300) for number in range(N_ROWS)])
    features, categories = tree_features(kinds, frame, target_type="auto", seed=0)
    found = features.fit_transform(frame, Y)
    assert categories == [0] and set(found[:, 0]) == {0, 1, 2}
    assert found.shape[1] == 2 and (0 <= found[:, 1]).all()
    assert np.isnan(features.transform(frame.assign(room="new"))[:, 0]).all()


def test_components_are_those_of_a_truncated_svd_where_rows_are_wide():
    X = sp.random_array((60, 200), density=0.1, rng=np.random.default_rng(0), format="csr")
    wide = Components(5, random_state=0).fit_transform(X)
    assert_allclose(wide, TruncatedSVD(5, random_state=0).fit(X).transform(X))
    assert_array_equal(Components(5).fit_transform(X[:, :50]), X[:, :50].toarray())
