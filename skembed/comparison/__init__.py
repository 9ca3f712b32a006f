"""A network against a tuned linear model on the same folds.

In: estimators and rows. Out: scores with paired differences, and their picture.

- `_comparison` : `compare_with_linear` and its result, `LinearComparison`.
- `_folds` : the folds, and fits of both models on them.
- `_tuned_linear` : the linear model and its grid.
- `_scores` : scores, and differences with standard errors.
- `_display` : `LinearComparisonDisplay`.
"""

from skembed.comparison._comparison import LinearComparison, compare_with_linear
from skembed.comparison._display import LinearComparisonDisplay

__all__ = ["LinearComparison", "LinearComparisonDisplay", "compare_with_linear"]
