"""Explanations of the default fits: agreement with exact Shapley values, what removal does, time.

- `_shapley` : exact Shapley values of a row, and those that shap's KernelExplainer samples.
- `_removal` : how a prediction falls as the terms that speak for it are removed.
- `_agreement` : correlations and seconds on the data sets.
- `_sums` : how near contributions and base value add up to the output, on all data sets.
- `_neighbours` : whether neighbours of terms are those of a large text.

`__main__` has the options.
"""
