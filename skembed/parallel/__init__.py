"""Threads: work done ahead of its reader, and threads that are kept for the next fit.

In: a function and the items to call it on. Out: its results, in the order of the items.

- `_map_ahead` : a bounded number of results ahead of the reader, as a vocabulary is learned.
- `_worker_threads` : threads that are lent to a fit and stay for the next one.
- `_one_blas_thread` : products of matrices on one thread, while other threads work.
- `_cores` : how many threads to use.
- `_machine` : how much memory there is.
- `_idle_pool` : the bounded store of idle objects that both threads and trainers wait in.
"""
