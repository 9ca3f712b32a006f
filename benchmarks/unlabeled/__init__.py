"""Few labels among many rows: what the rows without a label bring, against scikit-learn's ways.

- `_trials` : labels drawn for each seed, fits on them, lines of the table.
- `_rivals` : latent semantic analysis with logistic regression, and self-training.

`__main__` has the data sets, and writes the table.
"""
