"""Files in order whose contents do not fit together."""

import json
import random

import numpy as np
import pytest
from model_files import (
    WRONG_VALUES,
    edit,
    places_of,
    put_together,
    refused,
    resealed,
    taken_apart,
)
from safetensors.numpy import load as from_bytes
from safetensors.numpy import save as to_bytes

from skembed import EmbeddingDNNClassifier, VocabularyTransformer
from skembed.saving._fitted_state import ATTRIBUTES
from skembed.saving._save_load import ModelFormatError, load, save


def test_every_attribute_of_a_fit_is_checked_on_loading(model):
    known = {name for checks in ATTRIBUTES[type(model).__name__] for name in checks}
    new = set(vars(model)) - set(model.get_params()) - known
    new.discard("_table")  # stored as embeddings_ and _linear_table
    assert not new, "say in ATTRIBUTES of saving/_fitted_state.py what these may be"


VOCABULARY, NETWORK = ("estimators", 0), ("estimators", 1)
FIELD = (*VOCABULARY, "fitted", "_fields", 0, "fields")
TERMS_NODE = {"kind": "text", "tensor": "fitted._fields.0.vocabulary.terms", "of": "large_string"}


@pytest.mark.parametrize(
    "change, message",
    [
        (edit(("members", 0, "size"), -1), "describes a member"),
        (edit(("members", 0, "size"), 2**62), "truncated: its members have"),
        (edit(("members", 0, "size"), 1.0), "describes a member"),
        (edit(("members", 0, "name"), "../../etc/passwd"), "the members are"),
        (edit(("members", 0, "name"), "estimator_1.safetensors"), "names a member twice"),
        (edit(("members", 0, "sha256"), "0" * 64), "'estimator_0.safetensors' is damaged"),
        (edit(("members",), lambda m: m[:1]), "too long"),
        (edit(("estimators",), lambda e: e[:1]), "the members are"),
        (edit(("class",), "EmbeddingDNNClassifier"), "describes a 'EmbeddingDNNClassifier'"),
        (edit(("extra",), 1), "not have the expected entries"),
        (edit(("pipeline",), 1), "describes a 'Pipeline'"),
        (edit(("pipeline", "memory"), {"a": 1}), "Pipeline is malformed"),
        (edit(("pipeline", "memory"), "/a/folder"), "memory is '/a/folder', expected None"),
        (edit((*NETWORK, "parameters", "callbacks"), "/a/folder"), "."),
        (edit((*VOCABULARY, "parameters", "tokenizer"), "os.system"), "."),
        (edit((*NETWORK, "step"), "vocabularytransformer"), "steps have the names"),
        (edit((*NETWORK, "member"), "/dev/zero"), "the members are"),
        (edit((*NETWORK, "class"), "os.system"), "unknown class 'os.system'"),
        (edit((*NETWORK, "class"), ["a"]), "unknown class"),
        (edit((*NETWORK, "class"), "EmbeddingDNNRegressor"), "."),
        (edit((*NETWORK, "architecture", "n_features"), 10**12), "not have the architecture"),
        (edit((*NETWORK, "parameters", "embedding_dim"), "3"), "parameter is not valid"),
        (edit((*NETWORK, "parameters"), {"cheat": 1}), "does not have the parameters"),
        (edit((*NETWORK, "fitted", "predict"), 1), "no fitted attribute 'predict'"),
        (edit((*NETWORK, "fitted", "__class__"), 1), "no fitted attribute '__class__'"),
        (edit((*NETWORK, "fitted", "_whole_table"), 1), "no fitted attribute '_whole_table'"),
        (
            edit((*NETWORK, "fitted", "n_features_in_"), 3),
            "embeddings_ does not have n_features_in_ rows",
        ),
        (edit((*NETWORK, "fitted", "n_steps_"), "many"), "n_steps_ is not valid"),
        (edit((*NETWORK, "fitted", "coefs_"), []), "nothing uses"),
        (edit((*NETWORK, "fitted", "coefs_"), lambda c: c[::-1]), "coefs_.0. has shape"),
        (edit((*NETWORK, "fitted", "classes_"), lambda c: {**c, "of": "rows"}), "classes_|outputs"),
        (edit((*NETWORK, "fitted", "embeddings_", "tensor"), "x"), "no tensor 'x'"),
        (edit((*NETWORK, "fitted", "embeddings_", "kind"), "pickle"), "no valid value"),
        (edit((*NETWORK, "requests"), {"fit": {"nonsense": True}}), "request is malformed"),
        (edit((*NETWORK, "requests"), {"__init__": {}}), "no metadata requests for '__init__'"),
        (edit((*VOCABULARY, "fitted", "n_samples_seen_"), -1), "n_samples_seen_ is not valid"),
        (edit((*VOCABULARY, "fitted", "_names"), ["a", "b"]), "_names and _fields differ"),
        (edit((*VOCABULARY, "fitted", "_tracked"), []), "nothing uses"),
        (edit((*FIELD, "n_buckets"), 2**40), "_fields is not valid"),
        (edit((*FIELD, "vocabulary", "fields", "terms"), TERMS_NODE["tensor"]), "."),
        (edit((*FIELD, "vocabulary", "name"), "Popen"), "no valid value"),
    ],
)
def test_manifests_that_lie(saved, change, message, tmp_path):
    manifest, members = taken_apart(saved)
    change(manifest, members)
    (tmp_path / "model").write_bytes(put_together(manifest, members))
    with pytest.raises(ModelFormatError, match=message):
        load(tmp_path / "model")


@pytest.mark.parametrize(
    "number, change, message",
    [
        (0, lambda t: t["terms.offsets"].__setitem__(1, 50), "do not rise"),
        (0, lambda t: t["terms.offsets"].__setitem__(-1, 2**40), "do not rise"),
        (0, lambda t: t["terms.offsets"].__setitem__(0, -1), "do not rise"),
        (0, lambda t: t["terms.bytes"].__setitem__(0, 0xFF), "malformed.*UTF8"),
        (0, lambda t: t["terms.bytes"].__setitem__(slice(None), 97), "duplicate"),
        (0, lambda t: t["document_counts"].__setitem__(0, -1), "_fields is not valid"),
        (0, lambda t: t.update({"terms.bytes": t["terms.bytes"].astype(np.int32)}), "not bytes"),
        (0, lambda t: t.update({"more": np.zeros(3)}), "'more' that nothing uses"),
        (1, lambda t: t["embeddings_"].__setitem__((0, 0), np.nan), "embeddings_ is not valid"),
        (1, lambda t: t["coefs_.0"].__setitem__((0, 0), np.inf), "coefs_ is not valid"),
        (
            1,
            lambda t: t.update({"embeddings_": np.zeros((0, 3), "f4")}),
            "embeddings_ is not valid",
        ),
        (1, lambda t: t.update({"embeddings_": t["embeddings_"].astype("f8")}), "one dtype"),
        (1, lambda t: t.update({"embeddings_": t["embeddings_"][:, :1].copy()}), "has shape"),
        (1, lambda t: t.update({"classes_": t["classes_"] + 0x110000}), "beyond Unicode"),
    ],
)
def test_arrays_that_do_not_fit(saved, number, change, message, tmp_path):
    manifest, members = taken_apart(saved)
    prefixes = "fitted._fields.0.vocabulary.", "fitted."
    whole = from_bytes(members[number])
    names = {name.removeprefix(prefixes[0]).removeprefix(prefixes[1]): name for name in whole}
    short = {name: whole[full].copy() for name, full in names.items()}
    change(short)
    members[number] = to_bytes({names.get(name, name): array for name, array in short.items()})
    (tmp_path / "model").write_bytes(resealed(manifest, members))
    with pytest.raises(ModelFormatError, match=message):
        load(tmp_path / "model")


def test_any_wrong_value_in_a_manifest_is_refused_or_harmless(saved, tmp_path):
    manifest, members = taken_apart(saved)
    places = [place for place in places_of(manifest) if place]
    text = json.dumps(manifest)
    for place in places:
        for value in random.Random(str(place)).sample(WRONG_VALUES, 4):
            changed = json.loads(text)
            edit(place, value)(changed, members)
            assert refused(put_together(changed, members), tmp_path / "model"), (place, value)


def test_a_plan_holds_candidates_one_level_deep():
    attributes = ATTRIBUTES["EmbeddingDNNClassifier"][1]
    candidate = {"embedding_init": "random", "hidden_units": [64, 32], "loss": 0.5, "chosen": True}
    assert attributes["plan_"]({"n_epochs": 3, "candidates": [candidate, candidate]})
    for wrong in ([[candidate]], [{"candidates": [candidate]}], [candidate, 1], candidate, [None]):
        assert not attributes["plan_"]({"n_epochs": 3, "candidates": wrong})


def test_candidates_are_stored(tmp_path):
    rows, y = [[f"t{i % 7}", f"t{i % 5}"] for i in range(60)], [i % 2 for i in range(60)]
    X = VocabularyTransformer().fit_transform(rows)
    model = EmbeddingDNNClassifier(random_state=0).fit(X, y)
    save(model, tmp_path / "model.skembed")
    assert load(tmp_path / "model.skembed").plan_ == model.plan_
    assert sum(candidate["chosen"] for candidate in model.plan_["candidates"]) == 1
