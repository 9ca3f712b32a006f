import pickle
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
import small_estimators
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from skembed import EmbeddingDNNClassifier, VocabularyTransformer
from skembed.estimators._base import BaseEmbeddingDNN

small = partial(small_estimators.small, max_epochs=60)


@pytest.fixture(scope="module")
def fitted(binary_problem):
    return small().fit(*binary_problem)


def test_learns_and_predicts_consistently(fitted, binary_problem):
    X, y = binary_problem
    proba = fitted.predict_proba(X)
    assert accuracy_score(y, fitted.predict(X)) > 0.85
    assert_allclose(proba.sum(1), 1, rtol=1e-6)
    assert_array_equal(fitted.predict(X), fitted.classes_[proba.argmax(1)])
    assert_allclose(np.exp(fitted.predict_log_proba(X)), proba, rtol=1e-5, atol=1e-30)
    assert_array_equal(fitted.predict(X), (fitted.decision_function(X) > 0).astype(int))


def test_prediction_is_the_lookup_summed_and_passed_on(fitted, binary_problem):
    X, _ = binary_problem
    row = X[3].toarray()[0]
    terms = np.repeat(np.arange(len(row)), row.astype(int))  # counts as repeated terms
    pooled = fitted.embeddings_[terms].sum(0)
    hidden = np.maximum(pooled @ fitted.coefs_[0] + fitted.intercepts_[0], 0)
    linear = fitted.linear_coef_[:, terms].sum(1)
    logit = hidden @ fitted.coefs_[1] + fitted.intercepts_[1] + linear
    assert_allclose(fitted.decision_function(X[3]), logit, rtol=1e-5)


def test_many_classes_with_string_labels(binary_problem):
    X, _ = binary_problem
    y = np.array(["ant", "bee", "cow"])[X.toarray()[:, :3].argmax(1)]
    model = small().fit(X, y)
    assert model.classes_.tolist() == ["ant", "bee", "cow"]
    assert model.predict_proba(X).shape == (400, 3)
    assert accuracy_score(y, model.predict(X)) > 0.85


def test_dense_sparse_and_shuffled_indices_train_alike(fitted, binary_problem):
    X, y = binary_problem
    shuffled = X.copy()
    for start, end in zip(X.indptr[:-1], X.indptr[1:], strict=True):
        shuffled.indices[start:end] = X.indices[start:end][::-1]
        shuffled.data[start:end] = X.data[start:end][::-1]
    shuffled.has_sorted_indices = True
    for other in (X.toarray(), shuffled, X.tocsc(), sp.coo_array(X)):
        assert_array_equal(small().fit(other, y).embeddings_, fitted.embeddings_)


def test_a_table_of_few_used_columns_is_held_compactly(binary_problem):
    X, y = binary_problem
    places = np.random.default_rng(0).permutation(1000)[: X.shape[1]]
    wide = sp.csr_matrix((X.data, places[X.indices], X.indptr), shape=(X.shape[0], 1000))
    wide.sort_indices()
    model = small().fit(wide, y)
    assert len(model._table.rows) == len(np.unique(wide.indices)) + 1
    rows = sp.vstack([wide, sp.csr_matrix(np.eye(1000, dtype=np.float32)[:40])]).tocsr()
    compact = model.predict_proba(rows), model.transform(rows)
    unused = np.setdiff1d(np.arange(1000), wide.indices)
    assert model.embeddings_.shape == (1000, 4)
    assert not model.embeddings_[unused].any()
    assert model.embeddings_[np.unique(wide.indices)].any(axis=1).all()
    for fitted in (model, pickle.loads(pickle.dumps(small().fit(wide, y)))):
        assert_array_equal(fitted.predict_proba(rows), compact[0])
        assert_array_equal(fitted.transform(rows), compact[1])
    X_whole = sp.csr_matrix(np.random.default_rng(0).random((200, 1000), np.float32))
    model.fit(X_whole, np.arange(200) % 2)
    assert model.embeddings_.any(axis=1).all()


def test_counts_equal_repeated_terms():
    lists = [["a", "b", "a"], ["c"], ["a", "c"], ["b", "b", "b"]] * 10
    y = [1, 0, 1, 0] * 10
    counts = VocabularyTransformer(["a", "b", "c"], weighting="count").fit_transform(lists)
    codes = [["abc".index(term) for term in terms] for terms in lists]
    repeated = sp.csr_matrix(
        (
            np.ones(sum(map(len, codes)), np.float32),
            np.concatenate(codes),
            np.cumsum([0, *map(len, codes)]),
        ),
        shape=(40, 3),
    )
    for combiner in ("mean", "sum", "sqrtn"):
        a = small(combiner=combiner, max_epochs=2).fit(counts, y)
        b = small(combiner=combiner, max_epochs=2).fit(repeated, y)
        assert_array_equal(a.embeddings_, b.embeddings_)
        assert_array_equal(a.predict_proba(counts), b.predict_proba(repeated))


@pytest.mark.parametrize("combiner", ["mean", "sum", "sqrtn"])
def test_an_empty_row_has_a_finite_probability(combiner, binary_problem):
    X, y = binary_problem
    X = sp.vstack([X[:397], sp.csr_matrix((3, 30), dtype=X.dtype)]).tocsr()
    model = small(combiner=combiner, max_epochs=2).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()
    assert np.isfinite(model.predict_proba(sp.csr_matrix((2, 30)))).all()


def test_unseen_features_have_zero_embeddings(binary_problem):
    X, y = binary_problem
    wider = sp.hstack([X, sp.csr_matrix((X.shape[0], 5), dtype=X.dtype)]).tocsr()
    model = small().fit(wider, y)
    assert (model.embeddings_[-5:] == 0).all()
    assert_array_equal(model.embeddings_[:-5], small().fit(X, y).embeddings_)


def test_a_row_is_predicted_alike_in_any_company(fitted, binary_problem):
    X, _ = binary_problem
    together = fitted.decision_function(X)
    alone = np.concatenate([fitted.decision_function(X[i]) for i in range(X.shape[0])])
    assert_array_equal(together, alone)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_of_the_input_is_the_type_of_the_weights(dtype, binary_problem):
    X, y = binary_problem
    model = small(max_epochs=2).fit(X.astype(dtype), y)
    assert model.embeddings_.dtype == model.coefs_[0].dtype == dtype
    assert small(max_epochs=2).fit(X.astype(np.int64), y).embeddings_.dtype == np.float32


def test_optimizer_instances_are_copied(binary_problem):
    import keras

    X, y = binary_problem
    optimizer = keras.optimizers.Adam(0.01)
    by_instance = small(optimizer=optimizer, learning_rate=None, max_epochs=2).fit(X, y)
    by_name = small(optimizer="adam", learning_rate=0.01, max_epochs=2).fit(X, y)
    assert not optimizer.built
    assert_array_equal(by_instance.embeddings_, by_name.embeddings_)
    assert clone(by_instance).fit(X, y).n_steps_ == by_instance.n_steps_


def test_n_steps_and_history(binary_problem):
    X, y = binary_problem
    model = small(max_steps=3, max_epochs=None).fit(X, y)
    assert model.n_steps_ == 3
    assert model.n_epochs_ == len(model.history_["loss"]) == 2


def test_the_whole_signature_reaches_the_base_class():
    params = EmbeddingDNNClassifier().get_params()
    assert set(params) == set(EmbeddingDNNClassifier._parameter_constraints)
    own = {"class_weight", "unlabeled"}
    assert set(params) - set(BaseEmbeddingDNN._parameter_constraints) == own


def test_verbose_shows_progress_and_zero_is_silent(binary_problem, capfd):
    small(max_epochs=2).fit(*binary_problem)
    assert "rows" not in capfd.readouterr().err
    small(max_epochs=2, verbose=1).fit(*binary_problem)
    shown = capfd.readouterr().err
    assert "loss=" in shown
    assert "rows/s" in shown


def test_works_in_a_pipeline_a_search_and_cross_validation():
    lists = [["good", "film"], ["bad", "film"], ["good", "plot"], ["bad", "plot"]] * 15
    y = ["yes", "no", "yes", "no"] * 15
    pipeline = make_pipeline(VocabularyTransformer(), small())
    search = GridSearchCV(pipeline, {"embeddingdnnclassifier__learning_rate": [0.01, 0.03]}, cv=2)
    assert search.fit(lists, y).score(lists, y) == 1
    assert cross_val_score(pipeline, lists, y, cv=2, scoring="roc_auc").tolist() == [1, 1]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"embedding_dim": 0}, "embedding_dim"),
        ({"hidden_units": (8, 0)}, "hidden_units must be positive integers"),
        ({"hidden_units": (8.5,)}, "hidden_units must be positive integers"),
        ({"combiner": "max"}, "combiner"),
        ({"dropout": 1.0}, "dropout"),
        ({"optimizer": "adamm"}, "optimizer='adamm' is not a Keras optimizer.*adagrad"),
        ({"learning_rate": -1.0}, "learning_rate"),
    ],
)
def test_wrong_parameters_are_named(params, message, binary_problem):
    with pytest.raises(ValueError, match=message):
        small(**params).fit(*binary_problem)


def test_wrong_data_is_named(binary_problem):
    X, y = binary_problem
    with pytest.raises(NotFittedError):
        small().predict(X)
    with pytest.raises(ValueError, match="at least 2 classes"):
        small().fit(X, np.zeros(400))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        small().fit(X, y[:-1])
    model = small(max_epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="31 features.*30 features"):
        model.predict(sp.csr_matrix((2, 31)))
    bad = X.copy()
    bad.indices[0] = 99
    with pytest.raises(ValueError, match="column 99, which is out of bounds"):
        model.predict(bad)


def test_a_failed_fit_leaves_the_estimator_as_it_was(fitted, binary_problem):
    model = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(FloatingPointError):
        model.set_params(learning_rate=1e30, optimizer="sgd").fit(*binary_problem)
    assert_array_equal(model.embeddings_, fitted.embeddings_)
    fresh = small(learning_rate=1e30, optimizer="sgd")
    with pytest.raises(FloatingPointError):
        fresh.fit(*binary_problem)
    assert not hasattr(fresh, "embeddings_")


PREDICT_WITHOUT_TENSORFLOW = """
import pickle, sys
import scipy.sparse as sp
import skembed
assert "tensorflow" not in sys.modules
model, X, expected = pickle.load(open(sys.argv[1], "rb"))
assert (model.predict_proba(X) == expected).all()
assert not {"tensorflow", "keras", "scikeras"} & set(sys.modules)
"""


def test_prediction_in_a_fresh_process_needs_no_tensorflow(fitted, binary_problem, tmp_path):
    X, _ = binary_problem
    path = tmp_path / "model.pickle"
    path.write_bytes(pickle.dumps((fitted, X, fitted.predict_proba(X))))
    subprocess.run([sys.executable, "-c", PREDICT_WITHOUT_TENSORFLOW, str(path)], check=True)


@pytest.mark.slow
def test_the_lessons_network_on_imdb(real_data):
    import pandas as pd

    frame = pd.read_parquet(real_data / "imdb/imdb.parquet", columns=["text", "label", "split"])
    frame = frame.sample(frac=1, random_state=0)
    terms = (real_data / "imdb/mlcc_terms50.txt").read_text().split()
    tokens = frame.text.str.replace("<br />", " ").str.lower().str.findall(r"\w+|[^\w\s]")
    X = VocabularyTransformer(terms, weighting="count").fit_transform(tokens)
    y, is_train = frame.label.to_numpy(), (frame.split == "train").to_numpy()
    scores = []
    for seed in range(5):
        model = EmbeddingDNNClassifier(
            embedding_dim=2,
            hidden_units=(20, 20),
            combiner="mean",
            optimizer="adagrad",
            learning_rate=0.1,
            clip_norm=5.0,
            batch_size=25,
            max_steps=1000,
            random_state=seed,
        ).fit(X[is_train], y[is_train])
        assert model.n_steps_ == 1000
        p = model.predict_proba(X[~is_train])[:, 1]
        truth = y[~is_train]
        scores.append((accuracy_score(truth, p > 0.5), roc_auc_score(truth, p), log_loss(truth, p)))
    accuracy, auc, loss = np.mean(scores, axis=0)
    assert accuracy >= 0.780
    assert auc >= 0.868
    assert loss <= 0.456
