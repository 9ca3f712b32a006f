import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from field_problem import classifier
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)

from skembed import (
    EmbeddingDNNClassifier,
    EmbeddingDNNRegressor,
    FieldTransformer,
    TableTransformer,
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


@pytest.mark.filterwarnings("ignore:.*coverage.X. lists the unknown terms")
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


@pytest.fixture(scope="module")
def words():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": rng.choice(list("stuvw"), 60),
            "text": [" ".join(rng.choice(["one", "two", "three", "four"], 3)) for _ in range(60)],
            "n": rng.normal(size=60),
        }
    )


def fields_of(transformer, frame, columns=("a",)):
    """Fields of what a transformer makes between terms and numbers."""
    around = FieldTransformer(
        [
            ("first", VocabularyTransformer(), ["a"]),
            ("it", transformer, columns),
            ("last", StandardScaler(), ["n"]),
        ]
    )
    X = around.fit_transform(frame, np.arange(60) % 2)
    assert_array_equal(X.fields[:5], 0)
    assert X.fields[-1] == -1
    assert_array_equal(around.transform(frame[:7]).fields, X.fields)
    return X.fields[5:-1].tolist()


def words_of(**params):
    return VocabularyTransformer(tokenizer="word", **params)


def test_terms_that_are_selected_or_scaled_stay_terms(words):
    pipeline = make_pipeline(VocabularyTransformer(), SelectKBest(k=3))
    assert fields_of(pipeline, words, ["a"]) == [1, 1, 1]
    pipeline = make_pipeline(words_of(), MaxAbsScaler(), VarianceThreshold(), "passthrough")
    assert fields_of(pipeline, words, "text") == [1] * 4
    pipeline = make_pipeline(
        make_pipeline(CountVectorizer(), SelectKBest(k=3)), TfidfTransformer(), SelectKBest(k=2)
    )
    assert fields_of(pipeline, words, "text") == [1, 1]
    two = make_pipeline(OneHotEncoder(), SelectKBest(k=6))
    fields = fields_of(two, words, ["a", "text"])
    assert len(fields) == 6 and set(fields) <= {1, 2}


def test_unions_and_columns_within_columns_keep_their_fields(words):
    union = FeatureUnion([("words", words_of()), ("pairs", words_of(ngram_range=(2, 2)))])
    fields = fields_of(union, words, "text")
    assert fields[:4] == [1] * 4 and set(fields[4:]) == {2}
    inner = make_column_transformer((VocabularyTransformer(), ["a"]), (StandardScaler(), ["n"]))
    assert fields_of(inner, words, ["a", "n"]) == [1] * 5 + [-1]
    table = TableTransformer({"categorical": ["a", "text"]}, remainder="drop")
    assert set(fields_of(table, words, ["a", "text"])) == {1, 2}


def test_what_makes_numbers_of_terms_is_numbers(words):
    pipeline = make_pipeline(words_of(), TruncatedSVD(2, random_state=0))
    assert fields_of(pipeline, words, "text") == [-1, -1]


class Codes(TransformerMixin, BaseEstimator):
    """Columns of 0 and 1, as other libraries' encoders make of categories."""

    def fit(self, X, y=None):
        self.columns_ = pd.get_dummies(X).columns
        return self

    def transform(self, X):
        return pd.get_dummies(X).reindex(columns=self.columns_, fill_value=0).astype(float)

    def get_feature_names_out(self, input_features=None):
        return np.asarray(self.columns_, object)


@pytest.mark.parametrize(
    "transformer",
    [
        OrdinalEncoder(),
        Codes(),
        make_pipeline(VocabularyTransformer(), FunctionTransformer(abs)),
        make_pipeline(OneHotEncoder(), FunctionTransformer()),
    ],
)
def test_categories_that_become_numbers_are_told(transformer, words):
    with pytest.warns(UserWarning, match=r"'it' \(\w+\) makes whole numbers of columns that hold"):
        assert set(fields_of(transformer, words, ["a"])) == {-1}


def test_numbers_and_means_of_categories_are_not_told(words):
    assert fields_of(TargetEncoder(), words, ["a"]) == [-1]
    counts = words.assign(n=np.arange(60))
    assert fields_of(OrdinalEncoder(), counts, ["n"]) == [-1]
    assert fields_of(KBinsDiscretizer(4, encode="ordinal"), words, ["n"]) == [-1]
