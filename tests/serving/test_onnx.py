"""ONNX files predict what the model predicts, from strings and numbers."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_inputs import inputs_of
from served_models import RNG, ROWS, TABLE, TEXTS, WORDS, Y, classifier, regressor
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from skembed import (
    FieldTransformer,
    NumberEncoder,
    TableTransformer,
    VocabularyTransformer,
    make_embedding_pipeline,
    to_onnx,
    to_page,
    to_saved_model,
)
from skembed.serving._portable_model import portable_model

onnxruntime = pytest.importorskip("onnxruntime")


def session_of(model, folder):
    path = folder / "model.onnx"
    to_onnx(model, path)
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def check(model, X, folder):
    """Compare on all rows of X, which the model has its own way from."""
    outputs = session_of(model, folder).run(None, inputs_of(*portable_model(model), X))
    expected = model.predict(X)
    if hasattr(model, "predict_proba"):
        assert outputs[0].tolist() == expected.tolist()
        np.testing.assert_allclose(outputs[1], model.predict_proba(X), atol=1e-5)
    else:
        found = outputs[0].reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.std(expected))


VOCABULARIES = {
    "binary": {},
    "count": {"weighting": "count"},
    "sublinear": {"weighting": "sublinear"},
    "tfidf": {"weighting": "tfidf"},
    "buckets": {"num_oov_buckets": 3, "min_frequency": 40},
    "hashed": {"num_hash_buckets": 20},
    "pairs": {"ngram_range": (1, 2), "weighting": "count"},
    "longer n-grams": {"ngram_range": (2, 3), "stop_terms": ["w3", "w5"]},
    "given": {"vocabulary": WORDS[:10], "stop_terms": ["w3"]},
}


@pytest.mark.parametrize("parameters", VOCABULARIES.values(), ids=VOCABULARIES)
def test_lists_of_terms(parameters, tmp_path):
    check(
        make_pipeline(VocabularyTransformer(**parameters), classifier()).fit(ROWS, Y),
        ROWS,
        tmp_path,
    )


@pytest.mark.parametrize("ngram_range", [(1, 1), (1, 2), (2, 2)])
def test_missing_terms(ngram_range, tmp_path):
    rows = [
        [*row[:3], None, *row[3:]] if number % 5 == 0 else row for number, row in enumerate(ROWS)
    ]
    for how in ("indicator", "ignore"):
        vocabulary = VocabularyTransformer(handle_missing=how, ngram_range=ngram_range)
        check(make_pipeline(vocabulary, classifier()).fit(rows, Y), rows, tmp_path)


@pytest.mark.parametrize("combiner", ["mean", "sum", "sqrtn"])
@pytest.mark.parametrize(
    "activation", ["relu", "tanh", "gelu", "selu", "silu", "softplus", "linear"]
)
def test_networks(combiner, activation, tmp_path):
    network = classifier(combiner=combiner, activation=activation, hidden_units=(8, 4))
    check(
        make_pipeline(VocabularyTransformer(weighting="count"), network).fit(ROWS, Y),
        ROWS,
        tmp_path,
    )


def test_texts_and_the_rule_in_the_metadata(tmp_path):
    texts = [*TEXTS, "", "Straße İstanbul \u0391\u03a3", "\u4e2d\u6587 e\u0301"]
    y = [*Y, "no", "no", "no"]
    for parameters in ({}, {"token_pattern": r"(?u)\b\w\w+\b", "lowercase": False}):
        words = VocabularyTransformer(tokenizer="word", ngram_range=(1, 2), **parameters)
        model = make_pipeline(words, classifier()).fit(texts, y)
        check(model, texts, tmp_path)
        session = session_of(model, tmp_path)
        metadata = session.get_modelmeta().custom_metadata_map
        rule = json.loads(metadata["tokens"])["tokens"]
        assert json.loads(metadata["classes"]) == ["no", "yes"]
        found = [re.findall(rule["pattern"], t.lower() if rule["lowercase"] else t) for t in texts]
        given = inputs_of(*portable_model(model), texts)["tokens"]
        assert [[token for token in row if token] for row in given] == found


@pytest.mark.parametrize(
    "y",
    [RNG.choice(["a", "b", "c"], 300), RNG.integers(5, 9, 300), RNG.integers(0, 2, (300, 3))],
    ids=["strings", "whole numbers", "label sets"],
)
def test_several_classes(y, tmp_path):
    check(make_pipeline(VocabularyTransformer(), classifier()).fit(ROWS, y), ROWS, tmp_path)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_numbers_are_predicted(n_outputs, tmp_path):
    y = RNG.normal(50, 100, (300, n_outputs))
    check(make_pipeline(VocabularyTransformer(), regressor()).fit(ROWS, y), ROWS, tmp_path)
    poisson = regressor(loss="poisson")
    counts = RNG.poisson(3, (300, n_outputs))
    check(make_pipeline(VocabularyTransformer(), poisson).fit(ROWS, counts), ROWS, tmp_path)


@pytest.mark.filterwarnings("ignore:200 of 200 terms")
@pytest.mark.parametrize("statistics", [False, True])
def test_tables(statistics, tmp_path):
    """Categories, numbers with missing ones, texts and dates; target statistics among them."""
    for estimator in (classifier, regressor):
        model = make_embedding_pipeline(
            estimator(target_statistics=statistics),
            categorical=["colour", "rooms"],
            numeric=["size"],
            text=["advert text"],
            dates=["since"],
        )
        y = Y if estimator is classifier else TABLE["size"].fillna(3) * 2
        check(model.fit(TABLE, y), TABLE, tmp_path)
        others = TABLE.assign(colour="never seen", rooms=9, size=1e6)
        others.loc[::3, ["colour", "size"]] = [None, np.nan]
        check(model, others, tmp_path)


def test_lists_of_terms_in_a_table(tmp_path):
    table = TABLE[["colour"]].assign(terms=[[*row, "w0"] for row in ROWS])
    model = make_embedding_pipeline(classifier()).fit(table, Y)
    assert model[0].plan_["kind"].tolist() == ["categorical", "lists"]
    check(model, table, tmp_path)
    inputs = {one.name: one.shape for one in session_of(model, tmp_path).get_inputs()}
    assert inputs == {"colour": ["N", 1], "terms": ["N", "terms_length"]}


@pytest.mark.filterwarnings("ignore:Columns 0-53 of X")
@pytest.mark.parametrize("columns", [FieldTransformer, ColumnTransformer, TableTransformer])
def test_columns_by_hand(columns, tmp_path):
    bins = NumberEncoder(encoding="bin", with_number=False, n_bins=4)
    parts = [
        ("terms", VocabularyTransformer(handle_missing="indicator"), ["colour", "rooms"]),
        ("bins", bins, ["size"]),
        ("text", VocabularyTransformer(tokenizer="word"), "advert text"),
    ]
    if columns is TableTransformer:
        made = TableTransformer()
    else:
        made = columns(parts)
    check(make_pipeline(made, classifier()).fit(TABLE, Y), TABLE, tmp_path)


def test_a_network_alone(tmp_path):
    X = VocabularyTransformer(weighting="count").fit_transform(ROWS)
    check(classifier().fit(X, Y), X, tmp_path)
    fields = np.repeat([0, 1, -1], [10, 20, X.shape[1] - 30])
    check(classifier(fields=fields).fit(X, Y), X, tmp_path)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([*WORDS[:6], "unknown"]), max_size=9), min_size=1, max_size=6)
)
def test_any_rows(rows):
    session, model = fitted_session()
    _, probabilities = session.run(None, inputs_of(*portable_model(model), rows))
    np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=1e-5)


def fitted_session(kept=[]):  # noqa: B006
    if not kept:
        from skembed.serving._onnx import metadata
        from skembed.serving._onnx_model import onnx_model

        words = VocabularyTransformer(ngram_range=(1, 2), weighting="tfidf", num_oov_buckets=2)
        model = make_pipeline(words, classifier()).fit(ROWS, Y)
        portable, _ = portable_model(model)
        made = onnx_model(portable, metadata(portable)).SerializeToString()
        kept += [onnxruntime.InferenceSession(made, providers=["CPUExecutionProvider"]), model]
    return kept


def test_a_batch_predicts_the_same_in_every_run(tmp_path):
    """Sums by scattered additions would be those of a race between threads."""
    rows = ROWS * 20
    model = make_pipeline(VocabularyTransformer(), classifier()).fit(ROWS, Y)
    session, inputs = session_of(model, tmp_path), inputs_of(*portable_model(model), rows)
    first = session.run(None, inputs)[1]
    for _ in range(5):
        np.testing.assert_array_equal(session.run(None, inputs)[1], first)


def test_a_process_without_skembed(tmp_path):
    model = make_pipeline(VocabularyTransformer(), classifier()).fit(ROWS, Y)
    to_onnx(model, tmp_path / "model.onnx")
    code = """
import sys
sys.modules["skembed"] = sys.modules["tensorflow"] = None
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
label, probabilities = session.run(None, {"terms": np.array([["w1", "w7"], ["w9", ""]])})
print(label[0], label[1], *probabilities[:, 1])
"""
    arguments = [sys.executable, "-c", code, str(tmp_path / "model.onnx")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    *labels, first, second = done.stdout.split()
    rows = [["w1", "w7"], ["w9"]]
    assert labels == model.predict(rows).tolist()
    expected = model.predict_proba(rows)[:, 1]
    np.testing.assert_allclose([float(first), float(second)], expected, atol=1e-5)


def test_ngrams_of_characters_are_refused(tmp_path):
    words = VocabularyTransformer(char_ngram_range=(3, 5))
    model = make_pipeline(words, classifier()).fit(ROWS, Y)
    for export in (to_onnx, to_saved_model, to_page):
        with pytest.raises(TypeError, match=r"char_ngram_range=\(3, 5\) cannot be exported"):
            export(model, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_what_has_no_counterpart_is_refused(tmp_path):
    path = tmp_path / "model.onnx"
    scaled = make_pipeline(VocabularyTransformer(), MaxAbsScaler(), classifier()).fit(ROWS, Y)
    with pytest.raises(TypeError, match="MaxAbsScaler cannot be exported"):
        to_onnx(scaled, path)
    parts = [("text", make_pipeline(VocabularyTransformer(), MaxAbsScaler()), "advert text")]
    nested = make_pipeline(ColumnTransformer(parts), classifier()).fit(TABLE, Y)
    with pytest.raises(TypeError, match="cannot be exported"):
        to_onnx(nested, path)
    inner = FieldTransformer([("inner", ColumnTransformer(parts), ["advert text"])])
    deeper = make_pipeline(inner, classifier()).fit(TABLE, Y)
    with pytest.raises(TypeError, match="Pipeline cannot be exported"):
        to_onnx(deeper, path)
    with pytest.raises(TypeError, match="got VocabularyTransformer"):
        to_onnx(VocabularyTransformer().fit(ROWS), path)
    empty = make_pipeline(VocabularyTransformer(), classifier()).fit(
        [["", "a"], ["b"]] * 30, [0, 1] * 30
    )
    with pytest.raises(ValueError, match="has the empty string"):
        to_onnx(empty, path)
    assert not path.exists()


def test_errors_that_are_lost_are_told(tmp_path):
    strict = VocabularyTransformer(handle_unknown="error")
    model = make_pipeline(strict, classifier()).fit(ROWS, Y)
    with pytest.warns(UserWarning, match="handle_unknown='error' cannot be exported"):
        to_onnx(model, tmp_path / "model.onnx")


def test_double_precision(tmp_path):
    X = VocabularyTransformer(weighting="count", dtype=np.float64).fit_transform(ROWS)
    model = classifier().fit(X, Y)
    assert model.coefs_[0].dtype == np.float64
    check(model, X, tmp_path)


def test_onnx_itself_compares_where_onnxruntime_is_missing():
    from skembed.serving import _onnx_model
    from skembed.serving._onnx import metadata

    model = make_embedding_pipeline(classifier(), categorical=["colour"], numeric=["size"])
    portable, encoders = portable_model(model.fit(TABLE, Y))
    made = _onnx_model.onnx_model(portable, metadata(portable))
    inputs = inputs_of(portable, encoders, TABLE)
    found = _onnx_model.run_by_onnx(made, inputs)
    np.testing.assert_allclose(found, model.predict_proba(TABLE), atol=1e-5)
