"""A network against its rivals on the same folds.

In: estimators and rows. Out: scores with paired differences, and their picture.

Against any rivals:

- `_compare` : `compare`.
- `_comparison` : its result, `Comparison`; `_display` : `ComparisonDisplay`.
- `_rivals` : the rivals, named or given, and how each is fitted.
- `_rival_folds` : fits, predictions and scores of all models on a fold.

Against a tuned linear model alone:

- `_linear_comparison` : `compare_with_linear` and its result, `LinearComparison`.
- `_linear_display` : `LinearComparisonDisplay`.

Both:

- `_column_kinds` : what kind each column of a table is.
- `_table_features` : columns as suits a linear model, or trees; `_quantile_bins` : bins of numbers.
- `_tuned_linear` : the linear model and its grid.
- `_folds` : what is given, checked; the folds; fits of network and linear model on them.
- `_scores` : scorers, and rows with weights; `_standard_error` : that of a mean difference.
- `_drawing` : what the pictures have in common.
"""

from skembed.comparison._compare import compare
from skembed.comparison._comparison import Comparison
from skembed.comparison._display import ComparisonDisplay
from skembed.comparison._linear_comparison import LinearComparison, compare_with_linear
from skembed.comparison._linear_display import LinearComparisonDisplay

__all__ = [
    "Comparison",
    "ComparisonDisplay",
    "LinearComparison",
    "LinearComparisonDisplay",
    "compare",
    "compare_with_linear",
]
