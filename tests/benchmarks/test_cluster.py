"""The model of a step on paper, the made rows, and a worker's measurements."""

import numpy as np
import pytest

from benchmarks.cluster._model import Job, Network
from benchmarks.cluster._problems import PROBLEMS, Problem
from benchmarks.cluster._worker import answer


def test_latency_and_bandwidth_are_found_from_sums():
    network = Network(1e-3, 1e8)
    sums = [(n_bytes, network.sum_seconds(n_bytes, 4)) for n_bytes in (4, 40_000, 4_000_000)]
    found = Network.measured(sums, 4)
    assert found.latency == pytest.approx(1e-3)
    assert found.bandwidth == pytest.approx(1e8)


def test_a_ring_sends_each_number_less_than_twice():
    network = Network(0.0, 1e6)
    assert network.sum_seconds(1e6, 1) == 0
    assert network.sum_seconds(1e6, 2) == 1
    assert network.sum_seconds(1e6, 1000) == pytest.approx(2, rel=0.01)


def test_an_epoch_is_its_steps():
    job = Job(n_rows=1000, rows_per_second=100, bytes_of_exchange=1e6)
    network = Network(0.0, 1e6)
    assert job.epoch_seconds(network, 2, 100, 1) == 10 * (0.5 + 1)
    assert job.epoch_seconds(network, 2, 100, 10) == 10 * (0.5 + 0.1)


def test_touched_features_are_those_of_made_rows():
    problem = PROBLEMS["ids"]
    X, _ = problem.rows(share=0.02)
    found = [len(np.unique(X[s : s + 400].indices)) for s in range(0, 2000, 400)]
    assert problem.touched(400) == pytest.approx(np.mean(found), rel=0.02)


def test_one_process_measures_itself(monkeypatch):
    monkeypatch.setitem(PROBLEMS, "small", Problem(600, 50, 5, 64, ""))
    found = answer({"problem": "small", "sync_steps": 1, "share": 1.0})
    assert found["bytes_per_step"] == 0
    assert found["rows_per_second"] > 0
    assert 0 < found["loss"] < np.log(2)
