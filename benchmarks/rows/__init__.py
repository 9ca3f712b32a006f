"""Scores of the defaults on few training rows, against linear models.

- `_trials` : rows drawn for each seed, fits of both models on them, lines of the table.

Its rivals are those of the table of quality: a linear model at its defaults, and tuned.
`__main__` has the data sets, and writes the table.
"""
