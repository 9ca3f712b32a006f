"""What models are compared by: scorers of every form scikit-learn takes, on rows with weights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any, Self

import numpy as np
from sklearn.metrics import get_scorer, log_loss

from skembed._compat import safe_indexing

_LOG_LOSS = "neg_log_loss"
_TINY = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Part:
    """Some rows, to fit or to score on."""

    X: Any
    y: np.ndarray
    weights: np.ndarray | None = None  # (n_samples,)

    def take(self, rows: np.ndarray) -> Self:
        """Rows by their numbers."""
        weights = None if self.weights is None else self.weights[rows]
        return type(self)(safe_indexing(self.X, rows), self.y[rows], weights)

    @property
    def weighted(self) -> dict[str, np.ndarray]:
        """The keyword argument that fits and scorers take weights by."""
        return {} if self.weights is None else {"sample_weight": self.weights}


@dataclass(frozen=True)
class Scoring:
    """One or several scorers."""

    scorers: Mapping[str, Callable]

    @classmethod
    def of(cls, scoring: Any, *, default: str, weighted: bool) -> Self:
        """Take what `scoring` of cross_validate may be; check that weights can be passed."""
        scorers = {name: _scorer(value) for name, value in _named(scoring, default).items()}
        if not scorers:
            raise ValueError("scoring is empty: name at least one scorer, or pass None.")
        if weighted:
            for name, scorer in scorers.items():
                _check_takes_weights(name, scorer)
        return cls(scorers)

    def scores(self, model: Any, part: Part) -> dict[str, float]:
        """Score a fitted model by all scorers; one may give several scores as a dict."""
        found: dict[str, float] = {}
        for name, scorer in self.scorers.items():
            value = scorer(model, part.X, part.y, **part.weighted)
            found |= value if isinstance(value, Mapping) else {name: value}
        return {name: float(value) for name, value in found.items()}

    def first(self, model: Any, part: Part) -> float:
        """Score a fitted model by the first scorer alone."""
        name, scorer = next(iter(self.scorers.items()))
        return next(iter(Scoring({name: scorer}).scores(model, part).values()))


def neg_log_loss(
    estimator: Any, X: Any, y: np.ndarray, sample_weight: np.ndarray | None = None
) -> float:
    """Negative log loss in nats, also where y lacks a class; for label sets the labels' mean."""
    probability = np.asarray(estimator.predict_proba(X))
    if y.ndim == 1:
        return -log_loss(y, probability, sample_weight=sample_weight, labels=estimator.classes_)
    probability = np.clip(probability.astype(np.float64), _TINY, 1 - _TINY)
    of_truth = np.log(np.where(y > 0, probability, 1 - probability))
    return float(np.average(of_truth.mean(axis=1), weights=sample_weight))


def _named(scoring: Any, default: str) -> dict[str, Any]:
    """Scorers, or what stands for them, by name."""
    if scoring is None:
        scoring = default
    if isinstance(scoring, str):
        return {scoring: scoring}
    if isinstance(scoring, Mapping):
        return dict(scoring)
    if callable(scoring):
        return {getattr(scoring, "__name__", "score"): scoring}
    if isinstance(scoring, list | tuple) and all(isinstance(name, str) for name in scoring):
        return {name: name for name in scoring}
    if isinstance(scoring, set) and all(isinstance(name, str) for name in scoring):
        return {name: name for name in sorted(scoring)}
    raise TypeError(
        f"scoring is {scoring!r}; give the name of a scorer, a callable, a list of names, or a "
        "dict that maps names to scorer names or callables."
    )


def _scorer(scoring: Any) -> Callable:
    if callable(scoring):
        return scoring
    if scoring == _LOG_LOSS:
        return neg_log_loss
    try:
        return get_scorer(scoring)
    except ValueError as error:
        raise ValueError(
            f"scoring names {scoring!r}, which is not a scorer of scikit-learn; pass a name from "
            "sklearn.metrics.get_scorer_names(), or a callable that takes (estimator, X, y)."
        ) from error


def _check_takes_weights(name: str, scorer: Callable) -> None:
    metric = getattr(scorer, "_score_func", scorer)  # scikit-learn's scorers hold a metric
    taken = signature(metric).parameters.values()
    if not any(each.name == "sample_weight" or each.kind is each.VAR_KEYWORD for each in taken):
        raise ValueError(
            f"scoring: {name!r} takes no sample_weight, so it cannot use weights; choose another "
            "scorer or pass sample_weight=None."
        )
