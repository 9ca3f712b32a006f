"""scikit-learn's own checks, with no expected failure, in several configurations."""

import pytest
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_get_feature_names_out_error,
    check_global_output_transform_pandas,
    check_n_features_in_after_fitting,
    check_param_validation,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    estimator_checks_generator,
    parametrize_with_checks,
)

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor

ESTIMATORS = [EmbeddingDNNClassifier, EmbeddingDNNRegressor]
# Weights of rows cannot act as repeated rows where rows are held out at random.
NEEDS_ALL_ROWS = {"check_sample_weight_equivalence_on_dense_data"}
NEEDS_ALL_ROWS |= {"check_sample_weight_equivalence_on_sparse_data"}

UNSCALED = "ignore:Column . of X .*Numbers much larger than 1 make training unstable"

# Fewer and larger steps for the other combiners; penalties, as by default, so that they train by
# the programs that the defaults have compiled.
# The seed is fixed: sums of numbers around 100 give probabilities that float32 rounds to 1, some
# seeds so many that ranks of probabilities and of logits, which a check compares, differ.
QUICK = dict(max_epochs=30, learning_rate=0.01, embedding_l2=1.0, linear_l2=0.1, random_state=0)


# the checks train on numbers around 100, which no one should
@pytest.mark.filterwarnings(UNSCALED)
@parametrize_with_checks(
    [make() for make in ESTIMATORS]
    + [make(combiner=combiner, **QUICK) for make in ESTIMATORS for combiner in ("mean", "sum")]
)
def test_sklearn_check(estimator, check):
    check(estimator)


def early_stopping_checks():
    for make in ESTIMATORS:
        for estimator, check in estimator_checks_generator(make(early_stopping=True)):
            name = check.func.__name__
            if name not in NEEDS_ALL_ROWS:
                yield pytest.param(estimator, check, id=f"{make.__name__}-{name}")


@pytest.mark.filterwarnings(UNSCALED)
@pytest.mark.parametrize(("estimator", "check"), list(early_stopping_checks()))
def test_sklearn_check_with_early_stopping(estimator, check):
    check(estimator)


# these checks themselves mix frames and arrays
@pytest.mark.filterwarnings("ignore:X (does not have valid|has) feature names")
@pytest.mark.filterwarnings("ignore:When `set_output` is configured")
@pytest.mark.parametrize("make", ESTIMATORS)
@pytest.mark.parametrize(
    "check",
    [
        check_dataframe_column_names_consistency,
        check_get_feature_names_out_error,
        check_global_output_transform_pandas,
        check_n_features_in_after_fitting,
        check_param_validation,
        check_set_output_transform,
        check_set_output_transform_pandas,
        check_transformer_get_feature_names_out,
        check_transformer_get_feature_names_out_pandas,
    ],
)
def test_sklearn_check_that_the_generator_leaves_out(make, check):
    check(make.__name__, make())
