"""What compare_with_linear is given, checked, and the fits and scores of its folds."""

import time
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import indexable
from sklearn.utils.validation import _num_samples, column_or_1d

from skembed._compat import check_sample_weight
from skembed.comparison._column_kinds import as_table, kinds_for
from skembed.comparison._scores import Part, Scoring
from skembed.comparison._table_features import linear_features
from skembed.comparison._tuned_linear import GRID, LinearModel, Splits, inner_splits
from skembed.estimators._base import BaseEmbeddingDNN
from skembed.tables import TableTransformer
from skembed.training import ChunkStream
from skembed.training._class_targets import checked_labels
from skembed.training._value_targets import checked_values

_MAX_SEED = np.iinfo(np.int32).max


def split_off_network(estimator: Any) -> tuple[Pipeline | None, Any]:
    """The steps before the embedding network, if there are any, and the network."""
    steps, network = None, estimator
    if isinstance(estimator, Pipeline):
        steps = estimator[:-1] if len(estimator.steps) > 1 else None
        network = estimator.steps[-1][1]
    if not isinstance(network, BaseEmbeddingDNN):
        kind = network.__name__ if isinstance(network, type) else type(network).__name__
        given = "the class" if isinstance(network, type) else "a"
        raise TypeError(
            f"estimator {'ends in' if network is not estimator else 'is'} {given} {kind}; give an "
            "EmbeddingDNNClassifier, an EmbeddingDNNRegressor or a Pipeline that ends in one."
        )
    return steps, network


def checked_data(network: Any, X: Any, y: Any, sample_weight: Any, *, bare: bool) -> Part:
    """Rows that can be indexed, and targets and weights as arrays."""
    if isinstance(X, ChunkStream):
        raise TypeError(
            "X is a ChunkStream, which cannot be split into folds; pass data that fits in memory, "
            "such as a sample of the rows."
        )
    # without a pipeline the linear model takes X as it is
    (X,) = indexable(np.asarray(X) if bare and isinstance(X, list | tuple) else X)
    y = checked_labels(y) if is_classifier(network) else checked_values(y, network.loss)
    if not is_classifier(network) and y.shape[1] == 1:
        y = y[:, 0]
    check_length(len(y), X, "y")
    weights = None
    if sample_weight is not None:
        check_length(_num_samples(sample_weight), X, "sample_weight")
        weights = check_sample_weight(sample_weight, np.empty(len(y)), ensure_non_negative=True)
    return Part(X, y, weights)


def check_length(n_given: int, X: Any, name: str) -> None:
    """Refuse another number of values than X has rows."""
    n_rows = _num_samples(X)
    if n_given != n_rows:
        raise ValueError(f"{name} has {n_given} rows but X has {n_rows}; give one for each row.")


def checked_groups(groups: Any, X: Any) -> np.ndarray | None:
    """Groups as an array (n_samples,)."""
    if groups is None:
        return None
    groups = column_or_1d(groups)
    check_length(len(groups), X, "groups")
    return groups


def linear_model(network: Any, y: np.ndarray, grid: Any) -> LinearModel:
    """The linear model for the network's task, with the values of a checked grid."""
    classifier = is_classifier(network)
    default = GRID if classifier else 1 / np.array(GRID)
    values = np.asarray(default if grid is None else grid, np.float64)
    if values.ndim != 1 or not len(values) or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(
            f"grid is {grid!r}; give positive numbers, values of C or alpha, such as "
            "numpy.logspace(-4, 4, 17)."
        )
    chosen = np.unique(values).tolist()
    if classifier:
        return LinearModel.for_classes(y, network.class_weight, chosen)
    return LinearModel.for_numbers(chosen)


def outer_splits(cv: Any, data: Part, groups: np.ndarray | None, *, classifier: bool) -> Splits:
    """The folds: two or more, with every class in each training part."""
    if isinstance(cv, Integral) and int(cv) < 2:
        raise ValueError(f"cv={cv} makes fewer than two folds; {_TWO_FOLDS}")
    splitter = check_cv(cv, data.y, classifier=classifier)
    splits = list(splitter.split(data.X, data.y, groups))
    if len(splits) < 2:
        raise ValueError(f"cv makes {len(splits)} split; {_TWO_FOLDS}")
    splits = [tuple(_as_numbers(rows) for rows in split) for split in splits]
    if classifier and data.y.ndim == 1:
        _check_classes(data.y, splits)
    return splits


_TWO_FOLDS = (
    "the standard error of the difference needs at least two, for example cv=5 or "
    "ShuffleSplit(10, test_size=0.2)."
)


def _as_numbers(rows: Any) -> np.ndarray:
    """Numbers of rows, also where a mask was given."""
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows


def _check_classes(y: np.ndarray, splits: Splits) -> None:
    classes = np.unique(y)
    for number, (train, _) in enumerate(splits):
        absent = np.setdiff1d(classes, y[train]).tolist()
        if absent:
            raise ValueError(
                f"The training part of fold {number} of cv has no row of the class {absent[0]!r}, "
                "so neither model can predict it; pass a stratified cv, or drop classes with few "
                "rows."
            )


def check_inner_cv(inner_cv: Any) -> None:
    """Refuse what does not split any part that it is given."""
    folds = isinstance(inner_cv, Integral) and int(inner_cv) >= 2
    if inner_cv is not None and not folds and not hasattr(inner_cv, "split"):
        raise ValueError(
            f"inner_cv is {inner_cv!r}; give a number of folds >= 2, or a splitter such as "
            "ShuffleSplit(1, test_size=0.2). Lists of row numbers cannot be used for several folds."
        )


@dataclass(frozen=True)
class FoldRunner:
    """Fits and scores both models on a fold."""

    steps: Pipeline | None
    network: Any
    linear: LinearModel
    scoring: Scoring
    inner_cv: Any
    n_jobs: int | None

    def rows(
        self,
        data: Part,
        groups: np.ndarray | None,
        split: tuple[np.ndarray, np.ndarray],
        rng: np.random.RandomState,
    ) -> list[dict[str, Any]]:
        """A row of the frame for each score."""
        parts = data.take(split[0]), data.take(split[1])
        steps, (train, test) = self._transformed(*parts)
        plain, plain_test = _for_linear(steps, parts) or (train, test)
        inner_seed, seed = rng.randint(_MAX_SEED, size=2).tolist()
        inner = inner_splits(
            self.inner_cv,
            train.y,
            None if groups is None else groups[split[0]],
            stratify=is_classifier(self.network) and train.y.ndim == 1,
            seed=inner_seed,
        )
        network, network_time = _timed(lambda: self._fitted_network(train, seed))
        tuned, linear_time = _timed(
            lambda: self.linear.tuned(plain, inner, self.scoring, self.n_jobs)
        )
        ours = self.scoring.scores(network, test)
        theirs = self.scoring.scores(tuned[0], plain_test)
        return [
            {
                "scoring": name,
                "n_train": len(train.y),
                "n_test": len(test.y),
                "embedding": ours[name],
                "linear": theirs[name],
                "difference": ours[name] - theirs[name],
                "embedding_fit_time": network_time,
                "linear_fit_time": linear_time,
                self.linear.parameter: tuned[1],
            }
            for name in ours
        ]

    def _transformed(self, train: Part, test: Part) -> tuple[Pipeline | None, tuple[Part, Part]]:
        """Fitted steps, and both parts as the network gets them."""
        if self.steps is None:
            return None, (train, test)
        steps = clone(self.steps)
        X = steps.fit_transform(train.X, train.y)
        made = Part(X, train.y, train.weights), Part(steps.transform(test.X), test.y, test.weights)
        return steps, made

    def _fitted_network(self, train: Part, seed: int) -> Any:
        network = clone(self.network)
        if network.random_state is None:
            network.set_params(random_state=seed)
        return network.fit(train.X, train.y, **train.weighted)


def _for_linear(steps: Pipeline | None, parts: tuple[Part, Part]) -> tuple[Part, Part] | None:
    """Raw columns of a table as suits a linear model, where the steps are of a table, too."""
    X = parts[0].X
    if steps is None or not _of_columns(steps[0]) or not hasattr(X, "columns"):
        return None
    train, test = (as_table(part.X) for part in parts)
    features = linear_features(kinds_for(train, steps), len(train))
    made = features.fit_transform(train), features.transform(test)
    first, second = (Part(X, part.y, part.weights) for X, part in zip(made, parts, strict=True))
    return first, second


def _of_columns(step: Any) -> bool:
    """Whether a step takes the columns of a table."""
    return isinstance(step, ColumnTransformer | TableTransformer)


def _timed(fit: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    found = fit()
    return found, time.perf_counter() - start
