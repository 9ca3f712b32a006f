"""A fit that is broken off goes on from its checkpoint, and ends with the same bytes."""

import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from skembed import (
    ChunkStream,
    EmbeddingDNNClassifier,
    EmbeddingDNNRegressor,
    EmbeddingRecommender,
    FitCheckpoint,
    ModelFormatError,
    save,
)
from skembed._checked_file import write_archive
from skembed.datasets import make_watch_histories
from skembed.training import _keeper

N_ROWS = 3000


class Broken(BaseException):
    """Stands for the end of the process."""


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    X = sp.csr_matrix(rng.random((N_ROWS, 60)) < 0.1, dtype=np.float32)
    weights = rng.normal(size=(60, 3))
    return X, X @ weights + rng.normal(size=(N_ROWS, 3))


def break_after(monkeypatch, n_states):
    """Break a fit off when so many states have been written."""
    written, write = [], _keeper.Keeper.write

    def counted(self, *given):
        write(self, *given)
        written.append(1)
        if len(written) == n_states:
            raise Broken

    monkeypatch.setattr(_keeper.Keeper, "write", counted)


def fitted(kind, problem, callbacks=None, **given):
    X, outputs = problem
    y = (outputs[:, 0] > 0).astype(int)
    given = {"callbacks": callbacks, "random_state": 0} | given
    noise = {"dropout": 0.2, "term_dropout": 0.3, "batch_size": 64}
    if kind == "noise":
        return EmbeddingDNNClassifier(8, max_epochs=4, **noise, **given).fit(X, y)
    if kind == "many chunks":
        return EmbeddingDNNClassifier(8, max_epochs=3, batch_size=2, **given).fit(
            X[:1500], y[:1500]
        )
    if kind == "stream":

        def read():
            for start in range(0, N_ROWS, 1000):
                yield X[start : start + 1000], y[start : start + 1000]

        return EmbeddingDNNClassifier(8, max_epochs=3, **noise, **given).fit(ChunkStream(read))
    if kind == "stopping":
        return EmbeddingDNNClassifier(
            8, max_epochs=20, early_stopping=True, n_iter_no_change=2, **given
        ).fit(X, y)
    if kind == "default":
        return EmbeddingDNNClassifier(**given).fit(sp.vstack([X] * 4, format="csr"), np.tile(y, 4))
    if kind == "folds":
        return EmbeddingDNNClassifier(**given).fit(X[:400], y[:400])
    if kind == "few labels":
        marked = np.where(np.arange(N_ROWS) < 400, y, -1)
        return EmbeddingDNNClassifier(unlabeled=True, **given).fit(X, marked)
    if kind == "members":
        return EmbeddingDNNRegressor(8, max_epochs=2, n_members=2, **given).fit(X, outputs[:, 0])
    assert kind == "steps"
    return EmbeddingDNNRegressor(8, max_steps=70, batch_size=64, **given).fit(X, outputs)


def bytes_of(model, problem):
    outputs = getattr(model, "decision_function", model.predict)(problem[0])
    return outputs.tobytes(), model.history_, model.n_steps_


KINDS = [
    "noise",
    "many chunks",
    "stream",
    "stopping",
    "default",
    "folds",
    "few labels",
    "members",
    "steps",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_fit_goes_on_to_the_same_bytes(kind, problem, tmp_path, monkeypatch):
    whole = bytes_of(fitted(kind, problem), problem)
    folder = tmp_path / "fit"
    breaks = 0
    for n_states in (1, 2, 3):  # each time later, from where it was
        with pytest.MonkeyPatch.context() as patch:
            break_after(patch, n_states)
            try:
                model = fitted(kind, problem, [FitCheckpoint(folder, minutes=0)])
            except Broken:
                breaks += 1
                assert (folder / "fit.skembed").exists()
                continue
        break
    else:
        model = fitted(kind, problem, [FitCheckpoint(folder, minutes=0)])
    assert breaks
    assert bytes_of(model, problem) == whole
    assert os.listdir(folder) == []  # nothing is left of a fit that has ended


def test_states_within_an_epoch_are_gone_on_from(problem, tmp_path, monkeypatch):
    whole = bytes_of(fitted("many chunks", problem), problem)
    places, write = [], _keeper.Keeper.write

    def noted(self, run, chunk, trained):
        write(self, run, chunk, trained)
        places.append(None if chunk is None else (chunk.place.epoch, chunk.place.n_pieces))
        if places[-1] is not None and places[-1][1] == 2:
            raise Broken

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_keeper.Keeper, "write", noted)
        with pytest.raises(Broken):
            fitted("many chunks", problem, [FitCheckpoint(tmp_path, minutes=0)])
    assert places[-1] == (0, 2)
    model = fitted("many chunks", problem, [FitCheckpoint(tmp_path, minutes=0)])
    assert bytes_of(model, problem) == whole


KILLED = """
import os, sys
import numpy as np, scipy.sparse as sp
from skembed import EmbeddingDNNClassifier, FitCheckpoint
from skembed._checked_file import write_archive
from skembed.datasets import make_watch_histories
from skembed.training import _keeper

write, written = _keeper.Keeper.write, []
def killing(self, *given):
    write(self, *given)
    written.append(1)
    if len(written) == int(sys.argv[2]):
        os.kill(os.getpid(), 9)
_keeper.Keeper.write = killing
rng = np.random.default_rng(0)
X = sp.csr_matrix(rng.random((2000, 50)) < 0.1, dtype=np.float32)
y = (X @ rng.normal(size=50) > 0).astype(int)
callbacks = [FitCheckpoint(sys.argv[1], minutes=0)] if sys.argv[1] else None
noise = {"dropout": 0.2, "term_dropout": 0.3, "batch_size": 64}
model = EmbeddingDNNClassifier(8, max_epochs=4, callbacks=callbacks, random_state=0, **noise)
model = model.fit(X, y)
print(model.decision_function(X).tobytes().hex())
"""


def test_a_killed_process_loses_nothing(tmp_path):
    def run(folder, n_states):
        script = [sys.executable, "-c", KILLED, str(folder), str(n_states)]
        return subprocess.run(script, capture_output=True, text=True, timeout=300)

    whole = run("", 0)
    assert whole.returncode == 0, whole.stderr
    assert run(tmp_path, 2).returncode == -9
    again = run(tmp_path, 0)
    assert again.stdout == whole.stdout


def broken_off(problem, folder, kind="noise", **given):
    with pytest.MonkeyPatch.context() as patch:
        break_after(patch, 1)
        with pytest.raises(Broken):
            fitted(kind, problem, [FitCheckpoint(folder, minutes=0)], **given)


def test_another_fit_is_refused_by_what_differs(problem, tmp_path):
    broken_off(problem, tmp_path)
    checkpoint = [FitCheckpoint(tmp_path, minutes=0)]
    with pytest.raises(
        ValueError, match=r"different learning_rate \(was None, is 0.1\)\. Fit with"
    ):
        fitted("noise", problem, checkpoint, learning_rate=0.1)
    with pytest.raises(ValueError, match=r"different random_state \(was 0, is 1\)"):
        fitted("noise", problem, checkpoint, random_state=1)
    X, outputs = problem
    other = X.copy()
    other.data[7] = 2
    with pytest.raises(ValueError, match="different data: X. Fit with the same"):
        fitted("noise", (other, outputs), checkpoint)
    with pytest.raises(ValueError, match="different data: y"):
        fitted("noise", (X, -outputs), checkpoint)
    model = fitted("noise", problem, checkpoint, verbose=0)  # and the right one still goes on
    assert bytes_of(model, problem) == bytes_of(fitted("noise", problem), problem)


def test_other_rows_without_a_label_are_refused(problem, tmp_path):
    broken_off(problem, tmp_path, "few labels")
    X, outputs = problem
    other = X.copy()
    other.data[-1] = 2
    with pytest.raises(ValueError, match="different data: rows without a label"):
        fitted("few labels", (other, outputs), [FitCheckpoint(tmp_path, minutes=0)])


def test_a_drawn_seed_is_that_of_the_broken_fit(problem, tmp_path):
    seeds, start = [], _keeper.Keeper.__init__

    def noted(self, *given):
        start(self, *given)
        seeds.append(self.seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_keeper.Keeper, "__init__", noted)
        broken_off(problem, tmp_path, random_state=None)
        model = fitted("noise", problem, [FitCheckpoint(tmp_path)], random_state=None)
    assert seeds[0] == seeds[1]
    same = fitted("noise", problem, random_state=seeds[0])
    assert bytes_of(model, problem) == bytes_of(same, problem)


def test_a_damaged_state_is_told(problem, tmp_path):
    broken_off(problem, tmp_path)
    path = tmp_path / "run-0000.skembed"
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFormatError, match="is damaged"):
        fitted("noise", problem, [FitCheckpoint(tmp_path)])


def test_what_cannot_go_together_is_refused(problem, tmp_path):
    from keras.callbacks import History

    checkpoint = FitCheckpoint(tmp_path)
    with pytest.raises(ValueError, match="together with other callbacks"):
        fitted("noise", problem, [checkpoint, History()])
    with pytest.raises(ValueError, match="minutes is -1"):
        FitCheckpoint(tmp_path, minutes=-1)
    model = fitted("noise", problem, warm_start=True)
    model.set_params(callbacks=[checkpoint])
    with pytest.raises(ValueError, match="set warm_start=False"):
        model.fit(problem[0], (problem[1][:, 0] > 0).astype(int))


def test_an_estimator_with_a_checkpoint_is_cloned_saved_and_fitted_on(problem, tmp_path):
    checkpoint = FitCheckpoint(tmp_path / "fit", minutes=3)
    model = fitted("noise", problem, [checkpoint])
    again = clone(model)
    assert repr(again.callbacks) == repr([checkpoint])
    y = (problem[1][:, 0] > 0).astype(int)
    model.partial_fit(problem[0][:100], y[:100])
    model.set_params(callbacks=None)
    save(model, tmp_path / "model.skembed")


@pytest.mark.parametrize("kind", ["rows", "stream"])
def test_a_recommender_goes_on_too(kind, tmp_path):
    histories = make_watch_histories(300, random_state=0)

    def fit(callbacks=None):
        given = {"max_epochs": 6, "random_state": 0, "callbacks": callbacks}
        recommender = EmbeddingRecommender(8, **given)
        if kind == "rows":
            return recommender.fit(histories)
        return recommender.fit(ChunkStream(lambda: [(histories[:150],), (histories[150:],)]))

    whole = fit()
    for n_states in (2, 5):
        with pytest.MonkeyPatch.context() as patch:
            break_after(patch, n_states)
            with pytest.raises(Broken):
                fit([FitCheckpoint(tmp_path, minutes=0)])
    again = fit([FitCheckpoint(tmp_path, minutes=0)])
    scores = [model.decision_function(histories[:20]).tobytes() for model in (again, whole)]
    assert scores[0] == scores[1]
    assert again.plan_ == whole.plan_
    assert os.listdir(tmp_path) == []


def test_another_stream_is_refused(problem, tmp_path):
    X, outputs = problem
    broken_off(problem, tmp_path, "stream")
    checkpoint = [FitCheckpoint(tmp_path, minutes=0)]
    flipped = outputs.copy()
    flipped[[0, 1]] *= -1  # as many of each class, perhaps, and the same columns
    with pytest.raises(ValueError, match="different data: stream"):
        fitted("stream", (X, flipped), checkpoint)
    model = fitted("stream", problem, checkpoint)
    assert bytes_of(model, problem) == bytes_of(fitted("stream", problem), problem)


def test_a_sound_file_of_something_else_is_told(problem, tmp_path):
    broken_off(problem, tmp_path)
    write_archive(tmp_path / "run-0000.skembed", {"run": {"n_steps": 3}, "arrays": []}, {})
    with pytest.raises(ModelFormatError, match="does not contain a state of this fit: KeyError"):
        fitted("noise", problem, [FitCheckpoint(tmp_path)])
