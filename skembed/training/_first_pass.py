"""The first pass over the training data: what must be known before training."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from skembed.network._mixed_rows import Features, MixedRows, terms_of
from skembed.network._pooling import Pooling, has_uniform_values
from skembed.network._used_columns import Columns, column_counts
from skembed.training._batch_shape import RowLengths

Part = tuple[Features, np.ndarray, np.ndarray]  # checked features, targets, weights
State = tuple[dict[str, Any], dict[str, np.ndarray]]  # what JSON has, and arrays


class Tally(Protocol):
    """What is gathered of the targets."""

    def add(self, y: np.ndarray, weights: np.ndarray) -> None:
        """Take the targets and weights of some rows in."""

    def state(self) -> State:
        """All that was gathered, for another process."""

    def merge(self, state: State) -> None:
        """Take in what another process has gathered."""


class LabelTally:
    """Distinct labels, and how much the rows of each weigh."""

    def __init__(self) -> None:
        self.n_labels: int | None = None  # columns, where y is a label indicator
        self.label_weights: Any = 0.0  # (n_labels,) of the rows with each label
        self._labels: list[np.ndarray] = []
        self._weights: Counter = Counter()

    def add(self, y: np.ndarray, weights: np.ndarray) -> None:
        """Take the labels and weights of some rows in."""
        if y.ndim == 2:
            self._check_n_labels(y.shape[1])
            self.n_labels = y.shape[1]
            self.label_weights = self.label_weights + weights.astype(np.float64) @ y
            return
        labels, places = np.unique(y, return_inverse=True)
        self._labels.append(labels)
        totals = np.bincount(places, weights).tolist()
        self._weights.update(dict(zip(labels.tolist(), totals, strict=True)))

    def state(self) -> State:
        """All that was gathered, for another process."""
        if self.n_labels is not None:
            return {"n_labels": self.n_labels}, {"label_weights": self.label_weights}
        labels = self.labels
        values = {"labels": labels.tolist(), "dtype": labels.dtype.str}
        return values, {"weights": self.weight_of(labels)}

    def merge(self, state: State) -> None:
        """Take in what another process has gathered."""
        values, arrays = state
        empty = self.n_labels is None and not self._labels
        if not empty and ("n_labels" in values) != (self.n_labels is not None):
            raise ValueError("y has one class per row on some workers, and label sets on others.")
        if "n_labels" in values:
            self._check_n_labels(values["n_labels"])
            self.n_labels = values["n_labels"]
            self.label_weights = self.label_weights + arrays["label_weights"]
            return
        self._labels.append(np.array(values["labels"], np.dtype(values["dtype"])))
        weights = arrays["weights"].tolist()
        self._weights.update(dict(zip(values["labels"], weights, strict=True)))

    def _check_n_labels(self, n_labels: int) -> None:
        if self.n_labels not in (None, n_labels):
            raise ValueError(f"y has {n_labels} labels per row, expected {self.n_labels}.")

    @property
    def labels(self) -> np.ndarray:
        """Distinct labels (n_labels,), sorted."""
        if len(self._labels) == 1:
            return self._labels[0]
        return np.unique(np.concatenate(self._labels))

    def weight_of(self, labels: np.ndarray) -> np.ndarray:
        """Sum of the weights (n_labels,) of the rows with each label."""
        return np.array([self._weights[label] for label in labels.tolist()])


class ValueTally:
    """Weighted mean and deviation of each output, merged as by Chan et al. (1979).

    Sums of squares would lose the deviation of values that are large against it.
    """

    def __init__(self) -> None:
        self._weight = 0.0
        self.mean: np.ndarray = np.zeros(1)  # (n_outputs,)
        self._squares: np.ndarray = np.zeros(1)  # (n_outputs,) of the distances from the mean

    def add(self, y: np.ndarray, weights: np.ndarray) -> None:
        """Take the values (n_samples, n_outputs) and weights of some rows in."""
        weights = weights.astype(np.float64)
        weight = float(weights.sum())
        mean = weights @ y / weight
        self._add(weight, mean, weights @ np.square(y - mean))

    def state(self) -> State:
        """All that was gathered, for another process."""
        return {"weight": self._weight}, {"mean": self.mean, "squares": self._squares}

    def merge(self, state: State) -> None:
        """Take in what another process has gathered."""
        self._add(state[0]["weight"], state[1]["mean"], state[1]["squares"])

    def _add(self, weight: float, mean: np.ndarray, squares: np.ndarray) -> None:
        if self._weight and len(mean) != len(self.mean):
            raise ValueError(f"y has {len(mean)} outputs per row, expected {len(self.mean)}.")
        step = mean - self.mean
        share = weight / (self._weight + weight)
        squares = squares + self._weight * share * np.square(step)
        self.mean, self._squares = self.mean + share * step, self._squares + squares
        self._weight += weight

    @property
    def deviation(self) -> np.ndarray:
        """Standard deviation (n_outputs,); 1 for a constant output."""
        deviation = np.sqrt(self._squares / self._weight)
        constant = deviation <= 1e-12 * np.abs(self.mean)  # what rounding leaves
        return np.where(constant, 1.0, deviation)


@dataclass
class Survey:
    """What the checked parts of the data hold, all together.

    Lengths and values are those of terms: without numbers in a block of their own.
    The targets go to the tally.
    """

    counts: np.ndarray  # (n_features,) entries in each column
    row_lengths: RowLengths
    dtype: np.dtype
    values: set[float]  # of entries; two of them where they differ
    weight: float  # of all rows
    squares: float  # sum of the rows' squared lengths in the pooling, times their weights

    @classmethod
    def of(
        cls, parts: Iterable[Part], tally: Tally, pooling: Callable[[], Pooling] | None = None
    ) -> "Survey":
        """Pass over the parts; `pooling` is asked for when the first one has been checked."""
        counts, lengths, values, weight = None, [], set(), 0.0
        squares = 0.0
        for X, y, weights in parts:
            counted = _counts(X)
            X = terms_of(X)
            if counts is None:
                counts, dtype = counted, X.dtype
            else:  # wide numbers where there are parts: all together may hold very many
                counts = np.add(counts, counted, dtype=np.int64)
            lengths.append(RowLengths.of(X))
            values |= set(X.data[:1].tolist()) if has_uniform_values(X) else {np.nan, np.inf}
            if pooling is not None:
                squares += float(pooling().square_lengths(X) @ weights.astype(np.float64))
            weight += float(weights.sum(dtype=np.float64))
            tally.add(y, weights)
        if counts is None:
            raise ValueError("The stream yielded no rows; it needs at least one chunk with rows.")
        return cls(counts, RowLengths.merged(lengths), dtype, values, weight, squares)

    @classmethod
    def merged(cls, states: Iterable[State]) -> "Survey":
        """What several processes have found, whose features and types are the same."""
        values, arrays = zip(*states, strict=True)
        return cls(
            np.asarray(np.sum([found["counts"] for found in arrays], axis=0, dtype=np.int64)),
            RowLengths.merged(RowLengths(**found["row_lengths"]) for found in values),
            np.dtype(values[0]["dtype"]),
            set().union(*(found["values"] for found in values)),
            sum(found["weight"] for found in values),
            sum(found["squares"] for found in values),
        )

    def state(self) -> State:
        """All that was found, for another process, but for the tally of the targets."""
        values = {
            "dtype": self.dtype.str,
            "weight": self.weight,
            "squares": self.squares,
            "values": list(self.values),
            "row_lengths": asdict(self.row_lengths),
        }
        return values, {"counts": self.counts}

    @cached_property
    def columns(self) -> Columns:
        """The columns that have entries."""
        return Columns.from_counts(self.counts)

    @property
    def weighted(self) -> bool:
        """Whether entries differ in value."""
        return len(self.values) > 1

    @property
    def pooled_size(self) -> float:
        """Root mean square length of the rows' weights in the pooling."""
        return float(np.sqrt(self.squares / self.weight)) or 1.0


def _counts(X: Features) -> np.ndarray:
    """Entries (n_features,) of each column."""
    counts = column_counts(terms_of(X))
    if isinstance(X, MixedRows):
        counts = counts.astype(np.int64)
        counts[X.features] += np.count_nonzero(X.numbers, axis=0)
    return counts
