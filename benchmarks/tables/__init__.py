"""Scores on the columns of tables: the one-line pipeline against models that others use on tables.

- `_sets` : tables with their splits, and what others have published on them.
- `_models` : the models, ours first, each for a task and a seed.
- `_rivals` : the rivals, prepared as their own documentation advises.
- `_torch_rivals` : networks with skorch and pytorch-widedeep.
- `_native_columns` : a DataFrame of categories and numbers for rivals that take one.
- `_harness` : every model on every table; results are looked up, or fitted for.
- `_table`, `_picture` : what is written to `benchmarks/results`.

Differences and their standard errors are those of `benchmarks.quality`, whose `__main__` says how
two models are compared.
"""
