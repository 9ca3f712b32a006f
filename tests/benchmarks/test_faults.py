"""The faults, the quick ones in this process, and few damaged files and kills."""

import pytest

pytest.importorskip("tabulate")
from benchmarks.faults import _damage, _kills, _processes, _threads
from benchmarks.faults._faults import FAULTS, outcome

SLOW = {"a gzip bomb of 200 MB", "a table larger than the memory"}


@pytest.mark.parametrize("name", [fault.name for fault in FAULTS if fault.name not in SLOW])
def test_a_fault_is_told_or_does_no_harm(name):
    assert outcome(name) in ("told", "no harm")


@pytest.mark.parametrize("kind", list(_damage.KINDS))
def test_damaged_files_are_refused_or_read(kind, tmp_path):
    found = _damage.outcomes(kind, 60, tmp_path, seed=1)
    assert set(found) <= {"refused", "read"}
    assert found["refused"] > 20


def test_changes_with_right_digests_are_read_as_far_as_their_content(tmp_path):
    data = _damage.sound_file("model", tmp_path)
    assert _damage.put_together(*_damage.taken_apart(data)) != b""
    again = tmp_path / "again"
    again.write_bytes(_damage.put_together(*_damage.taken_apart(data)))
    _damage._read_model(again)


@pytest.mark.slow
def test_killed_fits_go_on():
    assert _kills.killed(1, seed=3) == (1, 1)


def test_threads_predict_the_same():
    n_predictions, n_wrong, n_fits = _threads.predicted(4, 2.0)
    assert n_predictions and n_fits and not n_wrong


def test_processes_end_in_bounds():
    assert _processes.run("print('fine')", [], 30).outcome == "fine"
    assert _processes.run("import os; os.kill(os.getpid(), 11)", [], 30).outcome.startswith("CRASH")
    assert _processes.run("import time; time.sleep(9)", [], 1).outcome.startswith("HANG")
