import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from field_problem import FIELDS, classifier, problem
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from skembed import ChunkStream, FieldTransformer, VocabularyTransformer
from skembed.network._field_layout import FieldLayout, checked_fields
from skembed.network._pooling import Pooling
from skembed.network._used_columns import Columns
from skembed.training import _batch_shape
from skembed.training._batch_shape import RowLengths, plan_shape
from skembed.training._batches import Packer


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
    monkeypatch.setattr(_batch_shape, "_SPARSE_MIN_ROWS", 1)
    monkeypatch.setattr(_batch_shape, "_SPARSE_SHARE", 10.0)
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


# Fields on their way from a transformer to a network.


@pytest.fixture(scope="module")
def made():
    """A table, the features that know their fields, and labels."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "a": rng.choice(list("stuvw"), 300),
            "b": rng.choice(list("xyz"), 300),
            "n": rng.normal(size=300),
        }
    )
    columns = FieldTransformer(
        [("terms", VocabularyTransformer(), ["a", "b"]), ("numbers", "passthrough", ["n"])]
    )
    return table, columns, columns.fit_transform(table), rng.integers(0, 2, 300)


@pytest.mark.parametrize(
    "way",
    [
        lambda X: X[np.arange(300)],
        lambda X: X.copy(),
        lambda X: X.astype(np.float64).astype(np.float32),
        lambda X: pickle.loads(pickle.dumps(X)),
        lambda X: VarianceThreshold().fit_transform(X),
    ],
)
def test_features_keep_their_fields_on_the_way_to_the_network(way, made):
    _, _, X, y = made
    fields = dict(fields=X.fields)
    expected = classifier(**fields).fit(sp.csr_matrix(X), y)
    assert_array_equal(classifier().fit(way(X), y).predict_proba(X), expected.predict_proba(X))


def test_fields_follow_scaled_and_selected_columns(made):
    table, columns, X, y = made
    selector = SelectKBest(k=6)
    steps = make_pipeline(clone(columns), MaxAbsScaler(), selector, classifier())
    fitted = steps.fit(table, y)[-1]
    chosen = X.fields[selector.get_support()]
    explicit = steps[:-1].transform(table)
    assert_array_equal(explicit.fields, chosen)
    expected = classifier(fields=chosen).fit(sp.csr_matrix(explicit), y)
    assert_array_equal(fitted.predict_proba(explicit), expected.predict_proba(explicit))


def test_cross_validation_of_features_is_that_of_features_with_fields(made):
    _, _, X, y = made
    settings = dict(cv=3, scoring="neg_log_loss", error_score="raise")
    scores = cross_val_score(classifier(), X, y, **settings)
    fields = X.fields.tolist()
    expected = cross_val_score(classifier(fields=fields), sp.csr_matrix(X), y, **settings)
    assert_array_equal(scores, expected)


LOSSES = {
    "hstack": lambda X: sp.hstack([X, sp.csr_matrix(np.ones((300, 2), "f"))]).tocsr(),
    "hstack, last": lambda X: sp.hstack([sp.csr_matrix(np.ones((300, 2), "f")), X], format="csr"),
    "vstack": lambda X: sp.vstack([X, X[:0]]).tocsr(),
    "a plain matrix": sp.csr_matrix,
    "tocsc": lambda X: X.tocsc(),
    "toarray": lambda X: X.toarray(),
    "shuffled": lambda X: sp.csr_matrix(X)[np.random.default_rng(1).permutation(300)],
    "product": lambda X: X @ sp.eye_array(X.shape[1], format="csr"),
    "sum": lambda X: X + X,
}


@pytest.mark.parametrize("way", LOSSES)
def test_fields_that_get_lost_are_told(way, made):
    _, _, X, y = made
    with pytest.warns(UserWarning, match=r"the fields are lost.*fields_ of the transformer"):
        classifier().fit(LOSSES[way](X), y)
    classifier(fields=None).fit(LOSSES[way](X), y)  # as the caller says
    classifier().partial_fit(X, y, classes=[0, 1])


def test_a_stack_of_more_rows_has_lost_its_fields(made):
    _, _, X, y = made
    with pytest.warns(UserWarning, match=r"Columns 0-8 of X come from a matrix with fields"):
        classifier().fit(sp.vstack([X, X]).tocsr(), np.tile(y, 2))
    with pytest.warns(UserWarning, match="the fields are lost"):
        classifier().fit(ChunkStream(lambda: [(sp.csr_matrix(X), y)]))


def test_a_union_before_a_network_is_told(made):
    table, columns, _, y = made
    other = make_column_transformer((VocabularyTransformer(), ["b"]))
    union = FeatureUnion([("other", other), ("columns", clone(columns))])
    with pytest.warns(UserWarning, match=r"Columns 3-11 of X.*FeatureUnion.*are lost"):
        make_pipeline(union, classifier()).fit(table, y)


def test_matrices_that_never_had_fields_are_not_told(made):
    table, _, X, y = made
    classifier().fit(VocabularyTransformer().fit_transform(table[["a"]]), y)
    classifier().fit(sp.random(300, X.shape[1], 0.4, "csr", dtype="f", random_state=0), y)
    classifier().fit(problem(300)[0], y)
    one = FieldTransformer([("one", VocabularyTransformer(), ["b"])]).fit_transform(table)
    classifier().fit(sp.csr_matrix(one), y)  # a single field: there is nothing to lose
