"""Pipelines that begin with a table: encoders inside a transformer."""

import json
import random
import re

import numpy as np
import pandas as pd
import pytest
from fitted_models import classifier
from model_files import WRONG_VALUES, edit, places_of, put_together, refused, taken_apart
from numpy.testing import assert_array_equal
from same_state import assert_same, reloaded
from sklearn.compose import make_column_selector
from sklearn.preprocessing import StandardScaler

from skembed import NumberEncoder, TableTransformer, make_embedding_pipeline
from skembed.saving._fitted_state import ATTRIBUTES
from skembed.saving._save_load import ModelFormatError, load, save


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    n = 120
    return pd.DataFrame(
        {
            "city": rng.choice(["rome", "oslo", None], n),
            "size": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 9, n), "h"),
            "tags": [["a"], ["a", "b"], []] * (n // 3),
            "note": [f"word{number} and more words" for number in range(n)],
        }
    )


@pytest.fixture(scope="module")
def model(table):
    return make_embedding_pipeline(classifier()).fit(table, [0, 1, 1] * 40)


def test_a_whole_pipeline_comes_back(model, table, tmp_path):
    other = reloaded(model, tmp_path)
    assert_same(other.predict_proba(table), model.predict_proba(table))
    columns, expected = other["columns"], model["columns"]
    pd.testing.assert_frame_equal(columns.plan_, expected.plan_)
    assert_same(columns.get_feature_names_out(), expected.get_feature_names_out())
    assert_array_equal(columns.fields_, expected.fields_)
    assert repr(other) == repr(model)
    assert other.set_params(columns__numeric__n_bins=4).fit(table, [0, 1, 1] * 40)
    first, second = (path.read_bytes() for path in (tmp_path / "model.skembed", tmp_path / "b")
                     if path.exists() or save(model, path) is None)  # fmt: skip
    assert first == second


@pytest.mark.parametrize("encoding", ["bin", "linear"])
def test_an_encoder_comes_back(table, encoding, tmp_path):
    encoder = NumberEncoder([4, 8], encoding=encoding).fit(table[["size"]])
    other = reloaded(encoder, tmp_path)
    assert_same(other.edges_, encoder.edges_)
    assert_same(other.get_params(), encoder.get_params())
    assert_same(other.transform(table[["size"]]).toarray(),
                encoder.transform(table[["size"]]).toarray())  # fmt: skip


def test_patterns_and_selectors_are_stored_as_the_names_that_they_chose(table, tmp_path):
    columns = {
        "numeric": make_column_selector(dtype_include="number"),
        "drop": [re.compile("^note"), "day"],
        "categorical": ["city"],
    }
    transformer = TableTransformer(columns).fit(table)
    other = reloaded(transformer, tmp_path)
    assert other.columns == {
        "numeric": ["size"],
        "drop": ["day", "note"],
        "categorical": ["city"],
    }
    assert transformer.columns is columns
    assert_same(other.transform(table).toarray(), transformer.transform(table).toarray())


def test_other_encoders_are_refused(table, tmp_path):
    encoders = [("numeric", StandardScaler())]
    transformer = TableTransformer({"numeric": ["size"]}, encoders=encoders, remainder="drop")
    with pytest.raises(TypeError, match="StandardScaler.*which skembed.save cannot store"):
        save(transformer.fit(table), tmp_path / "model")


def test_every_attribute_is_checked_on_loading(model):
    for estimator in [model["columns"], *dict(model["columns"].encoders_).values()]:
        known = {name for checks in ATTRIBUTES[type(estimator).__name__] for name in checks}
        assert set(vars(estimator)) - set(estimator.get_params()) <= known


@pytest.fixture(scope="module")
def saved(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "columns"
    save(TableTransformer().fit(table[["city", "size", "day"]]), path)
    return path.read_bytes()


FITTED = ("estimators", 0, "fitted")
NUMBERS = (*FITTED, "encoders_", 1, "items", 1)


@pytest.mark.parametrize(
    "change, message",
    [
        (edit((*NUMBERS, "class"), "EmbeddingDNNClassifier"), "contains one of the class"),
        (edit((*NUMBERS, "class"), "os.system"), "contains one of the class 'os.system'"),
        (edit((*NUMBERS, "class"), "VocabularyTransformer"), "does not have the parameters"),
        (edit((*NUMBERS, "fitted"), {}), "nothing uses|encoders_ is not valid"),
        (edit((*NUMBERS, "fitted", "transform"), 1), "no fitted attribute 'transform'"),
        (edit((*NUMBERS, "fitted", "fields_"), 1), "no fitted attribute 'fields_'"),
        (edit((*NUMBERS, "parameters", "n_bins"), 1), "parameter is not valid"),
        (edit((*NUMBERS, "parameters", "n_bins"), [1]), "n_bins must be one or more integers"),
        (edit((*NUMBERS, "fitted", "edges_"), lambda e: e[:1]), "nothing uses|n_features_in_"),
        (edit((*FITTED, "encoders_", 1, "items", 0), "text"), "encoders_ are not those of _plan"),
        (edit((*FITTED, "_plan", 0, "fields", "kind"), "nonsense"), "an unknown kind"),
        (edit((*FITTED, "_plan", 0, "fields", "kind"), "drop"), "encoders_ are not those"),
        (edit((*FITTED, "_plan", 2, "fields", "with_hours"), False), "encoders_ are not those"),
        (edit((*FITTED, "_names"), ["a", "b", "c"]), "_plan is not of the columns _names"),
        (edit((*FITTED, "n_features_in_"), 4), "n_features_in_ is not the number"),
        (edit(("estimators", 0, "parameters", "columns"), {"a": []}), "no valid value"),
        (edit(("estimators", 0, "parameters", "remainder"), "x"), "parameter is not valid"),
    ],
)
def test_manifests_that_lie(saved, change, message, tmp_path):
    manifest, members = taken_apart(saved)
    change(manifest, members)
    (tmp_path / "model").write_bytes(put_together(manifest, members))
    with pytest.raises(ModelFormatError, match=message):
        load(tmp_path / "model")


def test_estimators_are_not_nested_without_end(saved, tmp_path):
    manifest, members = taken_apart(saved)
    node = {"kind": "estimator", "class": "NumberEncoder", "parameters": {}, "fitted": {}}
    for _ in range(100):
        node = {**node, "parameters": {"n_bins": node}}
    manifest["estimators"][0]["parameters"]["encoders"] = node
    (tmp_path / "model").write_bytes(put_together(manifest, members))
    with pytest.raises(ModelFormatError, match="nested too deeply"):
        load(tmp_path / "model")


def test_any_wrong_value_in_a_manifest_is_refused_or_harmless(saved, tmp_path):
    manifest, members = taken_apart(saved)
    text = json.dumps(manifest)
    for place in filter(None, places_of(manifest)):
        value = random.Random(str(place)).choice(WRONG_VALUES)
        changed = json.loads(text)
        edit(place, value)(changed, members)
        assert refused(put_together(changed, members), tmp_path / "model"), (place, value)
