"""Scores of the defaults on the named data sets, against rivals on the same features.

- `_models` : the models of the table, ours first.
- `_rivals` : the rival estimators; `_naive_bayes` is one of them, `_wide_mlp` another, `_fasttext`
  runs fastText in a process of its own.
- `_timed_fits` : how a model is fitted and timed, with threads and time limits.
- `_harness` : every model on every set; results are looked up, or fitted for.
- `_table`, `_picture` : what is written to `benchmarks/results`.

Data sets are in `benchmarks.shared.data._sets`, scores in `benchmarks.shared._scores`.
`__main__` has the options, and says how two models are compared.
"""
