"""Classification: one class a row, or a set of labels, checked and as arrays for training."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.special import log_expit, log_softmax, logit
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from skembed.network._network import Network
from skembed.training._first_pass import LabelTally, Survey
from skembed.training._label_sets import checked_label_sets, refuse_label_lists
from skembed.training._targets import (
    PSEUDO_ROWS,
    class_shares,
    clipped_logit,
    listed,
    log_odds,
    with_last_bias,
)


@dataclass(frozen=True)
class ClassTargets:
    """One class a row: a logit for the second of two classes, or one for each of many."""

    classes: np.ndarray  # (n_classes,) sorted
    factors: np.ndarray | None = None  # (n_classes,) of the weights of each class's rows
    mean_weight: float = 1.0  # of a row, factor included
    totals: Any = None  # (1 + n_outputs,) weight of all rows, of each output's class
    entry_lengths = None  # targets are dense

    @property
    def loss(self) -> str:
        """Name of the loss."""
        two = len(self.classes) == 2
        return "binary_crossentropy" if two else "sparse_categorical_crossentropy"

    @property
    def link(self) -> str:
        """Keras' name of the function that turns logits into probabilities."""
        return "sigmoid" if len(self.classes) == 2 else "softmax"

    @property
    def n_outputs(self) -> int:
        """Number of logits."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    def encode(self, y: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Targets (n_samples,) for the loss."""
        return self._places(y).astype(dtype if self.n_outputs == 1 else np.int32)

    def knows(self, y: np.ndarray) -> np.ndarray:
        """Whether each row's label is one of the classes, (n_samples,) bool."""
        return np.isin(y, self.classes) if y.ndim == 1 else np.ones(len(y), bool)

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

    @property
    def unit(self) -> np.ndarray:
        """Ones (n_outputs,): the logits are what is predicted."""
        return np.ones(self.n_outputs)

    def indicators(self, encoded: np.ndarray) -> np.ndarray:
        """Whether each row is of each output's class (n_samples, n_outputs)."""
        if self.n_outputs == 1:
            return encoded[:, None]
        return encoded[:, None] == np.arange(self.n_outputs)

    def term_scores(
        self, sums: np.ndarray, counts: np.ndarray, pseudo_rows: float = PSEUDO_ROWS
    ) -> np.ndarray:
        """Log-odds (n_terms, n_outputs) of each output's class in the rows with a term."""
        return log_odds(sums, counts, self.totals, pseudo_rows)

    def link_means(self, means: np.ndarray) -> np.ndarray:
        """Log-odds of the shares of the classes or labels."""
        return clipped_logit(means)

    @property
    def base_outputs(self) -> np.ndarray:
        """Logits (n_outputs,) of the classes' frequencies."""
        shares = class_shares(self.totals)
        return logit(shares) if self.n_outputs == 1 else np.log(shares)

    def started(self, network: Network) -> Network:
        """Initial network whose outputs are those of the classes' frequencies."""
        return with_last_bias(network, self.base_outputs)

    unfolded = folded

    def _places(self, y: np.ndarray) -> np.ndarray:
        places = np.searchsorted(self.classes, y).clip(max=len(self.classes) - 1)
        unknown = self.classes[places] != y
        if unknown.any():
            raise ValueError(
                f"y has the label {y[unknown].tolist()[0]!r} in row "
                f"{int(np.argmax(unknown))}, which is not one of the classes "
                f"{listed(self.classes.tolist())}."
            )
        return places


@dataclass(frozen=True)
class LabelSetTargets:
    """Any number of labels a row: one logit a label."""

    classes: np.ndarray  # (n_labels,) 0, 1, ...
    mean_weight: float = 1.0
    totals: Any = None  # (1 + n_outputs,) weight of all rows, of those with each label
    loss = "multilabel_crossentropy"
    link = "sigmoid"
    n_classes = 1  # of which one excludes the others
    entry_lengths = None  # targets are dense

    @property
    def n_outputs(self) -> int:
        """Number of logits."""
        return len(self.classes)

    def encode(self, y: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Targets (n_samples, n_labels) for the loss."""
        if y.ndim != 2 or y.shape[1] != len(self.classes):
            raise ValueError(
                f"y has shape {y.shape}, expected an indicator matrix with {len(self.classes)} "
                "columns."
            )
        return y.astype(dtype)

    def knows(self, y: np.ndarray) -> np.ndarray:
        """Whether each row's labels can be encoded: all can."""
        return np.ones(len(y), bool)

    def weights(self, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Weights (n_samples,), 1 on average."""
        return weights / weights.dtype.type(self.mean_weight)

    def losses(self, logits: np.ndarray, encoded: np.ndarray) -> np.ndarray:
        """Sum over the labels of the cross entropies, (n_samples,), in nats."""
        return -log_expit(np.where(encoded > 0, logits, -logits)).sum(axis=1)

    def folded(self, network: Network) -> Network:
        """Network for prediction: the logits are what is trained."""
        return network

    @property
    def unit(self) -> np.ndarray:
        """Ones (n_outputs,): the logits are what is predicted."""
        return np.ones(self.n_outputs)

    def indicators(self, encoded: np.ndarray) -> np.ndarray:
        """Whether each row has each label (n_samples, n_outputs)."""
        return encoded

    def term_scores(
        self, sums: np.ndarray, counts: np.ndarray, pseudo_rows: float = PSEUDO_ROWS
    ) -> np.ndarray:
        """Log-odds (n_terms, n_outputs) of each label in the rows with a term."""
        return log_odds(sums, counts, self.totals, pseudo_rows)

    def link_means(self, means: np.ndarray) -> np.ndarray:
        """Log-odds of the shares of the classes or labels."""
        return clipped_logit(means)

    @property
    def base_outputs(self) -> np.ndarray:
        """Logits (n_outputs,) of the labels' frequencies."""
        return logit(class_shares(self.totals))

    def started(self, network: Network) -> Network:
        """Initial network whose outputs are those of the labels' frequencies."""
        return with_last_bias(network, self.base_outputs)

    unfolded = folded


@dataclass(frozen=True)
class ClassificationTask:
    """One class a row, or a set of labels.

    `classes` and `label_sets` are what is known before the rows are seen: the classes that
    the caller announces, or those of the network that a fit goes on with. `unlabeled` tells whether
    the label -1 stands for none, as the classifier's parameter does.
    """

    class_weight: Any = None
    classes: np.ndarray | None = None  # (n_classes,) sorted; None: those of the rows
    label_sets: bool | None = None  # None: as the rows have it
    unlabeled: bool | str = "auto"

    def checked(self, y: Any) -> np.ndarray:
        """Labels as an array: (n_samples,) or, for an indicator, (n_samples, n_labels)."""
        return checked_labels(y)

    def tally(self) -> LabelTally:
        """Make what counts the labels in the first pass."""
        return LabelTally()

    def targets(self, survey: Survey, tally: LabelTally) -> ClassTargets | LabelSetTargets:
        """Make the targets of the surveyed rows."""
        if self.label_sets is not None and self.classes is not None:
            n_labels = len(self.classes) if self.label_sets else 0
            if (tally.n_labels or 0) != n_labels:
                kind = f"{len(self.classes)} labels" if self.label_sets else "one class"
                raise ValueError(
                    f"The labels in y differ in format from the earlier fit, expected {kind} per "
                    "row; pass that format, or fit anew with warm_start=False or a clone."
                )
        return class_targets(survey, tally, self.classes, self.class_weight)

    def with_targets_of(self, y: np.ndarray) -> "ClassificationTask":
        """The task for some of the rows with these labels: it knows the classes of all."""
        return self if y.ndim == 2 else replace(self, classes=np.unique(y))

    def can_stratify(self, y: np.ndarray, held_out: float) -> bool:
        """Whether a share of the rows can be held out in the proportions of their classes."""
        if y.ndim == 2:
            return False
        _, counts = np.unique(y, return_counts=True)
        n_held = int(np.ceil(held_out * len(y)))
        return bool(counts.min() >= 2 and n_held >= len(counts) <= len(y) - n_held)

    def strata(self, y: np.ndarray) -> np.ndarray:
        """Number (n_samples,) of each row's class; all the same for label sets."""
        if y.ndim == 2:
            return np.zeros(len(y), np.int64)
        return np.unique(y, return_inverse=True)[1]

    def indispensable(self, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Rows without which the others would lack a class: one of each, drawn at random."""
        if y.ndim == 2:
            return np.zeros(0, np.int64)
        order = rng.permutation(len(y))
        return order[np.unique(y[order], return_index=True)[1]]


def announced_classes(classes: Any) -> np.ndarray:
    """Distinct classes (n_classes,) that a caller announces, sorted; none may be missing."""
    return np.unique(_without_missing(classes, "classes"))


def check_same_classes(announced: np.ndarray, fitted: np.ndarray) -> None:
    """Refuse other classes than those of the network that a fit goes on with."""
    if not np.array_equal(announced, fitted):
        raise ValueError(
            f"classes is {listed(announced.tolist())}, but an earlier call had "
            f"{listed(fitted.tolist())}; pass the same classes in each call, or None."
        )


def checked_labels(y: Any) -> np.ndarray:
    """Labels as an array: (n_samples,) or, for a label indicator, (n_samples, n_labels)."""
    refuse_label_lists(y)
    y = _without_missing(y)
    assert_all_finite(y, input_name="y")
    if y.ndim == 2 and y.shape[0] and y.shape[1] > 1:
        return checked_label_sets(y)
    y = column_or_1d(y.toarray() if sp.issparse(y) else y, warn=True)
    check_classification_targets(y)
    return y


def _without_missing(y: Any, name: str = "y") -> Any:
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
        raise ValueError(
            f"Input {name} contains NaN in row {row}; fill in a label or drop the row."
        )
    return values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(y)


def class_targets(
    survey: Survey, tally: LabelTally, classes: np.ndarray | None, class_weight: Any
) -> ClassTargets | LabelSetTargets:
    """Targets for the surveyed labels; `classes` where not all need be among them."""
    n_rows = survey.row_lengths.n_rows
    if tally.n_labels is not None:
        if classes is not None and len(classes) != tally.n_labels:
            raise ValueError(
                f"y is an indicator matrix with {tally.n_labels} labels, expected {len(classes)}."
            )
        if class_weight is not None:
            raise ValueError(
                "class_weight needs one class per row, but y has label sets; pass "
                "class_weight=None."
            )
        totals = np.append(survey.weight, tally.label_weights)
        return LabelSetTargets(np.arange(tally.n_labels), survey.weight / n_rows, totals)
    classes = tally.labels if classes is None else classes
    if len(classes) < 2:
        raise ValueError(
            "The classifier needs samples of at least 2 classes in y; it got 1 class: "
            f"{classes.tolist()[0]!r}."
        )
    weights, factors = tally.weight_of(classes), None
    if class_weight is not None:
        factors = _class_factors(class_weight, classes.tolist(), weights)
        weights = weights * factors
    each = weights[1:] if len(classes) == 2 else weights
    totals = np.append(weights.sum(), each)
    return ClassTargets(classes, factors, float(weights.sum()) / n_rows, totals)


def _class_factors(class_weight: Any, classes: list, weights: np.ndarray) -> np.ndarray:
    """Factor (n_classes,) of each class, whose rows weigh `weights`."""
    if isinstance(class_weight, str):  # "balanced": each class as heavy as any other
        return weights.sum() / (np.maximum(weights, weights[weights > 0].min()) * len(weights))
    for label, factor in class_weight.items():
        if not 0 <= factor < np.inf:
            raise ValueError(
                f"class_weight is {factor!r} for the label {label!r}, expected a finite number of "
                "0 or more."
            )
    unknown = set(class_weight) - set(classes)
    if unknown:
        raise ValueError(
            f"class_weight has the labels {listed(sorted(unknown, key=str))}, expected only "
            f"classes of y: {listed(classes)}."
        )
    return np.array([class_weight.get(label, 1.0) for label in classes])
