"""Why a prediction: what each feature of a row adds to each output, and how far to trust it.

In: a fitted network, or a pipeline that ends in one, and rows. Out: an `Explanation`, or a
`Reliability`.

- `_explain` : the public function.
- `_explanation` : contributions with names: tables, pages and pictures of them.
- `_encoders` : the encoders of a pipeline, with the columns and features of each.
- `_row_cells` : a row as people read it, cut into pieces with their contributions.
- `_view` : HTML of such rows.
- `_reliability` : calibration and parts of the log loss.
- `_drift` : how terms differ from those of the fit.
- `_plots` : pictures of all that.
"""

from skembed.explanation._explain import explain
from skembed.explanation._explanation import Explanation
from skembed.explanation._reliability import Reliability, reliability

__all__ = ["Explanation", "Reliability", "explain", "reliability"]
