import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from field_problem import classifier
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
    frame.loc[::50, ["city", "size"]] = None, np.nan
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
    assert network._field_layout_.n_fields == 5  # size has two
    assert network.coefs_[0].shape[0] == 5 * network.embeddings_.shape[1]
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


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"remainder": "drop"}, "at least one column"),
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
