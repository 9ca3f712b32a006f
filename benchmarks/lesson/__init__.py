"""The lesson end to end: TFRecord files, 50 terms, three models, one table, one picture.

- `_terms` : the 50 terms, and reviews as counts of them.
- `_models` : the lesson's network, our defaults, and their rival, logistic regression.
- `_comparison` : metrics and seconds of the models, as a table.

`__main__` goes from files to the picture. Reviews are read by `benchmarks.shared.data._reviews`.
"""
