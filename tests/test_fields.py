import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from conftest import random_counts
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler

from skembed import (
    EmbeddingDNNClassifier,
    EmbeddingDNNRegressor,
    FieldTransformer,
    VocabularyTransformer,
    field_numbers,
    load,
    make_embedding_pipeline,
    save,
)
from skembed.network._field_layout import FieldLayout, checked_fields
from skembed.network._pooling import COMBINERS, Pooling
from skembed.network._used_columns import Columns
from skembed.training import _batches
from skembed.training._batches import Packer, RowLengths, plan_shape

FIELDS = np.array([1, 0, -1, 1, 2, 0, -1, -1, 2, 1])  # in no order, with numbers


def problem(n_rows=120, seed=0, dtype=np.float32):
    X = random_counts(n_rows, len(FIELDS), seed=seed).astype(dtype)
    return X, np.random.default_rng(seed).integers(0, 2, n_rows)


def classifier(**changes):
    settings = dict(hidden_units=(6,), max_epochs=3, batch_size=16, random_state=0)
    return EmbeddingDNNClassifier(2, **{**settings, **changes})


def pooled_by_field(X, table, combiner, fields, dim):
    """Each field by itself, by the identity that the whole row is pooled with."""
    parts = [
        Pooling(combiner).matrix(X[:, np.flatnonzero(fields == f)]) @ table[fields == f]
        for f in np.unique(fields[fields >= 0])
    ]
    numeric = np.flatnonzero(fields == -1)
    groups = [numeric[start : start + dim] for start in range(0, len(numeric), dim)]
    return np.hstack(parts + [X[:, group] @ table[group] for group in groups])


@pytest.mark.parametrize("combiner", COMBINERS)
def test_every_field_is_pooled_by_itself_and_numbers_are_added_up(combiner):
    X, _ = problem()
    table = np.random.default_rng(1).normal(size=(len(FIELDS), 2)).astype(np.float32)
    pooling = Pooling(combiner, FieldLayout.of(FIELDS, embedding_dim=2))
    ours = pooling.pool(pooling.segments(X), table).reshape(X.shape[0], -1)
    assert_allclose(ours, pooled_by_field(X, table, combiner, FIELDS, 2), atol=1e-6)
    assert_allclose(pooling.matrix(pooling.segments(X)) @ table, ours.reshape(-1, 2), atol=1e-6)


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=12), st.integers(0, 2**31))
def test_segments_hold_the_entries_of_their_row_and_field(fields, seed):
    fields = np.array(fields)
    layout = FieldLayout.of(fields, 3)
    X = sp.random(5, len(fields), 0.5, "csr", np.float32, random_state=seed)
    segments = layout.split(X).toarray().reshape(5, layout.n_fields, len(fields))
    assert_array_equal(segments.sum(axis=1), X.toarray())
    for field in range(layout.n_fields):
        assert (segments[:, field, layout.numbers != field] == 0).all()


@pytest.mark.parametrize("linear", [True, False])
def test_training_is_gradient_descent_through_the_fields_products(linear):
    """Full batches through the compiled loop: the weights that TensorFlow's own ops give."""
    import tensorflow as tf

    X, y = problem(32, dtype=np.float64)
    model = classifier(
        fields=FIELDS, optimizer="sgd", learning_rate=0.5, batch_size=32, max_epochs=1,
        linear=linear, embedding_init="random", activation="tanh",
    )  # fmt: skip
    start = clone(model).set_params(learning_rate=1e-300).fit(X, y)
    layout = FieldLayout.of(FIELDS, 2)
    S = tf.constant(Pooling("sqrtn", layout).matrix(layout.split(X)).toarray())
    arrays = [start.embeddings_, *start.coefs_, *start.intercepts_, start.linear_coef_.T]
    variables = [tf.Variable(array) for array in arrays]
    with tf.GradientTape() as tape:
        E, K1, K2, b1, b2, w = variables
        embedded = tf.reshape(S @ E, (32, -1))
        logits = tf.tanh(embedded @ K1 + b1) @ K2 + b2
        if linear:
            scale = start._linear_scale
            logits += tf.reduce_sum(tf.reshape(S @ w * scale, (32, -1, 1)), axis=1) / scale
        each = tf.nn.sigmoid_cross_entropy_with_logits(y[:, None].astype(float), logits)
        value = tf.reduce_mean(each)
    gradients = tape.gradient(value, variables[:5])
    fitted = model.fit(X, y)
    ours = [fitted.embeddings_, *fitted.coefs_, *fitted.intercepts_]
    for new, old, gradient in zip(ours, variables, gradients, strict=False):
        assert_allclose(new, old - 0.5 * gradient, rtol=1e-6, atol=1e-9)
    assert_allclose(fitted.history_["loss"][0], value.numpy(), rtol=1e-9)


def test_one_field_for_all_is_no_field():
    X, y = problem()
    one = classifier(fields=[0] * len(FIELDS)).fit(X, y)
    none = classifier(fields=None).fit(X, y)
    assert_array_equal(one.predict_proba(X), none.predict_proba(X))


def test_sizes_are_fields_of_neighbours():
    X, y = problem()
    sizes = classifier(fields=[3, 5, 2]).fit(X, y)
    numbers = classifier(fields=np.repeat([7, 8, 9], [3, 5, 2])).fit(X, y)
    assert_array_equal(sizes.predict_proba(X), numbers.predict_proba(X))
    assert sizes.coefs_[0].shape == (3 * 2, 6)
    assert sizes.transform(X).shape == (X.shape[0], 6)
    assert len(sizes.get_feature_names_out()) == 6


def test_the_order_of_columns_does_not_matter():
    X, y = problem(dtype=np.float64)
    order = np.random.default_rng(3).permutation(len(FIELDS))
    table = np.random.default_rng(4).normal(size=(len(FIELDS), 2))
    fields = np.where(FIELDS < 0, 3, FIELDS)
    one = classifier(fields=fields, embedding_init=table).fit(X, y)
    other = classifier(fields=fields[order], embedding_init=table[order]).fit(X[:, order], y)
    assert_allclose(other.predict_proba(X[:, order]), one.predict_proba(X), rtol=1e-9)


def test_dense_input_and_input_in_parts_give_the_same():
    X, y = problem()
    sparse = classifier(fields=FIELDS).fit(X, y)
    dense = classifier(fields=FIELDS).fit(X.toarray(), y)
    assert_array_equal(sparse.predict_proba(X), dense.predict_proba(X.toarray()))
    rows = np.vstack([sparse.predict_proba(X[i]) for i in range(X.shape[0])])
    assert_array_equal(rows, sparse.predict_proba(X))


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
def test_row_sparse_updates_equal_dense_ones_with_fields(optimizer, monkeypatch):
    X, y = problem(dtype=np.float64)
    settings = dict(fields=FIELDS, optimizer=optimizer, embedding_l2=0.0, linear_l2=0.0)
    dense = classifier(**settings).fit(X, y)
    monkeypatch.setattr(_batches, "_SPARSE_MIN_ROWS", 1)
    monkeypatch.setattr(_batches, "_SPARSE_SHARE", 10.0)
    sparse = classifier(**settings).fit(X, y)
    assert_allclose(sparse.embeddings_, dense.embeddings_, rtol=1e-9)
    assert_allclose(sparse.predict_proba(X), dense.predict_proba(X), rtol=1e-9)


def test_columns_without_entries_change_nothing():
    X, y = problem()
    wide = sp.csr_matrix(sp.hstack([X, sp.csr_matrix((X.shape[0], 30), dtype=np.float32)]))
    fields = np.concatenate([FIELDS, np.repeat(2, 30)])
    one = classifier(fields=FIELDS).fit(X, y)
    other = classifier(fields=fields).fit(wide, y)
    assert_array_equal(other.predict_proba(wide), one.predict_proba(X))


@pytest.mark.parametrize("uniform", [True, False])
def test_term_dropout_leaves_numbers_as_they_are(uniform):
    X, y = problem(64)
    if uniform:
        X.data[:] = 1
    layout = FieldLayout.of(FIELDS, 2)
    columns, pooling = Columns.of(X), Pooling("sum", layout)
    shape = plan_shape(
        RowLengths.of(X), columns, 64, allow_row_sparse=False, weighted=not uniform,
        term_dropout=0.5, n_fields=layout.n_fields,
    )  # fmt: skip
    packer = Packer(shape, columns, pooling, np.dtype("f"), term_dropout=0.5)
    arrays = packer.pack(X, y.astype("f"), np.ones(64, "f")).arrays
    ids, segments = arrays["ids"][0], arrays["segments"][0]
    known = segments < shape.n_segments
    values = arrays["values"][0] if "values" in arrays else arrays["scales"][0][segments[known]]
    thin = sp.coo_matrix((values[: known.sum()], (segments[known], ids[known])))
    thin = sp.csr_matrix(thin, shape=(shape.n_segments, len(FIELDS))).toarray()
    thin = thin.reshape(64, layout.n_fields, -1).sum(axis=1)
    numeric = FIELDS == -1
    assert_allclose(thin[:, numeric], X.toarray()[:, numeric])
    kept = thin[:, ~numeric] != 0
    assert_allclose(thin[:, ~numeric][kept], 2 * X.toarray()[:, ~numeric][kept])
    assert 0.3 < kept.sum() / (X.toarray()[:, ~numeric] != 0).sum() < 0.7


def test_numbers_learn_what_categories_cannot():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.choice(list("xyz"), 1500), "n": rng.normal(size=1500)})
    y = 3 * frame["n"] + (frame["a"] == "x")
    model = make_embedding_pipeline(
        EmbeddingDNNRegressor(max_epochs=30, random_state=0), categorical=["a"], numeric=["n"]
    )
    assert model.fit(frame[:1000], y[:1000]).score(frame[1000:], y[1000:]) > 0.98


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "city": rng.choice(["rome", "oslo", "lima"], 300),
            "kind": rng.choice(["a", "b"], 300),
            "note": rng.choice(["big old house", "small flat", "new house by the sea"], 300),
            "size": rng.normal(size=300),
        }
    )
    frame.loc[3, ["city", "size"]] = None, np.nan
    y = (frame["city"] == "oslo") ^ (frame["size"].fillna(0) > 0)
    return frame, y.astype(int)


def test_fields_of_many_transformers(table):
    frame, _ = table
    frame = frame.dropna()
    columns = FieldTransformer(
        [
            ("numbers", StandardScaler(), ["size"]),
            ("words", CountVectorizer(), "note"),
            ("hot", OneHotEncoder(drop="first"), ["city", "kind"]),
            ("bins", make_pipeline(StandardScaler(), KBinsDiscretizer(
                4, quantile_method="averaged_inverted_cdf")), ["size"]),
            ("terms", VocabularyTransformer(num_oov_buckets=2), ["city", "kind"]),
            ("left", "drop", ["kind"]),
            ("same", "passthrough", ["size"]),
        ]
    )  # fmt: skip
    X = columns.fit_transform(frame)
    n_words = len(columns.named_transformers_["words"].vocabulary_)
    sizes = [n_words, 2, 1, 4, 5, 4]
    assert_array_equal(X.fields, [-1, *np.repeat(range(6), sizes), -1])
    assert X.dtype == np.float32 and X.format == "csr" and X.shape[1] == len(X.fields)
    assert_array_equal(columns.transform(frame).fields, columns.fields_)


@pytest.mark.skipif(
    "sparse_interface" not in sklearn.get_config(), reason="this scikit-learn has no such setting"
)
@pytest.mark.parametrize(
    "transformer", [VocabularyTransformer(), OneHotEncoder(sparse_output=False)]
)
def test_sparse_arrays_are_given_where_they_are_asked_for(transformer):
    frame = pd.DataFrame({"a": list("xyx")})
    columns = FieldTransformer([("a", transformer, ["a"])])
    with sklearn.config_context(sparse_interface="sparray"):
        X = columns.fit_transform(frame)
    assert isinstance(X, sp.csr_array) and X.dtype == np.float32
    assert_array_equal(X.fields, [0, 0])
    assert isinstance(columns.transform(frame), sp.csr_matrix)


def test_infrequent_categories_are_counted_once():
    frame = pd.DataFrame({"a": list("xxxxyyyyzw"), "b": list("pqpqpqpqpq")})
    hot = OneHotEncoder(min_frequency=3)
    columns = make_column_transformer((hot, ["a", "b"])).fit(frame)
    assert_array_equal(field_numbers(columns), [0, 0, 0, 1, 1])


def test_a_pipeline_from_column_names(table, tmp_path):
    frame, y = table
    model = make_embedding_pipeline(
        EmbeddingDNNClassifier(4, max_epochs=40, random_state=0),
        categorical=["city", "kind"],
        numeric=["size"],
        text=["note"],
    )
    assert cross_val_score(model, frame, y, cv=3).mean() > 0.9
    copy = pickle.loads(pickle.dumps(clone(model).fit(frame, y)))
    network = copy[-1]
    assert network._field_layout_.n_fields == 4  # city, kind, numbers, note
    assert network.coefs_[0].shape[0] == 4 * network.embeddings_.shape[1]
    unseen = frame.assign(city="paris", note="unheard of")
    assert np.isfinite(copy.predict_proba(unseen)).all()
    search = GridSearchCV(model, {"network__embedding_dim": [2, 4]}, cv=2).fit(frame, y)
    assert search.best_score_ > 0.9
    save(network, tmp_path / "network.skembed")
    X = copy[0].transform(frame)
    assert_array_equal(
        load(tmp_path / "network.skembed").predict_proba(X), copy.predict_proba(frame)
    )


def test_other_estimators_do_not_mind_fields(table):
    frame, y = table
    model = make_embedding_pipeline(LogisticRegression(), categorical=["city"], numeric=["size"])
    assert 0.5 < model.fit(frame, y).score(frame, y) < 0.9


def test_keras_gives_the_same(table):
    frame, y = table
    model = make_embedding_pipeline(
        classifier(), categorical=["city"], numeric=["size"], text=["note"]
    ).fit(frame, y)
    X = model[0].transform(frame)
    keras_model = model[-1].to_keras()
    probability = keras_model.predict(X.toarray(), verbose=0)[:, 0]
    assert_allclose(probability, model.predict_proba(frame)[:, 1], atol=1e-5)
    again = type(keras_model).from_config(keras_model.get_config())
    again.set_weights(keras_model.get_weights())
    assert_allclose(again.predict(X.toarray(), verbose=0)[:, 0], probability, atol=1e-6)


def test_going_on_keeps_the_fields():
    X, y = problem()
    model = classifier(fields=FIELDS, warm_start=True).fit(X, y)
    before = model.history_["loss"][-1]
    assert model.fit(X, y).history_["loss"][-1] < before
    with pytest.raises(ValueError, match="embedding_dim is 3 but the fitted network has 2"):
        clone(model).fit(X, y).set_params(embedding_dim=3).fit(X, y)
    with pytest.raises(ValueError, match="fields differ from those of the fitted network"):
        model.set_params(fields=FIELDS[::-1]).fit(X, y)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([3, 4], "2 numbers with the sum 7, but X has 10 features"),
        ([0.5] * 10, "must be a list of integers"),
        ([[0] * 10], "must be a list of integers"),
        ([-2] + [0] * 9, "holds -2 for feature 0"),
        ([11, -1], "2 numbers with the sum 10, but"),
        ([], "must be a list of integers"),
        ([[1], [2, 3]], "must be a list of integers"),
    ],
)
def test_wrong_fields_are_named(fields, message):
    X, y = problem()
    model = classifier(fields=fields)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not [name for name in vars(model) if name.endswith("_")]
    with pytest.raises(ValueError, match=message):
        checked_fields(fields, 10)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "at least one column"),
        ({"numeric": ["a"], "text": ["a"]}, "'a' is named twice"),
        ({"categorical": "city"}, r"categorical is the string 'city'.*\['city'\]"),
    ],
)
def test_a_helper_without_sense_is_refused(columns, message):
    with pytest.raises(ValueError, match=message):
        make_embedding_pipeline(classifier(), **columns)


def test_strings_among_numbers_are_named():
    frame = pd.DataFrame({"size": [1, 2] * 10, "city": ["rome", "oslo"] * 10})
    model = make_embedding_pipeline(classifier(), numeric=["size", "city"])
    with pytest.raises(ValueError, match="Column 'city' of X holds strings such as 'rome'"):
        model.fit(frame, [0, 1] * 10)
