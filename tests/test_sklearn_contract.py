"""scikit-learn's own checks, with no expected failure, in several configurations."""

from sklearn.utils.estimator_checks import check_param_validation as check_param_validation
from sklearn.utils.estimator_checks import parametrize_with_checks

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor


@parametrize_with_checks([EmbeddingDNNClassifier(), EmbeddingDNNRegressor()])
def test_sklearn_check(estimator, check):
    check(estimator)
