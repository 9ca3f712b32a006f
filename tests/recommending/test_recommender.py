"""The recommender on made histories: kinds of input, recommendations, explanations, saving."""

import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse as sp
from made_histories import histories, matrix
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from skembed import ChunkStream, EmbeddingRecommender, TermEmbeddings, load, save
from skembed.metrics import hide_items, ndcg_at_k, ranking_scorer, recall_at_k

ROWS = histories()


def small(**changes):
    settings = dict(embedding_dim=8, max_epochs=15, learning_rate=0.02, random_state=0)
    return EmbeddingRecommender(**{**settings, **changes})


@pytest.fixture(scope="module")
def fitted():
    return small().fit(ROWS)


@pytest.mark.filterwarnings("ignore:y has 1 dimensions")
@pytest.mark.filterwarnings("ignore:Every row of X has an entry")
@parametrize_with_checks([small(max_epochs=2), small(max_epochs=2, early_stopping=True)])
def test_sklearn_check(estimator, check):
    check(estimator)


def test_finds_the_items_of_the_same_kind(fitted):
    given, hidden = hide_items(histories(seed=1), last=1)
    scores = fitted.decision_function(given)
    seen = fitted.item_matrix(given)
    assert recall_at_k(fitted.item_matrix(hidden), scores, 3, seen=seen) == 1
    items, _ = fitted.recommend([["k2_0", "k2_3"]], k=4)
    assert {item[:2] for item in items[0]} == {"k2"}


@pytest.mark.parametrize("made", [pd.Series, pa.array, lambda rows: pd.DataFrame({"had": rows})])
def test_lists_of_every_kind_give_the_same_model(fitted, made):
    other = small().fit(made(ROWS))
    assert other.items_.tolist() == fitted.items_.tolist()
    assert np.array_equal(other.decision_function(ROWS), fitted.decision_function(ROWS))


def test_a_matrix_gives_the_model_of_lists(fitted):
    X = matrix(ROWS, fitted.items_)
    for kind in (X, X.toarray(), sp.csc_array(X), 5 * X):  # binary: values do not count
        other = small().fit(kind)
        assert np.array_equal(other.decision_function(X), fitted.decision_function(ROWS))
    assert other.items_.tolist() == list(range(X.shape[1]))


def test_names_of_a_frame_are_the_items(fitted):
    X = pd.DataFrame(matrix(ROWS, fitted.items_).toarray(), columns=fitted.items_)
    other = small().fit(X)
    assert other.items_.tolist() == fitted.items_.tolist()
    assert other.recommend(X[:3])[0].tolist() == fitted.recommend(ROWS[:3])[0].tolist()


def test_values_weigh_unless_binary(fitted):
    X = matrix(ROWS, fitted.items_)
    X.data[::3] = 4
    assert not np.allclose(
        small(binary=False).fit(X).embeddings_, small(binary=False).fit(X != 0).embeddings_
    )


def test_integers_stay_integers():
    rows = [[int(item[1]) * 100 + int(item[3]) for item in row] for row in ROWS]
    recommender = small().fit(rows)
    items, _ = recommender.recommend([[200, 203]], k=3)
    assert items.dtype.kind == "i"
    assert set(items[0] // 100) == {2}


def test_unknown_items_are_left_out_and_reported(fitted):
    assert np.array_equal(
        fitted.decision_function([["k1_0", "new"]]), fitted.decision_function([["k1_0"]])
    )
    report = fitted.coverage([["k1_0", "new"]])
    assert report["unknown"].tolist() == [0.5]
    assert report["most_frequent_unknown"].tolist() == [["new"]]


def test_an_empty_history_gets_what_is_popular(fitted):
    items, scores = fitted.recommend([[]], k=24)
    counts = dict(zip(*np.unique(np.concatenate(ROWS), return_counts=True), strict=True))
    assert (np.diff(scores[0]) <= 0).all()
    popular = [counts[item] for item in items[0]]
    assert np.corrcoef(popular, scores[0])[0, 1] > 0.8


def test_what_was_seen_is_left_out_or_not(fitted):
    row = ["k0_0", "k0_1"]
    without, _ = fitted.recommend([row], k=24)
    assert not set(row) & set(without[0, :22])
    assert without[0, 22:].tolist() == [None, None]
    everything, scores = fitted.recommend([row], k=24, exclude_seen=False)
    assert set(everything[0]) == set(fitted.items_)
    places = [fitted.items_.tolist().index(item) for item in everything[0]]
    assert np.array_equal(fitted.decision_function([row])[0, places], scores[0])


def test_candidates_are_all_there_is(fitted):
    chosen = ["k3_1", "k2_1", "k3_0"]
    table = fitted.recommend([["k3_0"], []], k=5, candidates=chosen, as_frame=True)
    assert set(table["item"][table["user"] == 0]) == {"k3_1", "k2_1"}
    assert table["rank"].tolist() == [1, 2, 1, 2, 3]
    with pytest.raises(ValueError, match="candidates has 'k9_9', which is not in the catalogue"):
        fitted.recommend([[]], candidates=["k9_9"])


def test_predict_is_the_first_recommendation(fitted):
    rows = histories(20, seed=2)
    assert fitted.predict(rows).tolist() == fitted.recommend(rows, k=1)[0][:, 0].tolist()


def test_blocks_of_users_change_nothing(fitted, monkeypatch):
    rows = histories(50, seed=3)
    whole = fitted.recommend(rows, k=5)
    monkeypatch.setattr("skembed.recommending._fitted_recommender._BLOCK_SCORES", 24 * 7)
    parts = fitted.recommend(rows, k=5)
    assert np.array_equal(whole[0], parts[0])
    assert np.allclose(whole[1], parts[1], rtol=1e-5)


def test_similar_items_are_of_the_same_kind(fitted):
    items, cosines = fitted.similar_items("k1_2", k=5)
    assert {item[:2] for item in items} == {"k1"}
    assert (np.diff(cosines) <= 0).all()
    neighbours = TermEmbeddings.from_estimator(fitted).most_similar("k1_2", topn=5)
    assert [name for name, _ in neighbours] == items.tolist()


@pytest.mark.parametrize("item_item", [True, False])
def test_explanations_add_up_to_the_scores(item_item):
    recommender = small(item_item=item_item).fit(ROWS)
    table = recommender.explain([["k0_0", "k0_3"], ["k1_1"], []], k=3)
    sums = table.groupby(["user", "item"])["contribution"].sum()
    scores = table.groupby(["user", "item"])["score"].first()
    assert np.allclose(sums, scores, atol=1e-5)
    of_first = table[table["user"] == 0]
    assert set(of_first["because"].dropna()) == {"k0_0", "k0_3"}
    best = of_first.iloc[0]
    assert best["contribution"] > 0


def test_weights_from_item_to_item_are_added():
    recommender = small(item_item=True, item_item_l2=10.0).fit(ROWS)
    X = recommender.item_matrix(ROWS)
    network = small(item_item=False).fit(ROWS).decision_function(ROWS)
    share = recommender.plan_["item_item_share"]
    assert share > 0
    beside = recommender.decision_function(ROWS) - network
    assert np.allclose(X @ recommender.item_item_coef_, beside, atol=1e-4)
    assert (np.diag(recommender.item_item_coef_) == 0).all()


def test_what_follows_is_found():
    rng = np.random.default_rng(0)
    before = [[f"a{kind}", f"b{kind}"] for kind in rng.integers(0, 5, 200)]
    after = [f"c{row[0][1]}" for row in before]
    catalogue = [[item] for item in sorted(set(after))]
    recommender = small(max_epochs=30, early_stopping=False).fit(
        before + catalogue, after + [f"a{number}" for number in range(5)]
    )
    assert recommender.predict([["a3", "b3"], ["a1"]]).tolist() == ["c3", "c1"]


def test_what_follows_in_a_matrix_is_that_of_lists(fitted):
    given, hidden = hide_items(ROWS, last=1)
    vocabulary = fitted.items_
    lists = small(early_stopping=False).fit(given, hidden)
    order = lists.items_
    X, Y = matrix(given, order), matrix(hidden, order)
    rows = small(early_stopping=False).fit(X, Y)
    assert len(order) == len(vocabulary)
    assert np.array_equal(rows.decision_function(X), lists.decision_function(given))


def test_a_y_that_is_no_matrix_warns(fitted):
    X = matrix(ROWS, fitted.items_)
    with pytest.warns(UserWarning, match="y has 1 dimensions and is ignored"):
        other = small().fit(X, np.zeros(X.shape[0]))
    assert np.array_equal(other.embeddings_, small().fit(X).embeddings_)


@pytest.mark.parametrize("lists", [True, False])
def test_a_stream_learns_too(fitted, lists):
    X = ROWS if lists else matrix(ROWS, fitted.items_)
    stream = ChunkStream(lambda: iter([(X[:50],), (X[50:],)]))
    recommender = small().fit(stream)
    assert len(recommender.history_["val_ndcg"]) >= recommender.n_epochs_
    given, hidden = hide_items(X, random_state=1)
    scores = recommender.decision_function(given)
    seen = recommender.item_matrix(given)
    assert recall_at_k(recommender.item_matrix(hidden), scores, 3, seen=seen) == 1


def test_a_stream_without_users_held_out_is_the_fit_of_its_rows(fitted):
    X = matrix(ROWS, fitted.items_)
    settings = dict(early_stopping=False, item_item=True)
    stream = small(**settings).fit(ChunkStream(lambda: iter([(X,)])))
    array = small(**settings).fit(X)
    assert np.allclose(stream.decision_function(X), array.decision_function(X), atol=1e-4)


def test_the_same_seed_gives_the_same_bits(fitted):
    again = clone(fitted).fit(ROWS)
    assert np.array_equal(again.decision_function(ROWS), fitted.decision_function(ROWS))


@pytest.mark.parametrize("kept", ["save", "pickle"])
@pytest.mark.parametrize("lists", [True, False])
def test_a_copy_predicts_the_same(fitted, tmp_path, kept, lists):
    X = ROWS if lists else matrix(ROWS, fitted.items_)
    model = small(item_item=True).fit(X)
    if kept == "save":
        save(model, tmp_path / "model")
        copy = load(tmp_path / "model")
    else:
        copy = pickle.loads(pickle.dumps(model))
    assert np.array_equal(copy.decision_function(X), model.decision_function(X))
    assert copy.recommend(X)[0].tolist() == model.recommend(X)[0].tolist()
    assert copy.plan_ == model.plan_


def test_a_search_ranks_held_out_items():
    scoring = ranking_scorer("recall", 3)
    search = GridSearchCV(small(item_item=False), {"embedding_dim": [1, 8]}, scoring=scoring, cv=2)
    search.fit(ROWS)
    assert search.best_params_ == {"embedding_dim": 8}
    worse, better = search.cv_results_["mean_test_score"]
    assert better > worse + 0.1


def test_score_is_the_ndcg_of_hidden_items(fitted):
    X = fitted.item_matrix(ROWS)
    given, hidden = hide_items(X, random_state=0)
    network = fitted._scores(given)
    assert fitted.score(ROWS) == ndcg_at_k(hidden, network, seen=given)


def test_large_catalogues_have_weights_between_frequent_items(fitted, monkeypatch):
    monkeypatch.setattr("skembed.recommending._gram_matrix.MOST_ITEMS", 10)
    X = matrix(ROWS, fitted.items_)
    model = small(item_item=True).fit(X)
    frequent = np.sort(np.argsort(-X.sum(axis=0).A1, kind="stable")[:10])
    assert np.array_equal(model._weighted_items, frequent)
    others = np.delete(np.arange(X.shape[1]), frequent)
    assert not model.item_item_coef_[others].any()
    assert model.item_item_coef_[np.ix_(frequent, frequent)].any()
    table = model.explain(X[:5], k=24)
    sums = table.groupby(["user", "item"])["contribution"].sum()
    assert np.allclose(sums, table.groupby(["user", "item"])["score"].first(), atol=1e-5)


@pytest.mark.filterwarnings("ignore:2 of 2 rows hold no term")
@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[], []], None, "No history has an item"),
        (sp.csr_matrix((4, 3)), None, "No history has an item"),
        (-np.eye(3), None, "X is -1 in row 0, column 0"),
        ([["a"], ["b"]], [["a"]], "inconsistent numbers of samples"),
        ([["a"], ["b"]], ["x", "x"], "y has no item of the catalogue"),
        (np.eye(3), np.eye(3)[:, :2], "y has 2 columns, but X has 3"),
        (np.eye(3), -np.eye(3), "y is negative in row 0"),
        (np.array([[np.nan, 1]]), None, "NaN"),
        (["ham", "eggs"], None, "Row 0 of X is 'ham', expected a list"),
        ([1, 2], None, "Row 0 of X is 1, expected a list"),
        (
            pd.DataFrame({"user": ["u", "v"], "item": ["a", "b"]}),
            None,
            r"Column 'user' of X holds strings .*groupby\('user'\)\['item'\]",
        ),
    ],
)
def test_bad_input_is_told(X, y, message):
    with pytest.raises(ValueError, match=message):
        small().fit(X, y)


def test_a_bad_fit_leaves_the_recommender_as_it_was(fitted):
    model = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(ValueError, match="No history"):
        model.fit([[]])
    assert np.array_equal(model.decision_function(ROWS), fitted.decision_function(ROWS))


def test_one_history_without_its_list_is_refused(fitted):
    with pytest.raises(ValueError, match="expected a list of items; pass a list for each user"):
        fitted.recommend(["k1_0", "k1_1"])
    with pytest.raises(TypeError, match="X is of type int"):
        small().fit(5)


def test_a_matrix_for_lists_is_refused(fitted):
    with pytest.raises(ValueError, match="was fitted on lists"):
        fitted.decision_function(np.eye(24))


@pytest.mark.parametrize("k", [0, -1, 1.5, True])
def test_k_is_checked(fitted, k):
    calls = [
        lambda: fitted.recommend(ROWS, k=k),
        lambda: fitted.explain(ROWS, k=k),
        lambda: fitted.similar_items("k1_1", k=k),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="k is"):
            call()


def test_an_array_of_ids_warns():
    with pytest.warns(UserWarning, match=r"for rows of ids, pass X.tolist\(\)"):
        small(max_epochs=1).fit(np.array([[12, 55, 3], [7, 12, 9]]))


def test_an_optimizer_that_is_a_class_is_told():
    import keras

    with pytest.raises(TypeError, match="optimizer is the class Adam"):
        small(optimizer=keras.optimizers.Adam).fit(ROWS)


def test_a_stream_and_its_rows_have_the_same_defaults_without_users_held_out(fitted):
    X = matrix(ROWS, fitted.items_)
    stream = small(early_stopping=False).fit(ChunkStream(lambda: iter([(X[:0],), (X,)])))
    assert stream.plan_ == small(early_stopping=False).fit(X).plan_
    assert stream.plan_["item_item_share"] > 0


def test_a_fit_of_lists_forgets_the_columns_of_a_matrix(fitted):
    model = small(max_epochs=1).fit(matrix(ROWS, fitted.items_))
    assert model.n_features_in_ == 24
    model.fit(ChunkStream(lambda: iter([(ROWS,)])))
    assert not hasattr(model, "n_features_in_")
