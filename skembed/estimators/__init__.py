"""scikit-learn's contract: validation, parameters, fitted attributes, prediction.

In: X, y and sample weights as a caller has them. Out: a fitted estimator.

- `_classifier`, `_regressor` : the public classes; `_base` is what they share.
- `_fit` : the flow of `fit` and `partial_fit`, step by step.
- `_checked_data` : X, y and weights, from arrays or a stream, to checked rows.
- `_unlabeled_rows` : rows without a label, told apart from the others.
- `_data_warnings` : data that look right and would be read wrongly.
- `_value_sizes` : columns of codes, and of numbers that were not scaled.
- `_csr_checks` : X to canonical CSR; an index out of bounds or a NaN is refused here.
- `_fitted` : fitted attributes, kept after a fit and read back as typed values.
- `_prediction` : checked features to logits, with numpy alone.
- `_callback_observer` : scikit-learn's callbacks, told of each epoch.
- `_class_prediction` : the classifier's score, which checks label sets.
- `_keras_export` : fitted networks as Keras models and scikeras estimators.
"""

from skembed.estimators._classifier import EmbeddingDNNClassifier
from skembed.estimators._regressor import EmbeddingDNNRegressor

__all__ = ["EmbeddingDNNClassifier", "EmbeddingDNNRegressor"]
