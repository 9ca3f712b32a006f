import os
import pickle
import re
import stat
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from fitted_models import MODELS, REVIEWS, classifier, counts, cycled, frame, make_model_pipeline
from same_state import assert_same, public_state, reloaded, sorted_state
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted

from skembed import VocabularyTransformer
from skembed.saving._save_load import load, save


def test_network_comes_back_to_the_last_bit(model, tmp_path):
    X = frame() if hasattr(model, "feature_names_in_") else counts()
    other = reloaded(model, tmp_path)
    check_is_fitted(other)
    assert repr(other) == repr(model)
    assert_same(sorted_state(other), sorted_state(model))
    assert_same(public_state(other), public_state(model))
    assert_same(other.predict(X), model.predict(X))
    assert_same(other.transform(X), model.transform(X))
    if hasattr(model, "classes_"):
        assert_same(other.predict_proba(X), model.predict_proba(X))


def test_vocabulary_comes_back(vocabulary, tmp_path):
    transformer, X = vocabulary
    other = reloaded(transformer, tmp_path)
    address = re.compile("0x[0-9a-f]+")  # of Arrow arrays
    assert address.sub("", repr(other)) == address.sub("", repr(transformer))
    assert_same(other.get_params(), transformer.get_params())
    assert_same(public_state(other), public_state(transformer))
    assert_same(other.transform(X).toarray(), transformer.transform(X).toarray())
    assert_same(other.get_feature_names_out(), transformer.get_feature_names_out())


def test_hashing_needs_no_fit(tmp_path):
    transformer = VocabularyTransformer(num_hash_buckets=4)
    other = reloaded(transformer, tmp_path)
    assert_same(other.transform(REVIEWS).toarray(), transformer.transform(REVIEWS).toarray())


@pytest.mark.parametrize("name", ["going on", "announced", "regressor"])
def test_training_goes_on_as_without_saving(name, tmp_path):
    estimator, X, y = MODELS[name](), counts(), cycled(0, 1)
    other = reloaded(estimator, tmp_path)
    assert_same(sorted_state(other.partial_fit(X, y)), sorted_state(estimator.partial_fit(X, y)))


def test_vocabulary_learns_on_as_without_saving(vocabulary, tmp_path):
    transformer, X = vocabulary
    other, one = reloaded(transformer, tmp_path), pickle.loads(pickle.dumps(transformer))
    assert_same(public_state(other.partial_fit(X)), public_state(one.partial_fit(X)))


def test_steps_of_a_pipeline_come_back_by_name(pipeline, tmp_path):
    named = Pipeline([("words", pipeline[0]), ("net", pipeline[1])], transform_input=["X_val"])
    other = reloaded(named, tmp_path)
    check_is_fitted(other)
    assert list(other.named_steps) == ["words", "net"] and other.transform_input == ["X_val"]
    assert repr(other) == repr(named)
    assert_same(other.predict_proba(REVIEWS), named.predict_proba(REVIEWS))


def test_output_and_routing_settings_come_back(tmp_path):
    transformer = VocabularyTransformer(sparse_output=False).fit(REVIEWS)
    other = reloaded(transformer.set_output(transform="pandas"), tmp_path)
    pd.testing.assert_frame_equal(other.transform(REVIEWS), transformer.transform(REVIEWS))
    with sklearn.config_context(enable_metadata_routing=True):
        model = (
            classifier().set_fit_request(sample_weight="w").set_score_request(sample_weight=True)
        )
    other = reloaded(model.fit(counts(), cycled(0, 1)), tmp_path)
    assert str(other.get_metadata_routing()) == str(model.get_metadata_routing())


def test_callbacks_are_not_saved(tmp_path):
    callback = pytest.importorskip("sklearn.callback")
    model = classifier().set_callbacks(callback.ScoringMonitor(scoring="accuracy"))
    model.fit(counts(), cycled(0, 1))
    other = reloaded(model, tmp_path)
    assert_same(other.predict_proba(counts()), model.predict_proba(counts()))
    assert not any("callback" in name for name in set(vars(other)) - set(other.get_params()))


def test_random_state_goes_on(tmp_path):
    model = classifier(random_state=np.random.RandomState(3)).fit(counts(), cycled(0, 1))
    other = reloaded(model, tmp_path)
    assert_same(other.random_state.normal(size=3), model.random_state.normal(size=3))


def test_keras_optimizer_becomes_its_name_or_is_an_error(tmp_path):
    import keras

    adagrad = keras.optimizers.Adagrad(0.25)
    model = classifier(optimizer=adagrad, learning_rate=None).fit(counts(), cycled(0, 1))
    other = reloaded(model, tmp_path)
    assert (other.optimizer, other.learning_rate) == ("adagrad", 0.25)
    assert_same(other.predict_proba(counts()), model.predict_proba(counts()))
    model.set_params(optimizer=keras.optimizers.SGD(0.1, momentum=0.5))
    with pytest.raises(TypeError, match="optimizer is <keras.*set_params"):
        reloaded(model, tmp_path)


def test_arrays_in_column_order_stay_so(tmp_path):
    model = classifier().fit(counts(), cycled(0, 1))
    model.coefs_[0] = np.asfortranarray(model.coefs_[0])
    other = reloaded(model, tmp_path)
    assert other.coefs_[0].flags.f_contiguous and not other.coefs_[0].flags.c_contiguous
    assert_same(other.predict_proba(counts()), model.predict_proba(counts()))


def test_same_model_gives_the_same_bytes(saved, tmp_path):
    save(make_model_pipeline(), tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == saved


@pytest.mark.parametrize(
    "estimator, error, message",
    [
        (classifier(), NotFittedError, "not fitted"),
        (VocabularyTransformer(), NotFittedError, "not fitted"),
        (LogisticRegression(), TypeError, "The estimator is LogisticRegression.*pickle"),
        (make_pipeline(VocabularyTransformer().fit(REVIEWS), classifier()), NotFittedError, "fit"),
        (
            Pipeline(
                [("words", VocabularyTransformer().fit(REVIEWS)), ("lr", LogisticRegression())]
            ),
            TypeError,
            "The step 'lr' is LogisticRegression.*pickle",
        ),
        (Pipeline([]), TypeError, "steps have the names"),
        (
            VocabularyTransformer(tokenizer=str.split).fit(["a b"]),
            TypeError,
            "tokenizer is .*pickle",
        ),
        (VocabularyTransformer(pd.Index(["a"])).fit(["a"]), TypeError, "vocabulary is Index"),
    ],
)
def test_what_cannot_be_saved_is_named(estimator, error, message, tmp_path):
    with pytest.raises(error, match=message):
        save(estimator, tmp_path / "model")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("memory", ["folder", joblib.Memory(None)])
def test_the_cache_of_a_pipeline_is_not_stored(memory, tmp_path):
    pipeline = Pipeline([("words", VocabularyTransformer().fit(REVIEWS))], memory=memory)
    save(pipeline, tmp_path / "model")
    assert load(tmp_path / "model").memory is None
    assert pipeline.memory is memory


@pytest.mark.parametrize(
    "name, value, error, message",
    [
        ("classes_", np.array([0, "a"], object), TypeError, "classes_ is an object array with 0"),
        ("classes_", np.array([1j, 2j]), TypeError, "classes_ is an array of dtype complex128"),
        ("classes_", np.array([1, 0]), ValueError, "classes_ is not sorted"),
        ("intercepts_", [np.full(8, np.nan)], ValueError, "intercepts_ is not valid"),
        ("callbacks", [lambda: None], TypeError, "callbacks.0 is <function"),
        ("note", "mine", TypeError, "has the attribute note.*delete"),
        ("batch_size", -1, ValueError, "'batch_size'"),
        ("classes_", np.array(["a", "\ud800"], object), ValueError, "classes_ .* not Unicode"),
    ],
)
def test_changed_state_that_cannot_be_saved_is_named(name, value, error, message, tmp_path):
    model = classifier().fit(counts(), cycled(0, 1))
    setattr(model, name, value)
    with pytest.raises(error, match=message):
        save(model, tmp_path / "model")


def test_failed_save_leaves_the_old_file(pipeline, tmp_path, monkeypatch):
    path = tmp_path / "model"
    path.write_bytes(b"old")

    def full(_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        save(pipeline, path)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["model"]


def test_save_replaces_what_a_link_names_and_keeps_its_mode(pipeline, tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    save(pipeline, link)
    assert link.is_symlink() and stat.S_IMODE(target.stat().st_mode) == 0o640
    assert_same(load(str(target)).predict(REVIEWS), pipeline.predict(REVIEWS))


def test_fresh_process_predicts_without_tensorflow(pipeline, saved, tmp_path):
    (tmp_path / "model").write_bytes(saved)
    code = (
        "import sys, skembed.saving._save_load as s; p = s.load(sys.argv[1])\n"
        f"print(p.predict_proba({REVIEWS!r}).tobytes().hex())\n"
        "assert not {'tensorflow', 'keras', 'scikeras'} & set(sys.modules)"
    )
    run = [sys.executable, "-c", code, str(tmp_path / "model")]
    got = subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()
    assert got == pipeline.predict_proba(REVIEWS).tobytes().hex()


def test_missing_file_is_not_a_format_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")
