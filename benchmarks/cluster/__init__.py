"""Several processes that train together: rows per second, bytes, losses, and a model on paper.

- `_problems` : made rows, such as words of texts and ids of events.
- `_worker` : what one of the processes does and measures.
- `_runs` : workers on this machine, started and asked.
- `_model` : seconds of a step by a model, checked against the runs, and large data by it.

`__main__` has the options.
"""
