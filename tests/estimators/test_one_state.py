"""Fitted arrays are never written again, and threads see one state of an estimator."""

import copy
import threading

import joblib
import numpy as np
import pytest
from small_estimators import small

from skembed import ChunkStream, EmbeddingDNNClassifier, EmbeddingDNNRegressor


def go_on(model, how, X, y):
    if how == "partial_fit":
        return model.partial_fit(X, y)
    return model.set_params(warm_start=True).fit(X, y)


@pytest.mark.parametrize("cls", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
@pytest.mark.parametrize("how", ["partial_fit", "warm fit"])
def test_a_fit_that_goes_on_writes_to_no_array_of_the_last_one(cls, how, binary_problem):
    X, y = binary_problem
    model = small(cls, max_epochs=2).partial_fit(
        X, y, **({"classes": [0, 1]} if cls is EmbeddingDNNClassifier else {})
    )
    arrays = [model.embeddings_, model._table.rows, *model.coefs_, *model.intercepts_]
    arrays += [*model._optimizer_state.table_slots, *model._optimizer_state.others]
    before = [np.array(array) for array in arrays]
    shallow, expected = copy.copy(model), model.predict(X)
    go_on(model, how, X, y)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))
    assert shallow.predict(X).tobytes() == expected.tobytes()
    assert not np.array_equal(model.embeddings_, before[0])


@pytest.mark.parametrize("how", ["partial_fit", "warm fit"])
def test_a_file_that_is_mapped_to_be_written_stays(how, binary_problem, tmp_path):
    X, y = binary_problem
    model = small(max_epochs=2).partial_fit(X, y, classes=[0, 1])
    joblib.dump(model, tmp_path / "model.joblib")
    before = (tmp_path / "model.joblib").read_bytes()
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r+")
    go_on(mapped, how, X, y)
    del mapped
    assert (tmp_path / "model.joblib").read_bytes() == before


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_second_fit_of_an_estimator_meanwhile_is_an_error(method, binary_problem):
    X, y = binary_problem
    reached, go = threading.Event(), threading.Event()
    model = small(max_epochs=1)

    def read():
        reached.set()
        assert go.wait(60)
        yield X, y

    thread = threading.Thread(target=lambda: model.fit(ChunkStream(read)))
    thread.start()
    assert reached.wait(60)
    second = model.fit if method == "fit" else lambda X, y: model.partial_fit(X, y, [0, 1])
    with pytest.raises(RuntimeError, match="Another thread is fitting this EmbeddingDNNClassif"):
        second(X, y)
    small(max_epochs=1).fit(X, y)  # other estimators are no matter
    go.set()
    thread.join(60)
    assert model.predict(X).shape == y.shape
    second(X, y)


def test_predictions_beside_partial_fit_are_those_of_one_state(binary_problem):
    X, y = binary_problem
    model = small(max_epochs=1, learning_rate=0.5).partial_fit(X, y, classes=[0, 1])
    states, seen, ended = [model.predict_proba(X).tobytes()], [], threading.Event()

    def predict():
        while not ended.is_set():
            seen.append(model.predict_proba(X).tobytes())

    threads = [threading.Thread(target=predict) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(60):
        model.partial_fit(X, y)
        states.append(model.predict_proba(X).tobytes())
    ended.set()
    for thread in threads:
        thread.join(60)
    assert len(seen) > 60
    assert set(seen) <= set(states)
