"""Which worker gets which parts, and how errors are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skembed.dask._parts import deal
from skembed.dask._told_errors import retold, told
from skembed.distribution._agreement import WorkerError

ADDRESSES = ["tcp://a:1", "tcp://a:2", "tcp://b:1"]


@given(
    st.integers(1, 3),
    st.lists(st.frozensets(st.sampled_from([*ADDRESSES, "tcp://gone:1"])), min_size=3, max_size=9),
)
def test_each_part_is_dealt_once_and_each_worker_has_one(n_workers, homes):
    shares = deal(homes, ADDRESSES[:n_workers])
    assert sorted(sum(shares, [])) == list(range(len(homes)))
    assert all(shares) and all(share == sorted(share) for share in shares)


@given(st.lists(st.sampled_from(ADDRESSES), min_size=3).filter(lambda all: len(set(all)) == 3))
def test_parts_stay_with_their_workers(homes):
    shares = deal([frozenset({home}) for home in homes], ADDRESSES)
    for address, share in zip(ADDRESSES, shares, strict=True):
        assert all(homes[number] == address for number in share)


def test_parts_without_a_place_are_dealt_in_turn():
    assert deal([frozenset()] * 5, ADDRESSES) == [[0, 3], [1, 4], [2]]


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (KeyError("price"), KeyError, "Dask worker tcp://a:2: price"),
        (WorkerError("Worker 2 of 3 failed"), WorkerError, "Worker 2 (tcp://b:1) of 3 failed"),
        (WorkerError("Worker 0 (h:4000) has ended"), WorkerError, "Worker 0 (tcp://a:1) has ended"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), RuntimeError, "can't decode byte"),
        (pytest.fail.Exception("not ours"), RuntimeError, "Failed: not ours"),
    ],
)
def test_errors_keep_their_type_and_name_dask_workers(error, kind, message):
    again = retold(told(error, [0]), 1, ADDRESSES)
    assert type(again) is kind
    assert message in str(again)


def test_an_error_of_a_chunk_names_the_part():
    error = ValueError("y contains NaN")
    error.add_note("That is chunk 1 of the stream.")
    again = retold(told(error, [4, 7]), 0, ADDRESSES)
    assert str(again) == "Dask worker tcp://a:1: in part 7: y contains NaN"
