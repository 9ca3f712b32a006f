import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from skembed.parallel._idle_pool import IdlePool


class Item:
    numbers = count()

    def __init__(self):
        self.number = next(self.numbers)


def test_a_returned_object_is_lent_again():
    pool = IdlePool(2)
    with pool.borrow("a", Item) as first:
        pass
    with pool.borrow("a", Item) as second:
        assert second is first


def test_two_borrowers_get_two_objects():
    pool = IdlePool(2)
    with pool.borrow("a", Item) as first, pool.borrow("a", Item) as second:
        assert first is not second
    assert len(pool) == 2


def test_the_least_recently_used_is_released():
    pool = IdlePool(2)
    with pool.borrow("a", Item) as item:
        gone = weakref.ref(item)
    del item
    for key in "bc":
        with pool.borrow(key, Item):
            pass
    gc.collect()
    assert len(pool) == 2
    assert gone() is None


def test_an_object_whose_borrower_raised_is_not_lent_again():
    pool = IdlePool(2)
    with pytest.raises(KeyboardInterrupt), pool.borrow("a", Item):
        raise KeyboardInterrupt
    assert len(pool) == 0


def test_threads_never_share_an_object():
    pool, in_use, clashes = IdlePool(3), set(), []

    def work(number):
        with pool.borrow(number % 2, Item) as item:
            if item.number in in_use:
                clashes.append(item.number)
            in_use.add(item.number)
            in_use.discard(item.number)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(500)))
    assert not clashes
    assert len(pool) <= 3
