"""Recommending at the defaults, against recommenders that are tuned, on held-out items.

- `_problems` : real histories, and what of them is given and what is to be found.
- `_rivals` : popularity, item-kNN, truncated SVD, EASE and iALS, with the grids they are tuned on.
- `_comparison` : every model on every split; means and differences with standard errors.
- `_cost` : seconds of one recommendation, and a made catalogue as a stream.

`__main__` has the options.
"""
