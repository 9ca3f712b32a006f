"""Models on made tables: harness, cache, report, picture."""

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from benchmarks.tables import __main__ as command
from benchmarks.tables import _harness, _models, _picture, _rivals, _sets, _table
from benchmarks.tables._models import MODELS, Model
from benchmarks.tables._native_columns import NativeColumns
from benchmarks.tables._sets import Table, TableSet

N_TRAIN, N_TEST = 240, 80


@pytest.fixture(autouse=True)
def one_thread():
    """Keep BLAS threads from waiting for each other on busy cores."""
    with threadpool_limits(limits=1):
        yield


def made_table(path=None, task="classes"):
    """All kinds of columns; the targets depend on the first two."""
    rng, n_rows = np.random.default_rng(0), N_TRAIN + N_TEST
    frame = pd.DataFrame(
        {
            "room": rng.choice(["whole", "shared", None], n_rows),
            "price": rng.normal(size=n_rows),
            "tags": [[f"tag {n % 7}", "all"] for n in range(n_rows)],
            "advert": [f"a sunny loft number {n}" for n in range(n_rows)],
            "seen": pd.date_range("2026-01-01", periods=n_rows),
        }
    )
    signal = (frame["room"] == "whole") + frame["price"].to_numpy()
    y = signal.to_numpy() if task == "values" else (signal > 0.4).to_numpy(np.int64)
    train, test = frame.head(N_TRAIN), frame.tail(N_TEST).reset_index(drop=True)
    return Table(task, train, y[:N_TRAIN], test, y[N_TRAIN:])


class Shifted(_rivals.Rival):
    """Predicts by the price and its seed; counts its fits."""

    fits = 0

    def fit(self, X, y):
        Shifted.fits += 1
        return self

    def predict_proba(self, X):
        share = 1 / (1 + np.exp(-X["price"].to_numpy() + 0.1 * self.random_state))
        return np.column_stack([1 - share, share])


class OurShifted(Model):
    """Stands for ours."""

    ours = True


@pytest.fixture
def harness(monkeypatch, tmp_path):
    """Two tables, one of which is missing, and models; returns a run of the harness."""
    (tmp_path / "made.txt").write_text("made")
    sets = {
        "made": TableSet("Made rows", "made.txt", made_table, published={"Theirs": ".1"}),
        "gone": TableSet("Missing rows", "gone.txt", made_table),
    }
    models = {
        "ours": OurShifted("ours", Shifted),
        "linear": Model("linear", _rivals.Linear, seeded=False),
        "theirs": Model("theirs", Shifted, "no-such-package"),
    }
    for module in (command, _harness, _table):
        monkeypatch.setattr(module, "SETS", sets)
    for module in (command, _harness, _table, _picture):
        monkeypatch.setattr(module, "MODELS", models)
    monkeypatch.setattr(command, "RESULTS", tmp_path / "results" / "tables.md")
    monkeypatch.setenv("SKEMBED_DATA", str(tmp_path))
    monkeypatch.setattr(Shifted, "fits", 0)
    return lambda *arguments: command.main(["--cache", str(tmp_path / "cache"), *arguments])


@pytest.mark.filterwarnings("ignore:.*coverage.X. lists the unknown terms")  # months
@pytest.mark.parametrize("task", ["classes", "values"])
@pytest.mark.parametrize("name", MODELS)
def test_models_run_on_each_task(name, task):
    model, table = MODELS[name], made_table(task=task)
    if not model.is_installed:
        pytest.skip(f"{model.package} is not installed")
    estimator = model.estimator(table, 0).fit(table.train, table.y_train)
    found = estimator.predict if task == "values" else estimator.predict_proba
    prediction = found(table.test)
    assert prediction.shape == ((N_TEST,) if task == "values" else (N_TEST, 2))
    assert np.isfinite(prediction).all()


def test_ours_is_the_public_path_with_a_seed():
    table = made_table()
    model = _models.our_pipeline(table, 3)
    assert model["network"].random_state == 3
    plan = model["columns"].fit(table.train).plan_
    found = dict(zip(plan["column"], plan["kind"], strict=True))
    assert found["room"] == "categorical" and found["price"] == "numeric"


def test_native_columns_have_the_categories_of_training_rows():
    table = made_table()
    columns = NativeColumns(table.kinds).fit(table.train)
    found = columns.transform(table.test.assign(room="new"))
    assert found["room"].isna().all()
    assert set(columns.dtypes_["room"].categories) == {"(missing)", "shared", "whole"}
    assert found.drop(columns=columns.dtypes_).dtypes.map(pd.api.types.is_float_dtype).all()


def test_catboost_gets_terms_as_words():
    assert _rivals._as_text(["olive oil", "salt"]) == "olive_oil salt"
    assert _rivals._as_text(None) == ""


def test_digests_tell_tables_apart():
    digests = {made_table().digest, made_table(task="values").digest, made_table().head(50).digest}
    assert len(digests) == 3
    assert made_table().digest in digests


def test_a_second_run_goes_on_without_refitting(harness, capsys):
    harness("--seeds", "2", "--sets", "made")
    assert Shifted.fits == 1 + 2  # one to warm up
    first = capsys.readouterr().out
    harness("--seeds", "2", "--sets", "made")
    assert Shifted.fits == 3
    assert capsys.readouterr().out == first


def test_the_report_has_scores_times_and_what_is_missing(harness, capsys, tmp_path):
    harness("--seeds", "2")
    out = capsys.readouterr().out
    assert "gone: skipped, wants gone.txt below $SKEMBED_DATA" in out
    assert "theirs: left out, no-such-package is not installed" in out
    headers = [line for line in out.splitlines() if line.startswith("| data")][:2]
    for line, columns in zip(headers, (_table.SUMMARY, _table.COLUMNS), strict=True):
        assert [cell.strip() for cell in line.strip("|").split("|")] == list(columns)
    assert "C=" in out and "| Theirs" in out


def test_a_file_and_its_picture_are_written_where_asked_for(harness, tmp_path):
    harness("--seeds", "2", "--sets", "made", "--quick")
    assert not (tmp_path / "results").exists()
    harness("--seeds", "2", "--sets", "made", "--write")
    assert "(tables.png)" in (tmp_path / "results" / "tables.md").read_text()
    assert (tmp_path / "results" / "tables.png").stat().st_size > 5_000


def test_the_list_names_tables_and_models(harness, capsys):
    harness("--list")
    out = capsys.readouterr().out
    assert "made: Made rows (made.txt)" in out
    assert "theirs: theirs (not installed: no-such-package)" in out


@pytest.mark.parametrize("name", _sets.SETS)
def test_tables_are_read(name):
    table_set = _sets.SETS[name]
    if table_set.path is None:
        pytest.skip(f"wants {table_set.file} below $SKEMBED_DATA")
    table = table_set.make(table_set.path)
    assert len(table.train) == len(table.y_train) and len(table.test) == len(table.y_test)
    if name.startswith("amazon"):
        assert {*table.kinds.values()} == {"category"}
        assert ("ROLE_CODE" in table.train) == (name == "amazon-catboost")
    if name == "amazon-catboost":
        assert (len(table.train), len(table.test)) == (26_215, 6_554)
