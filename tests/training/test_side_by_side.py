"""Candidates side by side: the same result on any number of cores, and nothing left behind."""

from threading import Lock, Thread

import numpy as np
import pytest
import scipy.sparse as sp
from idle_workers import assert_all_workers_idle

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor
from skembed.estimators import _fit
from skembed.training import _trials
from skembed.training._early_stopping import lost_after
from skembed.training._turns import Lane, Turns

N_ROWS = 1_500


def rows(seed=0):
    rng = np.random.default_rng(seed)
    X = sp.random(N_ROWS, 40, 0.15, "csr", random_state=seed, dtype=np.float32)
    X.data[:] = 1
    return X, X @ rng.normal(size=(40, 18)) + rng.normal(size=(N_ROWS, 18))


def categories():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 12, (N_ROWS, 3))
    X = sp.hstack([sp.csr_matrix(np.eye(12, dtype=np.float32)[column]) for column in codes.T])
    return X.tocsr(), (codes[:, 0] + codes[:, 1] > 11) ^ (rng.random(N_ROWS) < 0.1)


def problem(kind):
    """An unfitted estimator, and what it is fitted on."""
    X, scores = rows()
    if kind == "classes":
        return EmbeddingDNNClassifier(), X, scores.argmax(axis=1)
    if kind == "numbers":
        return EmbeddingDNNRegressor(), X, scores[:, 0]
    if kind == "columns":
        return EmbeddingDNNClassifier(fields=[12, 12, 12], n_members=2), *categories()
    return EmbeddingDNNClassifier(), X, scores[:, 0] > 0


@pytest.fixture(params=["a share", "folds"])
def held_out(request, monkeypatch):
    """Which rows are held out, whatever their number."""
    n_folds = {"a share": 0, "folds": 5}[request.param]
    monkeypatch.setattr(_trials, "n_folds", lambda n_rows: n_folds)
    return request.param


@pytest.fixture
def on_cores(monkeypatch, held_out):
    """Fit as if the machine had so many cores."""

    def fit(n_cores, kind="binary", seed=0, **parameters):
        monkeypatch.setattr(_trials, "usable_cores", lambda: n_cores)
        model, X, y = problem(kind)
        return model.set_params(random_state=seed, **parameters).fit(X, y)

    return fit


def bits(model):
    arrays = [model.embeddings_, model.linear_model_coef_, *model.coefs_, *model.intercepts_]
    return [array.tobytes() for array in arrays], model.plan_, model.history_, model.n_steps_


@pytest.mark.parametrize("kind", ["binary", "classes", "numbers", "columns"])
def test_a_fit_is_the_same_on_any_number_of_cores(kind, on_cores):
    alone = bits(on_cores(1, kind))
    for n_cores in (2, 4):
        assert bits(on_cores(n_cores, kind)) == alone
    assert_all_workers_idle()


def test_a_generator_gives_the_same_fits_on_any_number_of_cores(on_cores):
    def fits(n_cores):
        generator = np.random.RandomState(0)
        return [bits(on_cores(n_cores, seed=generator)) for _ in range(2)]

    first, second = fits(1)
    assert first != second
    assert fits(3) == [first, second]


@pytest.mark.parametrize("n_cores", [1, 3])
def test_a_candidate_that_diverges_is_an_error(n_cores, on_cores):
    with pytest.raises(FloatingPointError, match="learning_rate that is too large"):
        on_cores(n_cores, optimizer="sgd", learning_rate=1e30)
    assert_all_workers_idle()
    assert bits(on_cores(n_cores)) == bits(on_cores(1))


def test_an_error_on_all_rows_is_the_error_of_the_fit(on_cores, monkeypatch):
    def broken(*arguments):
        raise MemoryError("no room for all rows")

    monkeypatch.setattr(_fit, "rows_to_train", broken)
    with pytest.raises(MemoryError, match="no room"):
        on_cores(2)
    assert_all_workers_idle()


def test_what_interrupts_the_choice_breaks_all_runs_off(on_cores, monkeypatch):
    def interrupted(plans, tried, n_held_out):
        tried(list(plans)[0], np.inf)
        raise KeyboardInterrupt

    monkeypatch.setattr(_trials, "best", interrupted)
    with pytest.raises(KeyboardInterrupt):
        on_cores(2)
    assert_all_workers_idle()


def test_callbacks_and_progress_are_told_of_one_candidate_after_the_other(
    on_cores, held_out, capsys
):
    alone = bits(on_cores(1))
    assert bits(on_cores(4, verbose=1)) == alone
    shown = capsys.readouterr().err
    fold = ", fold 1 of 5" if held_out == "folds" else ""
    places = [shown.index(f"candidate {number} of 3{fold}, epoch 1") for number in (1, 2, 3)]
    assert places == sorted(places)


def test_turns_go_by_rank_and_no_more_at_once_than_are_allowed():
    turns, told, lock = Turns(2), [], Lock()
    at_once, most = [], []

    def epochs(name, rank, number):
        lane = Lane(turns, lambda: None, lambda: rank)
        for _ in range(number):
            turns.enter(lane)
            with lock:
                at_once.append(name)
                most.append(len(at_once))
                told.append(name)
            with lock:
                at_once.remove(name)
            turns.leave(lane)

    holders = [Lane(turns, lambda: None, lambda: 0.0) for _ in range(2)]
    for holder in holders:
        turns.enter(holder)
    threads = [Thread(target=epochs, args=(rank, rank, 20)) for rank in (3, 2, 1)]
    for thread in threads:
        thread.start()
    with turns.changed:
        turns.changed.wait_for(lambda: len(turns._waiting) == 3, timeout=60)
    turns.leave(holders[0])
    with turns.changed:
        turns.changed.wait_for(lambda: len(told) >= 1, timeout=60)
    assert told[0] == 1
    turns.leave(holders[1])
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(told) == [1] * 20 + [2] * 20 + [3] * 20
    assert max(most) <= 2


@pytest.mark.parametrize(
    ("losses", "after"),
    [
        ([1.0, 0.9, 0.8], None),
        ([1.0, 0.99, 0.98, 0.97, 0.1], 4),
        ([1.0, 0.9, 0.8, 0.7, 0.69, 0.68, 0.68], 7),
        ([1.0, 0.8, 0.6, 0.4, 0.2], None),
    ],
)
def test_a_race_is_judged_as_if_it_had_ended_there(losses, after):
    assert lost_after(losses, to_beat=0.5, horizon=5) == after
