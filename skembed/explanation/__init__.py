"""Why a prediction: what each feature of a row adds to each output, exact in sum.

In: a fitted network, or a pipeline that ends in one, and rows. Out: an `Explanation`.

- `_explain` : the public function.
- `_explanation` : contributions with names: tables and pictures of them.
"""

from skembed.explanation._explain import explain
from skembed.explanation._explanation import Explanation

__all__ = ["Explanation", "explain"]
