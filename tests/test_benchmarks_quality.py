import ast
import json

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, r2_score, roc_auc_score
from threadpoolctl import threadpool_limits

from benchmarks import _quality_cache, _quality_models, _quality_picture, _quality_table, quality
from benchmarks._quality_models import Model, Outcome, Tuned, on_one_thread
from benchmarks._quality_results import Measured
from benchmarks._quality_scores import gain, losses, placements, row_scores, scores
from benchmarks._quality_sets import DataSet, Problem, bin_edges, binned
from benchmarks._source_digest import code_behind, source_digest, without_prose

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
    for name, known in {"SETS": sets, "MODELS": models}.items():
        monkeypatch.setattr(quality, name, known)
    monkeypatch.setattr(_quality_table, "MODELS", models)
    monkeypatch.setattr(quality, "RESULTS", tmp_path / "results" / "quality.md")
    monkeypatch.setenv("SKEMBED_DATA", str(tmp_path))
    monkeypatch.setattr(Noisy, "fits", 0)
    return lambda *arguments: quality.main(["--cache", str(tmp_path / "cache"), *arguments])


def test_gain_and_its_error_are_those_of_a_hand_computation():
    ours = [np.array([0.1, 0.2, 0.6]), np.array([0.3, 0.2, 0.4])]
    theirs = [np.array([0.5, 0.1, 0.9])]
    found = gain(ours, theirs, "log loss", np.zeros(3))
    # rival - ours: [0.4, -0.1, 0.3] and [0.2, -0.1, 0.5]; means over seeds [0.3, -0.1, 0.4]
    assert found.value == pytest.approx(0.2)
    over_rows = (0.1**2 + 0.3**2 + 0.2**2) / 2 / 3
    over_seeds = 0.0  # either seed is 0.2 better
    assert found.error == pytest.approx(np.sqrt(over_rows + over_seeds))


def test_seeds_that_differ_widen_the_error():
    ours = [np.array([0.4, 0.6]), np.array([0.6, 0.8]), np.array([0.8, 1.0])]
    found = gain(ours, [np.zeros(2)], "R2", np.zeros(2))
    assert found.value == pytest.approx(0.7)
    # rows 0.6 and 0.8: variance 0.02 / 2; seeds 0.5, 0.7, 0.9: variance 0.04 / 3
    assert found.error == pytest.approx(np.sqrt(0.02 / 2 + 0.04 / 3))


def test_one_seed_leaves_the_error_of_rows():
    found = gain([np.array([1.0, 3.0])], [np.array([0.0, 0.0])], "R2", np.zeros(2))
    assert (found.value, found.error) == (2.0, pytest.approx(np.sqrt(2 / 2)))


def test_seeds_are_paired_and_further_ones_left_out():
    rows = [np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([9.0, 9.0])]
    found = gain(rows, rows[:2], "R2", np.zeros(2))
    assert (found.value, found.error) == (0, 0)


def test_placements_average_to_the_auc_and_their_error_is_de_longs():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 50)
    first, second = (np.round(rng.random(50) + share * y, 1) for share in (0.5, 0.2))
    a, b = placements(y, first), placements(y, second)
    assert a[y == 1].mean() == pytest.approx(roc_auc_score(y, first))
    assert a[y == 0].mean() == pytest.approx(roc_auc_score(y, first))
    found = gain([a], [b], "AUC", y)
    assert found.value == pytest.approx(roc_auc_score(y, first) - roc_auc_score(y, second))
    parts = [(a - b)[y == label] for label in (0, 1)]
    expected = sum(part.var(ddof=1) / len(part) for part in parts)
    assert found.error == pytest.approx(np.sqrt(expected))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_scores_of_classes_are_scikit_learns(n_classes):
    rng = np.random.default_rng(0)
    share = rng.dirichlet(np.ones(n_classes), 40)
    y = np.arange(40) % n_classes
    found = scores("classes", y, share)
    assert found["log loss"] == pytest.approx(log_loss(y, share))
    assert ("AUC" in found) == (n_classes == 2)


def test_scores_of_labels_and_values():
    y = np.array([[1, 0], [0, 1]])
    share = np.array([[0.8, 0.4], [0.6, 0.9]])
    found = scores("labels", y, share)
    assert found["log loss"] == pytest.approx(-np.log([0.8, 0.6, 0.4, 0.9]).mean())
    assert (found["micro-F1"], found["accuracy"]) == (pytest.approx(0.8), 0.5)
    targets = np.array([1.0, 2, 4])
    assert scores("values", targets, targets + [1, 0, 1])["R2"] == pytest.approx(
        r2_score(targets, targets + [1, 0, 1])
    )


def test_certain_errors_cost_a_finite_loss():
    assert losses("classes", np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(
        15.94, abs=0.01
    )


def test_bins_hold_their_upper_edge_and_leave_room_for_rare_values():
    values = np.r_[np.zeros(900), np.arange(1, 101)]
    edges = bin_edges(values)
    assert edges[0] == 0 and len(edges) >= 15
    frame = pd.DataFrame({"a": [0.0, 1.0, 100.0, np.nan]})
    codes = binned(pd.DataFrame({"a": np.r_[values, frame["a"]]}), (np.arange(1000), None))
    assert codes["a"].iloc[-4:].tolist() == [0, 1, len(edges), len(edges) + 1]


def test_tuned_takes_the_value_of_least_loss_and_refits_on_all_rows():
    problem = made_problem(task="values")
    data = problem.X_train, problem.y_train
    model = Tuned(Ridge(), "alpha", (0.01, 0.1, 1.0, 1000.0), "values").fit(*data)
    assert model.best_ < 1000
    expected = Ridge(alpha=model.best_).fit(*data).predict(problem.X_test)
    np.testing.assert_allclose(model.predict(problem.X_test), expected)


@pytest.mark.parametrize("task", ["classes", "labels", "values"])
@pytest.mark.parametrize("name", ["ours", "linear", "tuned", "mlp"])
def test_models_run_on_each_task(name, task):
    problem = made_problem(task=task)
    model = _quality_models.MODELS[name]
    outcome = model.run(model.estimator(task, 0), problem)
    rows = row_scores(task, problem.y_test, outcome.prediction)
    assert all(np.isfinite(values).all() and len(values) == N_TEST for values in rows.values())


@pytest.mark.parametrize("task", ["classes", "labels", "values"])
def test_ours_has_default_parameters_and_a_seed(task):
    model = _quality_models.MODELS["ours"]
    estimator = model.estimator(task, 3)
    assert estimator.get_params() == {**type(estimator)().get_params(), "random_state": 3}


def test_a_fit_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(_quality_models, "TIME_LIMIT", 0.01)
    outcome = _quality_models.within_limit(LogisticRegression(), made_problem())
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
            _quality_cache.key_of(digest, model, ours=ours)
            for digest in (made_problem().digest, made_problem(task="values").digest)
            for model in models
            for ours in (False, True)
        }

    before = keys()
    assert len(before) == 8
    monkeypatch.setattr(_quality_cache, "source_digest", lambda: "changed")
    assert len(before & keys()) == 4  # those of rivals


@pytest.mark.parametrize("package", ["estimators", "training", "training.keras", "network"])
def test_the_code_that_trains_is_hashed(package):
    assert any(name.startswith(f"skembed.{package}._") for name in code_behind())


def test_code_that_fits_do_not_run_is_not_hashed():
    names = code_behind()
    assert not [name for name in names if name.startswith(("skembed.inspection", "skembed.vocab"))]
    assert source_digest() != source_digest(("skembed.vocabulary",))


def test_a_module_that_is_not_there_is_an_error():
    with pytest.raises(FileNotFoundError, match="_moved_away"):
        source_digest(("skembed._moved_away",))


def test_prose_is_not_hashed():
    def code(text):
        return without_prose(ast.parse(text))

    bare = code("def f():\n    return 1\n")
    assert bare == code('def f():\n    """Do."""\n    return 1  # one\n')
    assert bare != code("def f():\n    return 2\n")


def test_tables_have_all_columns_and_the_missing_set_is_named(harness, capsys, tmp_path):
    harness("--seeds", "2")
    out = capsys.readouterr().out
    assert "gone: skipped, wants gone.txt below $SKEMBED_DATA" in out
    headers = [line for line in out.splitlines() if line.startswith("| data")]
    for line, columns in zip(
        headers, (_quality_table.SUMMARY, _quality_table.COLUMNS), strict=True
    ):
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
        results = [_quality_cache.Result("key", "set", "model", 0, 1.0, values)]
        y = np.array([0, 0, 1, 1])
        by_model = {"ours": results, "tuned": results}
        return Measured(score, "", task, score, y, by_model, lambda _, name: rows[name])

    words = measured("classes", "log loss", "log loss", "AUC")
    access = measured("classes", "AUC", "log loss", "AUC")
    prices = measured("values", "R2", "R2")
    found = _quality_picture.panels([words, access, prices])
    assert found == {"log loss": [words, access], "AUC": [access], "R2": [prices]}


def test_labels_that_teach_nothing_are_dropped():
    problem = made_problem(task="labels")
    blind = np.zeros((N_TRAIN, 1), int)
    y = np.hstack([problem.y_train, blind])
    with_blind = Problem(
        "labels", problem.X_train, y, problem.X_test, np.hstack([problem.y_test, blind[:N_TEST]])
    )
    kept = with_blind.learnable()
    np.testing.assert_array_equal(kept.y_train, problem.y_train)
    np.testing.assert_array_equal(kept.y_test, problem.y_test)


def test_a_rival_is_fitted_on_the_rows_that_ours_gets():
    problem = made_problem()
    outcome = on_one_thread(LogisticRegression(), problem)
    model = LogisticRegression().fit(problem.X_train, problem.y_train)
    np.testing.assert_array_equal(outcome.prediction, model.predict_proba(problem.X_test))
