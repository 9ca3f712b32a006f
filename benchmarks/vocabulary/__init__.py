"""Seconds and memory of terms to CSR, against the tools of scikit-learn that do the same.

- `_tasks` : the tasks, each with our transformer and its rival, on the same data.
- `_peak_memory` : peaks of one task, in fresh processes.

`__main__` asserts that both sides give the same matrix, times them in turns, and writes the table.
"""
