"""The linear model to compare with, its penalty chosen by inner validation."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)
from sklearn.utils import Tags
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from skembed.comparison._scores import Part, Scoring

Splits = list[tuple[np.ndarray, np.ndarray]]

# Values of C, two a decade; those of alpha are their inverses.
GRID = tuple((10.0 ** (np.arange(-8, 7) / 2)).tolist())
# Of features that were made for a linear model the ends are not needed.
TABLE_GRID = GRID[4:13]
_N_FOLDS = 5
# Training rows from which one inner fold in place of five tells the values apart.
_MANY_ROWS = 5000


class LabelwiseLogisticRegression(ClassifierMixin, BaseEstimator):
    """One logistic regression a label (one-vs-rest), all with the same C.

    A label that all or none of the training rows have gets the probability of half a row's
    share, or 1 minus it, where `OneVsRestClassifier` would say 0 or 1.
    """

    def __init__(self, *, C: float = 1.0, max_iter: int = 1000) -> None:
        self.C = C
        self.max_iter = max_iter

    def fit(self, X: Any, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Fit on an indicator matrix (n_samples, n_labels)."""
        self.classes_ = np.arange(y.shape[1])
        self._constant = np.abs(y.mean(axis=0) - 0.5 / len(y))
        model = LogisticRegression(C=self.C, max_iter=self.max_iter)
        self.estimators_ = [
            clone(model).fit(X, label, sample_weight) if label.min() < label.max() else None
            for label in y.T
        ]
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability (n_samples, n_labels) of each label."""
        probability = np.tile(self._constant, (X.shape[0], 1))
        for number, model in enumerate(self.estimators_):
            if model is not None:
                probability[:, number] = model.predict_proba(X)[:, 1]
        return probability

    def predict(self, X: Any) -> np.ndarray:
        """Labels (n_samples, n_labels) that are likelier than not."""
        return (self.predict_proba(X) > 0.5).astype(np.int64)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.sparse = True
        return tags


@dataclass(frozen=True)
class LinearModel:
    """A linear model and the values that its penalty is chosen among, strongest first."""

    estimator: Any
    parameter: str
    values: tuple[float, ...]

    @classmethod
    def for_classes(cls, y: np.ndarray, class_weight: Any, values: Sequence[float]) -> Self:
        """Logistic regression for classes, or one a label for label sets."""
        if y.ndim == 2:
            return cls(LabelwiseLogisticRegression(), "C", tuple(sorted(values)))
        logistic = LogisticRegression(max_iter=1000, class_weight=class_weight)
        return cls(logistic, "C", tuple(sorted(values)))

    @classmethod
    def for_numbers(cls, values: Sequence[float]) -> Self:
        """Ridge regression."""
        return cls(Ridge(), "alpha", tuple(sorted(values, reverse=True)))

    def tuned(
        self, part: Part, splits: Splits, scoring: Scoring, n_jobs: int | None
    ) -> tuple[Any, float]:
        """Fit with the value that scores best on the inner splits; return model and value."""
        # of sparse rows BLAS gets small arrays only: on busy cores its threads wait for each other
        with threadpool_limits(1 if sp.issparse(part.X) else None, user_api="blas"):
            value = self._best_value(part, splits, scoring, n_jobs)
            return self._with(value).fit(part.X, part.y, **part.weighted), value

    def _best_value(
        self, part: Part, splits: Splits, scoring: Scoring, n_jobs: int | None
    ) -> float:
        pairs = [(part.take(train), part.take(test)) for train, test in splits]
        tasks = [(value, *pair) for value in self.values for pair in pairs]
        with _without(ConvergenceWarning):
            scores = Parallel(n_jobs=n_jobs)(
                delayed(_fitted_score)(self._with(value), train, test, scoring)
                for value, train, test in tasks
            )
        means = np.reshape(scores, (len(self.values), len(pairs))).mean(axis=1)
        if np.isnan(means).all():
            raise ValueError(
                f"scoring gives NaN on the inner splits, so {self.parameter} cannot be chosen; "
                "put another scorer first, or pass an inner_cv with larger test parts."
            )
        return self.values[int(np.nanargmax(means))]

    def _with(self, value: float) -> Any:
        return clone(self.estimator).set_params(**{self.parameter: value})


def _fitted_score(model: Any, train: Part, test: Part, scoring: Scoring) -> float:
    return scoring.first(model.fit(train.X, train.y, **train.weighted), test)


def inner_splits(
    cv: Any, y: np.ndarray, groups: np.ndarray | None, *, stratify: bool, seed: int
) -> Splits:
    """Splits of a training part to choose the penalty by.

    Test rows of a class that the rows to fit on lack are left out: no model can know it.
    """
    with _without(UserWarning):  # of classes with fewer rows than there are folds
        if cv is None:
            splits = _default_splits(y, groups, stratify=stratify, seed=seed)
        else:
            splitter = check_cv(cv, y, classifier=stratify)
            splits = list(splitter.split(np.zeros(len(y)), y, groups))
    if not stratify:
        return splits
    _, codes = np.unique(y, return_inverse=True)
    return [(train, test[np.isin(codes[test], codes[train])]) for train, test in splits]


def _default_splits(
    y: np.ndarray, groups: np.ndarray | None, *, stratify: bool, seed: int
) -> Splits:
    """Five shuffled folds, of many rows only the first."""
    if groups is not None:
        make, most = StratifiedGroupKFold if stratify else GroupKFold, len(np.unique(groups))
    elif stratify:
        make, most = StratifiedKFold, int(np.unique(y, return_counts=True)[1].max())
    else:
        make, most = KFold, len(y)
    if most < 2:
        raise ValueError(
            "The linear model cannot be tuned: a training part of cv has rows of "
            f"{'one group in groups' if groups is not None else 'too few kinds'} only. Pass "
            "inner_cv, or a cv with larger training parts."
        )
    folds = make(min(_N_FOLDS, most), shuffle=True, random_state=seed)
    splits = list(folds.split(np.zeros(len(y)), y, groups))
    return splits[:1] if len(y) >= _MANY_ROWS else splits


@contextmanager
def _without(category: type[Warning]) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category)
        yield
