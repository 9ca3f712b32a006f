"""Whether the threads of fits that have ended wait for the next one."""

import threading

from skembed.parallel._worker_threads import IDLE


def assert_all_workers_idle():
    """No thread of ours works on, and each has been given back for the next fit."""
    alive = {t for t in threading.enumerate() if t.name.startswith("skembed-worker")}
    kept = [executor for executors in IDLE._idle.values() for executor in executors]
    assert alive == set().union(*(executor._threads for executor in kept))
    assert all(executor._work_queue.empty() for executor in kept)
