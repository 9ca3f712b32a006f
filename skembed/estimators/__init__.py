"""scikit-learn's contract: validation, parameters, fitted attributes, prediction.

In: X, y and sample weights as a caller has them. Out: a fitted estimator.

- `_classifier`, `_regressor` : the public classes.
- `_base` : what they share.
- `_checked_data`, `_checked_rows` : X, y and weights checked; here malformed CSR is refused.
"""

from skembed.estimators._classifier import EmbeddingDNNClassifier
from skembed.estimators._regressor import EmbeddingDNNRegressor

__all__ = ["EmbeddingDNNClassifier", "EmbeddingDNNRegressor"]
