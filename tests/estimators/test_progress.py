"""What a fit shows on its way: candidates, epochs, rows, and that it compiles."""

import re
from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor

N_ROWS = 1200
# of a shape that no other test has: the first fit compiles
NETWORK = partial(EmbeddingDNNClassifier, hidden_units=11, random_state=0)


@pytest.fixture(scope="module")
def data():
    X = sp.random(N_ROWS, 25, 0.2, "csr", random_state=0, dtype=np.float32)
    return X, (X[:, :5].sum(axis=1).A1 > X[:, 5:10].sum(axis=1).A1).astype(int)


def shown(captured):
    """The lines of a progress bar, each of which replaces the last one."""
    return re.split(r"[\r\n]+", captured.readouterr().err)


def test_candidates_and_epochs_are_shown_with_their_losses(data, capsys):
    model = NETWORK(verbose=1, hidden_units=13).fit(*data)
    lines = shown(capsys)
    assert [line for line in lines if line][0].startswith("candidate 1 of 3, fold 1 of 5")
    for number in (1, 2, 3):
        told = [
            line
            for line in lines
            if line.startswith(f"candidate {number} of 3, fold 1 of 5, epoch ")
        ]
        assert any("val_loss=" in line and "rows/s" in line for line in told)
        assert "100%" in told[-1]
    last = [line for line in lines if line.startswith("fit, epoch ")][-1]
    assert last.startswith(f"fit, epoch {model.n_epochs_}:")
    assert "100%" in last
    assert f"loss={model.history_['loss'][-1]:.3g}" in last
    compiling = [line for line in lines if "compiling" in line]
    assert len({line.split(",")[0] for line in compiling}) == 1


def test_a_fit_that_compiles_nothing_does_not_say_so(data, capsys):
    model = NETWORK(max_epochs=2).fit(*data)
    assert capsys.readouterr().err == ""
    model.set_params(verbose=1).fit(*data)
    lines = shown(capsys)
    assert not any("compiling" in line for line in lines)
    assert [line for line in lines if line][-1].startswith("fit, epoch 2: 100%")


def test_a_progress_bar_of_scikit_learn_shows_candidates(data, capsys, monkeypatch):
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "200")
    NETWORK().set_callbacks(callback.ProgressBar()).fit(*data)
    lines = capsys.readouterr().out.splitlines()
    told = [line for line in lines if "candidate" in line or "training" in line]
    *candidates, training = [line.split("#")[0].strip() for line in told]
    assert training == "EmbeddingDNNClassifier - training"
    assert set(candidates) == {"EmbeddingDNNClassifier - candidate"}
    assert 3 * 2 <= len(candidates) <= 3 * 5  # on two folds, or on all
    assert all("100%" in line for line in told)
    assert not re.search(r"\b\d\d?%", "".join(lines))


@pytest.mark.parametrize("cls", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
def test_callbacks_are_told_of_the_epochs_of_the_training_alone(cls, data):
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    monitor = callback.ScoringMonitor(scoring="neg_mean_squared_error")
    model = cls(hidden_units=11, random_state=0)
    plain = clone(model).fit(*data)
    model.set_callbacks(monitor).fit(*data)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == plain.n_epochs_ == model.n_epochs_
    assert model.predict(data[0]).tobytes() == plain.predict(data[0]).tobytes()
