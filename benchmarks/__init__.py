"""Benchmarks: run each with ``python -m benchmarks.NAME``; each is a package of that name.

- `speed` : seconds and memory of fits and predictions, against rivals that take turns with ours.
- `quality` : scores of the defaults on ten data sets, against rivals on the same features.
- `tables` : scores on the columns of tables, against trees and networks for tables.
- `rows` : scores on few training rows, against logistic regression.
- `unlabeled` : scores with few labels among many rows, against scikit-learn's ways.
- `recommend` : held-out items of users, against recommenders that are tuned.
- `explain` : explanations against exact Shapley values, and what removing terms does.
- `serving` : agreement, size, start, latency and memory of each way to serve a model.
- `cluster` : processes that train together: rows per second, bytes, losses, and a model on paper.
- `faults` : bad input, damaged files, killed fits: what comes of each.
- `vocabulary` : terms to CSR, against the tools of scikit-learn that do the same.
- `columnar` : memory and rows per second of a fit on a folder of files, against one from memory.
- `lesson` : the lesson end to end, from TFRecord files to a table and a picture.
- `shared` : what two or more of them use: timing, data, tables, models.
- `results` : the tables that they wrote, which the documentation shows.

To add one, make a package with these files:

1. `__init__.py` says what is measured, and which file holds what. It imports nothing.
2. `__main__.py` has the command line: it parses options, prints a table, and writes it to
   `results/NAME.md` by `shared._results`.
3. A file for each idea beside it, `_rivals.py` for the models that ours are compared with.
   Take data from `shared.data`, turns and ratios from `shared._timing`, tables from
   `shared._tables`. What a second benchmark needs moves to `shared`.
4. `tests/benchmarks/test_NAME.py` runs it on made data.
"""
