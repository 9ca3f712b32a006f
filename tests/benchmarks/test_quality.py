"""Every model on made data sets: harness, cache, tables, picture."""

import json

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from benchmarks.quality import __main__ as command
from benchmarks.quality import _harness, _picture, _table, _timed_fits
from benchmarks.quality._models import MODELS, Model
from benchmarks.quality._timed_fits import Outcome, on_one_thread
from benchmarks.shared import _cache
from benchmarks.shared._measured import Measured
from benchmarks.shared._scores import row_scores
from benchmarks.shared.data._problem import Problem
from benchmarks.shared.data._sets import DataSet

N_TRAIN, N_TEST = 120, 60


@pytest.fixture(autouse=True)
def one_thread():
    """Keep BLAS threads from waiting for each other on busy cores."""
    with threadpool_limits(limits=1):
        yield


def made_problem(path=None, task="classes"):
    """Rows whose targets depend on the first columns."""
    rng = np.random.default_rng(0)
    X = sp.random_array((N_TRAIN + N_TEST, 12), density=0.4, rng=rng, format="csr")
    X = sp.csr_matrix((X.data.astype(np.float32), X.indices, X.indptr), X.shape)
    signal = X[:, :3].toarray() @ [[2.0, -1], [-1, 2], [1, 1]] + rng.normal(0, 0.3, (X.shape[0], 2))
    y = {"values": signal[:, 0], "labels": (signal > 0.5).astype(int)}.get(task)
    y = (signal[:, 0] > 0.4).astype(int) if y is None else y
    return Problem(task, X[:N_TRAIN], y[:N_TRAIN], X[N_TRAIN:], y[N_TRAIN:])


class Noisy(LogisticRegression):
    """Logistic regression that changes with its seed, and counts its fits."""

    fits = 0

    def fit(self, X, y):
        Noisy.fits += 1
        super().fit(X, y)
        self.coef_ = self.coef_ + np.random.default_rng(self.random_state).normal(0, 0.2)
        return self


@pytest.fixture
def harness(monkeypatch, tmp_path):
    """Two sets, one of which is missing, and three models; returns a run of the harness."""
    (tmp_path / "made.txt").write_text("made")
    sets = {
        "made": DataSet("Made rows", "made.txt", made_problem),
        "gone": DataSet("Missing rows", "gone.txt", made_problem),
    }
    models = {
        "ours": Model("ours", lambda _: Noisy(), seed="random_state", ours=True),
        "linear": Model("linear", lambda _: LogisticRegression()),
        "tuned": Model("tuned", lambda _: LogisticRegression(C=0.1)),
    }
    for module in (command, _harness):
        monkeypatch.setattr(module, "SETS", sets)
    for module in (command, _harness, _table):
        monkeypatch.setattr(module, "MODELS", models)
    monkeypatch.setattr(command, "RESULTS", tmp_path / "results" / "quality.md")
    monkeypatch.setenv("SKEMBED_DATA", str(tmp_path))
    monkeypatch.setattr(Noisy, "fits", 0)
    return lambda *arguments: command.main(["--cache", str(tmp_path / "cache"), *arguments])


@pytest.mark.parametrize("task", ["classes", "labels", "values"])
@pytest.mark.parametrize("name", ["ours", "linear", "tuned", "mlp"])
def test_models_run_on_each_task(name, task):
    problem = made_problem(task=task)
    model = MODELS[name]
    outcome = model.run(model.estimator(task, 0), problem)
    rows = row_scores(task, problem.y_test, outcome.prediction)
    assert all(np.isfinite(values).all() and len(values) == N_TEST for values in rows.values())


@pytest.mark.parametrize("task", ["classes", "labels"])
def test_a_wide_layer_learns_and_repeats(task):
    problem = made_problem(task=task)
    model = MODELS["widemlp"]
    first, again = (model.run(model.estimator(task, 0), problem).prediction for _ in range(2))
    assert first.shape == again.shape
    np.testing.assert_allclose(first, again, atol=1e-5)
    losses = row_scores(task, problem.y_test, first)["log loss"]
    even = row_scores(task, problem.y_test, np.full_like(first, problem.y_train.mean()))
    assert losses.mean() < even["log loss"].mean() + 0.05
    assert model.estimator("values", 0) is None


def test_a_wide_layer_is_not_tried_on_too_many_columns(monkeypatch):
    monkeypatch.setattr(_timed_fits, "MOST_COLUMNS", 3)
    model = MODELS["widemlp"]
    outcome = model.run(model.estimator("classes", 0), made_problem())
    assert outcome.prediction is None
    assert outcome.note == "not run on more than 3 columns"


@pytest.mark.parametrize("task", ["classes", "labels", "values"])
def test_ours_has_default_parameters_and_a_seed(task):
    model = MODELS["ours"]
    estimator = model.estimator(task, 3)
    assert estimator.get_params() == {**type(estimator)().get_params(), "random_state": 3}


def test_a_fit_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(_timed_fits, "TIME_LIMIT", 0.01)
    outcome = _timed_fits.within_limit(LogisticRegression(), made_problem())
    assert outcome == Outcome(None, 0.01, "ended at the time limit")


def test_a_second_run_goes_on_without_refitting(harness, capsys):
    harness("--seeds", "2", "--sets", "made")
    assert Noisy.fits == 1 + 2  # one to warm up
    first = capsys.readouterr().out
    harness("--seeds", "2", "--sets", "made")
    assert Noisy.fits == 3
    assert capsys.readouterr().out == first
    harness("--seeds", "3", "--sets", "made")
    assert Noisy.fits == 3 + 1 + 1


def test_results_are_lines_of_json(harness, tmp_path):
    harness("--seeds", "2", "--sets", "made")
    lines = (tmp_path / "cache" / "results.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    told = [(line["set"], line["model"], line["seed"]) for line in found]
    models = [("ours", 0), ("ours", 1), ("linear", 0), ("tuned", 0)]
    assert told == [("made", *each) for each in models]


def test_keys_depend_on_data_parameters_and_our_code(monkeypatch):
    def keys():
        models = LogisticRegression(), LogisticRegression(C=2)
        return {
            _cache.key_of(digest, model, ours=ours)
            for digest in (made_problem().digest, made_problem(task="values").digest)
            for model in models
            for ours in (False, True)
        }

    before = keys()
    assert len(before) == 8
    monkeypatch.setattr(_cache, "source_digest", lambda: "changed")
    assert len(before & keys()) == 4  # those of rivals


def test_tables_have_all_columns_and_the_missing_set_is_named(harness, capsys, tmp_path):
    harness("--seeds", "2")
    out = capsys.readouterr().out
    assert "gone: skipped, wants gone.txt below $SKEMBED_DATA" in out
    headers = [line for line in out.splitlines() if line.startswith("| data")]
    for line, columns in zip(headers, (_table.SUMMARY, _table.COLUMNS), strict=True):
        assert [cell.strip() for cell in line.strip("|").split("|")] == list(columns)
    assert "Made rows" in out and not (tmp_path / "results").exists()


def test_a_full_run_is_written_with_its_picture(harness, tmp_path):
    (tmp_path / "gone.txt").write_text("here now")
    harness("--seeds", "2")
    text = (tmp_path / "results" / "quality.md").read_text()
    assert "Missing rows" in text and "(quality.png)" in text
    assert (tmp_path / "results" / "quality.png").stat().st_size > 5_000


def test_only_a_full_run_is_written(harness, tmp_path):
    (tmp_path / "gone.txt").write_text("here now")
    for arguments in (["--quick"], ["--sets", "made"], ["--models", "linear"], ["--seeds", "1"]):
        harness(*arguments)
    assert not (tmp_path / "results").exists()


def test_without_data_all_sets_are_skipped(harness, monkeypatch, capsys):
    monkeypatch.delenv("SKEMBED_DATA")
    harness()
    out = capsys.readouterr().out
    assert out.count("skipped, wants") == 2 and "Not written to a file" in out


def test_the_list_names_sets_and_models(harness, capsys):
    harness("--list")
    out = capsys.readouterr().out
    assert "made: Made rows (made.txt)" in out and "tuned: tuned" in out


def test_panels_hold_log_losses_and_what_else_sets_are_judged_by():
    rows = {"log loss": np.ones(4), "AUC": np.ones(4), "R2": np.ones(4)}

    def measured(task, score, *known):
        values = dict.fromkeys(known, 0.5)
        results = [_cache.Result("key", "set", "model", 0, 1.0, values)]
        y = np.array([0, 0, 1, 1])
        by_model = {"ours": results, "tuned": results}
        return Measured(score, "", task, score, y, by_model, lambda _, name: rows[name])

    words = measured("classes", "log loss", "log loss", "AUC")
    access = measured("classes", "AUC", "log loss", "AUC")
    prices = measured("values", "R2", "R2")
    found = _picture.panels([words, access, prices])
    assert found == {"log loss": [words, access], "AUC": [access], "R2": [prices]}


def test_a_rival_is_fitted_on_the_rows_that_ours_gets():
    problem = made_problem()
    outcome = on_one_thread(LogisticRegression(), problem)
    model = LogisticRegression().fit(problem.X_train, problem.y_train)
    np.testing.assert_array_equal(outcome.prediction, model.predict_proba(problem.X_test))


def test_naive_bayes_scales_columns_by_their_log_count_ratios():
    from benchmarks.quality._naive_bayes import NaiveBayesLogistic

    X = sp.csr_matrix(np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0], [0, 1, 1.0]]))
    y = np.array([1, 1, 0, 0])
    model = NaiveBayesLogistic(C=10).fit(X, y)
    p, q = np.array([3, 2, 2]) / 7, np.array([1, 3, 2]) / 6
    np.testing.assert_allclose(model.ratio_, np.log(p / q))
    known = LogisticRegression(C=10, max_iter=1000).fit(X.toarray() * np.log(p / q), y)
    np.testing.assert_allclose(
        model.predict_proba(X), known.predict_proba(X.toarray() * np.log(p / q))
    )
