"""The estimators inside scikit-learn's own, which were written for scikit-learn's."""

import os
from functools import partial

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import small_estimators
from joblib import Parallel, delayed
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_predict,
    cross_validate,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from skembed import EmbeddingDNNClassifier, EmbeddingDNNRegressor

small = partial(small_estimators.small, max_epochs=60)


@pytest.fixture(scope="module")
def fitted(binary_problem):
    return small().fit(*binary_problem)


@pytest.fixture(scope="module")
def three_classes(binary_problem):
    X, _ = binary_problem
    return X, np.array(["ant", "bee", "cow"])[X.toarray()[:, :3].argmax(1)]


# Searches and validation in processes.


@pytest.mark.slow
def test_grid_search_in_processes_equals_that_in_turn(binary_problem):
    grid = {"learning_rate": [0.001, 0.02]}
    parallel = GridSearchCV(small(), grid, cv=2, n_jobs=2).fit(*binary_problem)
    alone = GridSearchCV(small(), grid, cv=2).fit(*binary_problem)
    assert parallel.best_params_ == {"learning_rate": 0.02}
    for name in ("mean_test_score", "split0_test_score"):
        assert_allclose(parallel.cv_results_[name], alone.cv_results_[name])
    assert_array_equal(parallel.best_estimator_.embeddings_, alone.best_estimator_.embeddings_)


@pytest.mark.slow
@pytest.mark.parametrize("cls", [EmbeddingDNNClassifier, EmbeddingDNNRegressor])
def test_cross_validate_in_processes_gives_back_estimators(cls, binary_problem):
    X, y = binary_problem
    results = cross_validate(
        small(cls), X, y, cv=2, n_jobs=2, return_estimator=True, error_score="raise"
    )
    assert (results["test_score"] > (0.6 if cls is EmbeddingDNNClassifier else 0)).all()
    assert all(model.predict(X).shape == y.shape for model in results["estimator"])


def threads_of_tensorflow_and_joblib(X, y):
    small(max_epochs=1).fit(X, y)
    return os.environ.get("TF_NUM_INTRAOP_THREADS"), os.environ.get("OMP_NUM_THREADS")


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core has nothing to share")
def test_tensorflow_in_a_worker_takes_the_workers_share_of_the_cores(binary_problem):
    task = delayed(threads_of_tensorflow_and_joblib)
    for tensorflow, joblib in Parallel(n_jobs=2)([task(*binary_problem)] * 2):
        assert tensorflow == joblib == str(max(1, os.cpu_count() // 2))


def test_halving_search_with_epochs_as_the_resource(binary_problem):
    search = HalvingGridSearchCV(
        small(),
        {"learning_rate": [0.0001, 0.02]},
        resource="max_epochs",
        min_resources=10,
        max_resources=20,
        factor=2,
        cv=2,
    ).fit(*binary_problem)
    assert search.n_resources_ == [10, 20]
    assert search.best_params_ == {"learning_rate": 0.02, "max_epochs": 20}
    assert search.best_estimator_.n_epochs_ == 20


# Ensembles and wrappers.


@pytest.mark.parametrize("voting", ["soft", "hard"])
def test_voting(voting, fitted, binary_problem):
    X, y = binary_problem
    models = [("embed", small()), ("line", LogisticRegression())]
    vote = VotingClassifier(models, voting=voting).fit(X, y)
    assert_array_equal(vote.named_estimators_["embed"].embeddings_, fitted.embeddings_)
    assert vote.score(X, y) > 0.85
    if voting == "soft":
        both = [model.predict_proba(X) for model in vote.estimators_]
        assert_allclose(vote.predict_proba(X), np.mean(both, axis=0))


def test_stacking(binary_problem):
    X, y = binary_problem
    models = [
        ("predictor", small()),
        ("transformer", make_pipeline(small(), LogisticRegression())),
    ]
    stack = StackingClassifier(models, LogisticRegression(), cv=2).fit(X, y)
    assert stack.score(X, y) > 0.85
    assert stack.transform(X).shape == (400, 2)


def test_calibration(binary_problem):
    X, y = binary_problem
    model = CalibratedClassifierCV(small(), cv=2).fit(X, y)
    assert_allclose(model.predict_proba(X).sum(1), 1, rtol=1e-6)
    assert model.score(X, y) > 0.75


def test_one_against_the_rest(three_classes):
    X, y = three_classes
    model = OneVsRestClassifier(small()).fit(X, y)
    assert model.classes_.tolist() == ["ant", "bee", "cow"]
    first = small().fit(X, (y == "ant").astype(int))
    assert_array_equal(model.estimators_[0].embeddings_, first.embeddings_)
    assert accuracy_score(y, model.predict(X)) > 0.8


def test_permutation_importance_finds_the_columns_that_matter(fitted, binary_problem):
    X, y = binary_problem
    result = permutation_importance(fitted, X.toarray(), y, n_repeats=2, random_state=0)
    matter = result.importances_mean[:12].mean()
    assert matter > 4 * abs(result.importances_mean[12:].mean())


def test_predictions_across_folds(three_classes):
    X, y = three_classes
    proba = cross_val_predict(small(), X, y, cv=2, method="predict_proba")
    assert_allclose(proba.sum(1), 1, rtol=1e-5)
    assert accuracy_score(y, np.unique(y)[proba.argmax(1)]) > 0.6


def test_transformed_targets(binary_problem):
    X, _ = binary_problem
    y = np.exp(X.toarray()[:, :3].sum(1) / 3)
    model = TransformedTargetRegressor(
        small(EmbeddingDNNRegressor), func=np.log, inverse_func=np.exp
    ).fit(X, y)
    inner = small(EmbeddingDNNRegressor).fit(X, np.log(y))
    assert_allclose(model.predict(X), np.exp(inner.predict(X)), rtol=1e-5)


# Copies.


def test_a_clone_has_the_parameters_and_nothing_fitted(fitted, binary_problem):
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not [name for name in vars(copy) if name.endswith("_")]
    assert_array_equal(copy.fit(*binary_problem).embeddings_, fitted.embeddings_)


def test_a_clone_copies_a_keras_optimizer(binary_problem):
    import keras

    model = small(optimizer=keras.optimizers.Adam(0.02, beta_1=0.8), learning_rate=None)
    copy = clone(model)
    assert copy.optimizer is not model.optimizer
    settings = [m.optimizer.get_config() for m in (model, copy)]
    assert {**settings[0], "name": ""} == {**settings[1], "name": ""}
    expected = model.fit(*binary_problem).embeddings_
    assert_array_equal(copy.fit(*binary_problem).embeddings_, expected)
    assert_array_equal(clone(model).fit(*binary_problem).embeddings_, expected)


@pytest.mark.slow
def test_a_search_over_keras_optimizers_in_processes(binary_problem):
    import keras

    optimizers = [keras.optimizers.SGD(1e-6), keras.optimizers.Adam(0.02)]
    search = GridSearchCV(
        small(learning_rate=None), {"optimizer": optimizers}, cv=2, n_jobs=2, error_score="raise"
    ).fit(*binary_problem)
    assert isinstance(search.best_params_["optimizer"], keras.optimizers.Adam)


# Pipelines.


def test_a_supervised_transformer_in_a_pipeline(fitted, binary_problem):
    X, y = binary_problem
    pipeline = make_pipeline(small(), LogisticRegression()).fit(X, y)
    assert pipeline.score(X, y) > 0.85
    expected = LogisticRegression().fit(fitted.transform(X), y)
    assert_array_equal(pipeline.predict(X), expected.predict(fitted.transform(X)))
    assert_array_equal(small().fit_transform(X, y), fitted.transform(X))


def test_the_names_of_the_embeddings(fitted, binary_problem):
    X, y = binary_problem
    names = [f"embeddingdnnclassifier{i}" for i in range(4)]
    assert fitted.get_feature_names_out().tolist() == names
    pipeline = make_pipeline(small(), LogisticRegression()).fit(X, y)
    assert pipeline[:-1].get_feature_names_out().tolist() == names


def test_set_output_gives_tables(fitted, binary_problem):
    X, y = binary_problem
    frame = pd.DataFrame(X.toarray(), index=np.arange(400) + 7)
    frame.columns = [f"c{i}" for i in range(30)]
    model = small().set_output(transform="pandas").fit(frame, y)
    table = model.transform(frame)
    assert table.columns.tolist() == [f"embeddingdnnclassifier{i}" for i in range(4)]
    assert_array_equal(table.index, frame.index)
    assert_array_equal(table.to_numpy(), fitted.transform(X))
    assert model.feature_names_in_.tolist() == list(frame.columns)
    assert isinstance(model.predict(frame), np.ndarray)
    sparse = small().set_output(transform="pandas").fit(X, y).transform(X)
    assert_array_equal(sparse.to_numpy(), fitted.transform(X))


def test_set_output_gives_polars(fitted, binary_problem):
    pytest.importorskip("polars")
    X, y = binary_problem
    table = small().set_output(transform="polars").fit(X, y).transform(X)
    assert_array_equal(table.to_numpy(), fitted.transform(X))


def test_categories_through_a_column_transformer():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"colour": rng.choice(["red", "green"], 200), "size": rng.choice(["s", "m", "l"], 200)}
    )
    y = ((frame["colour"] == "red") ^ (frame["size"] == "m")).to_numpy()
    encoder = ColumnTransformer(
        [("codes", OneHotEncoder(), ["colour", "size"])], sparse_threshold=1
    )
    model = make_pipeline(encoder, small(max_epochs=200)).fit(frame, y)
    assert sp.issparse(encoder.fit_transform(frame))
    assert model.score(frame, y) == 1
    assert model[-1].embeddings_.shape == (5, 4)


# Metadata routing.


def test_validation_rows_go_through_the_steps_before(binary_problem):
    X, y = binary_problem
    halved = FunctionTransformer(lambda X: X / 2, accept_sparse=True)
    with config_context(enable_metadata_routing=True):
        model = small().set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline([("halve", halved), ("model", model)], transform_input=["X_val"])
        pipeline.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    expected = small().fit(X[:300] / 2, y[:300], X_val=X[300:] / 2, y_val=y[300:])
    history = pipeline[-1].history_
    assert len(history["val_loss"]) == pipeline[-1].n_epochs_
    assert history == expected.history_
    assert_array_equal(pipeline[-1].embeddings_, expected.embeddings_)


def test_weights_are_routed_through_a_search(binary_problem):
    X, y = binary_problem
    weights = np.random.default_rng(0).integers(0, 4, 400).astype(float)
    with config_context(enable_metadata_routing=True):
        model = small().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"max_epochs": [1, 60]}, cv=2, error_score="raise")
        search.fit(X, y, sample_weight=weights)
    expected = small().fit(X, y, sample_weight=weights)
    assert search.best_params_ == {"max_epochs": 60}
    assert_array_equal(search.best_estimator_.embeddings_, expected.embeddings_)


def test_unrequested_weights_are_refused(binary_problem):
    from sklearn.exceptions import UnsetMetadataPassedError

    X, y = binary_problem
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(small(), {"max_epochs": [2]}, cv=2)
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            search.fit(X, y, sample_weight=np.ones(400))
