"""What a classifier predicts, as arrays for training: one class a row, or a set of labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.special import log_expit, log_softmax
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array, column_or_1d

from skembed._network import Network
from skembed._survey import LabelTally, Survey


@dataclass(frozen=True)
class ClassTargets:
    """One class a row: a logit for the second of two classes, or one for each of many."""

    classes: np.ndarray  # (n_classes,) sorted
    factors: np.ndarray | None = None  # (n_classes,) of the weights of each class's rows
    mean_weight: float = 1.0  # of a row, factor included

    @property
    def loss(self) -> str:
        """Name of the loss."""
        two = len(self.classes) == 2
        return "binary_crossentropy" if two else "sparse_categorical_crossentropy"

    @property
    def n_outputs(self) -> int:
        """Number of logits."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    def encode(self, y: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Targets (n_samples,) for the loss."""
        return self._places(y).astype(dtype if self.n_outputs == 1 else np.int32)

    def weights(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Weights (n_samples,) with the classes' factors, 1 on average."""
        if self.factors is not None:
            weights = weights * self.factors[self._places(y)].astype(weights.dtype)
        return weights / weights.dtype.type(self.mean_weight)

    def losses(self, logits: np.ndarray, encoded: np.ndarray) -> np.ndarray:
        """Cross entropy (n_samples,) in nats."""
        if self.n_outputs == 1:
            return -log_expit(np.where(encoded > 0, logits[:, 0], -logits[:, 0]))
        return -log_softmax(logits, axis=1)[np.arange(len(encoded)), encoded]

    def folded(self, network: Network) -> Network:
        """Network for prediction: the logits are what is trained."""
        return network

    unfolded = started = folded

    def _places(self, y: np.ndarray) -> np.ndarray:
        places = np.searchsorted(self.classes, y).clip(max=len(self.classes) - 1)
        unknown = self.classes[places] != y
        if unknown.any():
            raise ValueError(
                f"y has the label {y[unknown].tolist()[0]!r}, which is not one of the classes "
                f"{self.classes.tolist()}."
            )
        return places


@dataclass(frozen=True)
class LabelSetTargets:
    """Any number of labels a row: one logit a label."""

    classes: np.ndarray  # (n_labels,) 0, 1, ...
    mean_weight: float = 1.0
    loss = "multilabel_crossentropy"

    @property
    def n_outputs(self) -> int:
        """Number of logits."""
        return len(self.classes)

    def encode(self, y: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Targets (n_samples, n_labels) for the loss."""
        if y.ndim != 2 or y.shape[1] != len(self.classes):
            raise ValueError(
                f"y has shape {y.shape}; an indicator matrix with {len(self.classes)} labels was "
                "expected."
            )
        return y.astype(dtype)

    def weights(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Weights (n_samples,), 1 on average."""
        return weights / weights.dtype.type(self.mean_weight)

    def losses(self, logits: np.ndarray, encoded: np.ndarray) -> np.ndarray:
        """Sum over the labels of the cross entropies, (n_samples,), in nats."""
        return -log_expit(np.where(encoded > 0, logits, -logits)).sum(axis=1)

    def folded(self, network: Network) -> Network:
        """Network for prediction: the logits are what is trained."""
        return network

    unfolded = started = folded


def checked_labels(y: Any) -> np.ndarray:
    """Labels as an array: (n_samples,) or, for a label indicator, (n_samples, n_labels)."""
    y = _without_missing(y)
    assert_all_finite(y, input_name="y")
    if type_of_target(y, input_name="y") == "multilabel-indicator":
        y = check_array(y, accept_sparse=True, dtype=None, input_name="y")
        return y.toarray() if hasattr(y, "toarray") else y
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    return y


def _without_missing(y: Any) -> Any:
    """Labels as an array of a type of numpy's, or a sparse matrix; none may be missing."""
    import pandas as pd

    if sp.issparse(y):
        return y
    # a list is not made an array before: None and NaN beside strings would become strings
    values = np.array(y, dtype=object) if isinstance(y, list | tuple) else y
    if not isinstance(values, pd.Series | pd.DataFrame):
        values = np.asarray(values)
    missing = np.asarray(pd.isna(values))
    if missing.any():
        row = int(np.argwhere(missing)[0, 0])
        raise ValueError(f"Input y contains NaN in row {row}: every row needs a label.")
    return values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(y)


def class_targets(
    survey: Survey, tally: LabelTally, classes: np.ndarray | None, class_weight: Any
) -> ClassTargets | LabelSetTargets:
    """Targets for the surveyed labels; `classes` where not all need be among them."""
    n_rows = survey.row_lengths.n_rows
    if tally.n_labels is not None:
        if classes is not None and len(classes) != tally.n_labels:
            raise ValueError(
                f"y is an indicator matrix with {tally.n_labels} labels; {len(classes)} were "
                "expected."
            )
        if class_weight is not None:
            raise ValueError("class_weight is for one class a row, not for label sets.")
        return LabelSetTargets(np.arange(tally.n_labels), survey.weight / n_rows)
    classes = tally.labels if classes is None else classes
    if len(classes) < 2:
        raise ValueError(
            "The classifier needs samples of at least 2 classes in y; it got 1 class: "
            f"{classes.tolist()[0]!r}."
        )
    if class_weight is None:
        return ClassTargets(classes, None, survey.weight / n_rows)
    weights = tally.weight_of(classes)
    factors = _class_factors(class_weight, classes.tolist(), weights)
    return ClassTargets(classes, factors, float(factors @ weights) / n_rows)


def _class_factors(class_weight: Any, classes: list, weights: np.ndarray) -> np.ndarray:
    """Factor (n_classes,) of each class, whose rows weigh `weights`."""
    if isinstance(class_weight, str):  # "balanced": each class as heavy as any other
        return weights.sum() / (np.maximum(weights, weights[weights > 0].min()) * len(weights))
    unknown = set(class_weight) - set(classes)
    if unknown:
        raise ValueError(
            f"class_weight has the labels {sorted(unknown, key=str)}, which are not among the "
            f"classes {classes}."
        )
    return np.array([class_weight.get(label, 1.0) for label in classes])
