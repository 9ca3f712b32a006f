"""Seconds and memory of terms to CSR, against the tools of scikit-learn that do the same.

- `_tasks` : the tasks, each with our transformer and its rival, on the same data.
- `_peak_memory` : peaks of n-grams of words, in fresh processes.
- `_held_out` : what n-grams of characters bring on short texts; a program of its own.

`__main__` asserts that both sides give the same matrix, times them in turns, and writes the table.
"""
