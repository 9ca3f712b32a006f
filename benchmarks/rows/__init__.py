"""Scores of the defaults on few training rows, against logistic regression.

- `_trials` : rows drawn for each seed, fits of both models on them, lines of the table.

Its rivals are logistic regression at its defaults, and tuned as in the table of quality.
`__main__` has the data sets, and writes the table.
"""
