import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from idle_workers import assert_all_workers_idle
from small_estimators import small

from skembed.parallel._worker_threads import workers


def this_thread():
    return threading.get_ident()


def test_one_after_the_other_get_the_same_thread():
    with workers(1) as first:
        thread = first.submit(this_thread).result()
    with workers(1) as second:
        assert second is first
        assert second.submit(this_thread).result() == thread


def test_two_at_a_time_get_threads_of_their_own():
    with workers(1) as one, workers(1) as other:
        assert one.submit(this_thread).result() != other.submit(this_thread).result()


def test_threads_of_work_that_failed_end():
    with pytest.raises(OSError, match="gone"), workers(1) as failed:
        thread = failed.submit(threading.current_thread).result()
        raise OSError("gone")
    thread.join(10)
    assert not thread.is_alive()
    with workers(1) as other:
        assert other is not failed


def test_fits_leave_no_more_threads_than_one_does(binary_problem):
    model = small(max_epochs=1)
    model.fit(*binary_problem)
    before = threading.active_count()
    for _ in range(3):
        model.fit(*binary_problem)
    assert threading.active_count() == before
    assert_all_workers_idle()


def test_fits_at_the_same_time_do_not_share_threads(binary_problem):
    def fitted(seed):
        return small(random_state=seed).fit(*binary_problem)

    expected = [fitted(seed).predict_proba(binary_problem[0]) for seed in range(4)]
    with ThreadPoolExecutor(4) as threads:
        models = list(threads.map(fitted, range(4)))
    for model, probabilities in zip(models, expected, strict=True):
        assert (model.predict_proba(binary_problem[0]) == probabilities).all()
    assert_all_workers_idle()


FORKS = """
import os
from skembed.parallel._worker_threads import workers
with workers(1) as executor:
    executor.submit(os.getpid).result()
if (child := os.fork()) == 0:
    with workers(1) as executor:
        pid = executor.submit(os.getpid).result(timeout=20)
    os._exit(0 if pid == os.getpid() else 1)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_a_forked_process_makes_threads_of_its_own():
    subprocess.run([sys.executable, "-c", FORKS], check=True, timeout=60)
