"""Fitted networks as Keras models and scikeras estimators."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skembed.estimators._fitted import linear_model_of, targets_of, whole_network_of
from skembed.training._batch_shape import RowLengths
from skembed.training._class_targets import ClassTargets, LabelSetTargets
from skembed.training._parameters import Parameters
from skembed.training._plan import fixed_plan, for_rows
from skembed.training._settings import settings_of


def exported_model(estimator: Any) -> Any:
    """Compiled Keras model with the trained weights; imports TensorFlow."""
    check_is_fitted(estimator, "coefs_")
    if getattr(estimator, "_derived_features", None) is not None:
        raise ValueError(
            "The network uses target statistics, which a Keras model cannot compute; fit with "
            "target_statistics=False to export it."
        )
    from skembed.training.keras._export import keras_model

    parameters, targets = Parameters.of(estimator), targets_of(estimator)
    plan = fixed_plan(parameters, validated=False)
    plan = for_rows(plan, parameters, RowLengths(1, 0.0, 0.0, 0), targets.n_outputs)
    settings = settings_of(parameters, plan, targets, 1, seed=0)
    linear = linear_model_of(estimator)
    weights = None if linear is None else linear.table.whole()
    return keras_model(whole_network_of(estimator), settings, targets.link, weights)


def exported_scikeras(estimator: Any) -> Any:
    """Fitted scikeras estimator around the exported model."""
    model = exported_model(estimator)
    from skembed.training.keras._export import scikeras_estimator

    targets, labels = targets_of(estimator), None
    if isinstance(targets, LabelSetTargets):
        # rows with several labels: scikeras takes rows with one for a one-hot code
        labels = np.tri(len(targets.classes), dtype=int)
    elif isinstance(targets, ClassTargets):
        labels = targets.classes
    return scikeras_estimator(model, labels, targets.n_outputs)
