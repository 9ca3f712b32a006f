"""SavedModels predict what the model predicts, from strings and numbers."""

import re
import subprocess
import sys

import numpy as np
import pytest
from model_inputs import inputs_of
from served_models import RNG, ROWS, TABLE, TEXTS, Y, classifier, regressor
from sklearn.pipeline import make_pipeline

from skembed import VocabularyTransformer, make_embedding_pipeline, to_saved_model
from skembed.serving._portable_model import portable_model


def check(model, X, path):
    import tensorflow as tf

    to_saved_model(model, path)
    serve = tf.saved_model.load(str(path)).signatures["serving_default"]
    inputs = inputs_of(*portable_model(model), X)
    outputs = serve(**{re.sub(r"\W", "_", name): tf.constant(x) for name, x in inputs.items()})
    expected = model.predict(X)
    if hasattr(model, "predict_proba"):
        labels = outputs["label"].numpy()
        labels = labels.astype(str) if labels.dtype == object else labels
        assert labels.tolist() == expected.tolist()
        np.testing.assert_allclose(outputs["probabilities"], model.predict_proba(X), atol=1e-5)
    else:
        found = outputs["variable"].numpy().reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.std(expected))


@pytest.mark.parametrize(
    "parameters",
    [
        {"weighting": "count", "ngram_range": (1, 2), "stop_terms": ["w3"]},
        {"weighting": "tfidf"},
        {"weighting": "sublinear", "handle_missing": "indicator"},
    ],
    ids=str,
)
@pytest.mark.parametrize("combiner", ["mean", "sum", "sqrtn"])
def test_lists_of_terms(parameters, combiner, tmp_path):
    rows = ROWS
    if "handle_missing" in parameters:
        rows = [[*row, None] if number % 5 == 0 else row for number, row in enumerate(ROWS)]
    network = classifier(combiner=combiner)
    check(
        make_pipeline(VocabularyTransformer(**parameters), network).fit(rows, Y),
        rows,
        tmp_path / "1",
    )


@pytest.mark.parametrize(
    "y", [RNG.choice(["a", "b", "c"], 300), RNG.integers(0, 2, (300, 3))], ids=["classes", "sets"]
)
def test_texts_and_several_classes(y, tmp_path):
    words = VocabularyTransformer(tokenizer="word")
    check(make_pipeline(words, classifier()).fit(TEXTS, y), TEXTS, tmp_path / "1")


@pytest.mark.filterwarnings("ignore:200 of 200 terms")
@pytest.mark.parametrize("estimator", [classifier, regressor])
def test_tables(estimator, tmp_path):
    model = make_embedding_pipeline(estimator(target_statistics=True))
    model.fit(TABLE, Y if estimator is classifier else TABLE["size"].fillna(3) * 2)
    check(model, TABLE, tmp_path / "1")
    others = TABLE.assign(colour="never seen", rooms=9, size=1e6)
    others.loc[::3, ["colour", "size"]] = [None, np.nan]
    check(model, others, tmp_path / "2")


def test_a_network_alone_and_counts(tmp_path):
    X = VocabularyTransformer(weighting="count").fit_transform(ROWS)
    check(regressor(loss="poisson").fit(X, RNG.poisson(3, 300)), X, tmp_path / "1")


def test_a_process_without_skembed(tmp_path):
    model = make_pipeline(VocabularyTransformer(), classifier()).fit(ROWS, Y)
    to_saved_model(model, tmp_path / "1")
    code = """
import sys
sys.modules["skembed"] = None
import tensorflow as tf
serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
made = serve(terms=tf.constant([["w1", "w7"], ["w9", ""]]))
print(*made["probabilities"].numpy()[:, 1])
"""
    arguments = [sys.executable, "-c", code, str(tmp_path / "1")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    found = [float(number) for number in done.stdout.split()]
    expected = model.predict_proba([["w1", "w7"], ["w9"]])[:, 1]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_refusals_write_nothing(tmp_path):
    hashed = make_pipeline(VocabularyTransformer(num_hash_buckets=8), classifier()).fit(ROWS, Y)
    with pytest.raises(TypeError, match="Hash buckets cannot be exported to a SavedModel"):
        to_saved_model(hashed, tmp_path / "1")
    assert not list(tmp_path.iterdir())
    model = make_pipeline(VocabularyTransformer(), classifier()).fit(ROWS, Y)
    with pytest.raises(FileExistsError, match="already exists; pass a path"):
        to_saved_model(model, tmp_path)
