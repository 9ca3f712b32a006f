"""Contenders that take turns, and ratios of their seconds."""

import math

from benchmarks.shared._timing import Contender, Ratio, race, seconds_of


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
    assert all(map(math.isnan, timing.cpu_seconds))


def test_cpu_seconds_are_those_of_work_and_not_of_waiting(monkeypatch):
    clocks = {"perf_counter": iter([10.0, 18.0]), "process_time": iter([1.0, 3.0])}
    for name, ticks in clocks.items():
        monkeypatch.setattr(f"benchmarks.shared._timing.time.{name}", ticks.__next__)
    contender = Contender("a", lambda _: None, calls=4, warms_up=False, shows_peak=False)
    timing = race([contender], 1, "test")[0]
    assert (timing.seconds, timing.cpu_seconds) == ([2.0], [0.5])


def test_seconds_of_a_call_include_the_call():
    calls = []
    assert seconds_of(lambda: calls.append(1)) > 0
    assert calls == [1]


def test_ratio_is_that_of_medians_with_the_range_of_turns():
    assert Ratio.of([1.0, 2.0, 6.0], [4.0, 2.0, 4.0]) == Ratio(0.5, 0.25, 1.5)
