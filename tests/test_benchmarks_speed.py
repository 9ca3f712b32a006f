import numpy as np
import pytest

from benchmarks import speed
from benchmarks._features import widened, zipf_rows
from benchmarks._report import Line, Section, figure, versus
from benchmarks._timing import Contender, Ratio, race


def test_contenders_take_turns_after_a_warm_up():
    order = []
    contenders = [
        Contender("a", order.append, prepare=lambda: "a"),
        Contender("b", order.append, prepare=lambda: "b", warms_up=False, shows_peak=False),
    ]
    timings = race(contenders, 3, "test")
    assert order[:7] == ["a", "a", "b", "a", "b", "a", "b"]
    assert [len(timing.seconds) for timing in timings] == [3, 3]
    assert timings[1].peak_mb is None


def test_a_contender_may_time_itself():
    timing = race([Contender("a", lambda _: 2.5, times_itself=True)], 2, "test")[0]
    assert timing.seconds == [2.5, 2.5]


def test_ratio_is_that_of_medians_with_the_range_of_turns():
    assert Ratio.of([1.0, 2.0, 6.0], [4.0, 2.0, 4.0]) == Ratio(0.5, 0.25, 1.5)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.2e-5, "s", "32.0 µs"),
        (0.026, "s", "26.0 ms"),
        (2, "s", "2.00 s"),
        (1234.5, "MB", "1,234 MB"),
    ],
)
def test_figures_have_three_digits(value, unit, text):
    assert figure(value, unit) == text


def test_a_target_is_for_the_fastest_rival_of_its_name():
    seconds = {"ours": 1.0, "them, slow": 9.0, "them, fast": 3.0, "another": 2.0}
    timings = race(
        [Contender(n, lambda _, s=s: s, times_itself=True) for n, s in seconds.items()], 1, "test"
    )
    for target, verdict in ((0.5, "holds"), (0.1, "**falls short**")):
        lines = versus(timings, {"them": target})
        assert [line.verdict for line in lines] == ["", "", verdict, ""]
    assert "falls" not in Section("title", "ratio", lines).markdown(judged=False)


def test_widened_columns_hold_the_same_entries():
    X, labels = zipf_rows(20, 10, 30)
    wide = widened(X, 1000)
    assert wide.shape == (20, 1000) and wide.has_canonical_format
    sizes = [np.sort(np.bincount(x.indices, minlength=1000)) for x in (wide, X)]
    np.testing.assert_array_equal(*sizes)
    np.testing.assert_array_equal(np.diff(wide.indptr), np.diff(X.indptr))
    assert set(labels) == {0, 1}


def test_rows_without_their_data_say_what_they_want(monkeypatch, capsys):
    monkeypatch.delenv("SKEMBED_DATA", raising=False)
    speed.main(["--quick", "--rows", "lesson"])
    assert "wants imdb/imdb.parquet" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "written"), [([], True), (["--quick"], False)])
def test_only_a_full_run_is_written(monkeypatch, tmp_path, arguments, written):
    section = Section("A row", "ratio", [Line("a line", [1.0, 2.0])], ["a note"])
    monkeypatch.setattr(speed, "ROWS", {"row": speed.Row(lambda _: section)})
    monkeypatch.setattr(speed, "RESULTS", tmp_path / "speed.md")
    monkeypatch.setattr(speed.Imdb, "find", lambda _: object())
    speed.main(arguments)
    assert speed.RESULTS.exists() == written
    if written:
        text = speed.RESULTS.read_text()
        assert "1.50 s" in text and "- a note" in text
