"""The first pass over the training data: what must be known before training."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from skembed.network._mixed_rows import Features, MixedRows, terms_of
from skembed.network._pooling import Pooling, has_uniform_values
from skembed.network._used_columns import Columns, column_counts
from skembed.training._batch_shape import RowLengths

Part = tuple[Features, np.ndarray, np.ndarray]  # checked features, targets, weights


class Tally(Protocol):
    """What is gathered of the targets."""

    def add(self, y: np.ndarray, weights: np.ndarray) -> None:
        """Take the targets and weights of some rows in."""


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
            if self.n_labels not in (None, y.shape[1]):
                raise ValueError(f"y has {y.shape[1]} labels per row, expected {self.n_labels}.")
            self.n_labels = y.shape[1]
            self.label_weights = self.label_weights + weights.astype(np.float64) @ y
            return
        labels, places = np.unique(y, return_inverse=True)
        self._labels.append(labels)
        totals = np.bincount(places, weights).tolist()
        self._weights.update(dict(zip(labels.tolist(), totals, strict=True)))

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
        if self._weight and y.shape[1] != len(self.mean):
            raise ValueError(f"y has {y.shape[1]} outputs per row, expected {len(self.mean)}.")
        weights = weights.astype(np.float64)
        weight = float(weights.sum())
        mean = weights @ y / weight
        step = mean - self.mean
        share = weight / (self._weight + weight)
        squares = weights @ np.square(y - mean) + self._weight * share * np.square(step)
        self.mean, self._squares = self.mean + share * step, self._squares + squares
        self._weight += weight

    @property
    def deviation(self) -> np.ndarray:
        """Standard deviation (n_outputs,); 1 for a constant output."""
        deviation = np.sqrt(self._squares / self._weight)
        constant = deviation <= 1e-12 * np.abs(self.mean)  # what rounding leaves
        return np.where(constant, 1.0, deviation)


class Survey:
    """What the checked parts of the data hold, all together.

    Attributes are `columns`, `row_lengths`, `dtype`, `weighted` (whether entries differ in
    value), `pooled_size` (root mean square length of the rows' weights in the pooling, which
    is asked for when the first part has been checked) and the sum of all rows' weights,
    `weight`. Lengths and values are those of terms: without numbers in a block of their own.
    The targets go to the tally.
    """

    def __init__(
        self, parts: Iterable[Part], tally: Tally, pooling: Callable[[], Pooling] | None = None
    ) -> None:
        counts, lengths, values, self.weight = None, [], set(), 0.0
        squares = 0.0
        for X, y, weights in parts:
            counted = _counts(X)
            X = terms_of(X)
            if counts is None:
                counts, self.dtype = counted, X.dtype
            else:  # wide numbers where there are parts: all together may hold very many
                counts = np.add(counts, counted, dtype=np.int64)
            lengths.append(RowLengths.of(X))
            values |= set(X.data[:1].tolist()) if has_uniform_values(X) else {np.nan, np.inf}
            if pooling is not None:
                squares += float(pooling().square_lengths(X) @ weights.astype(np.float64))
            self.weight += float(weights.sum(dtype=np.float64))
            tally.add(y, weights)
        if counts is None:
            raise ValueError("The stream yielded no rows; it needs at least one chunk with rows.")
        self.columns = Columns.from_counts(counts)
        self.row_lengths = RowLengths.merged(lengths)
        self.weighted = len(values) > 1
        self.pooled_size = float(np.sqrt(squares / self.weight)) or 1.0


def _counts(X: Features) -> np.ndarray:
    """Entries (n_features,) of each column."""
    counts = column_counts(terms_of(X))
    if isinstance(X, MixedRows):
        counts = counts.astype(np.int64)
        counts[X.features] += np.count_nonzero(X.numbers, axis=0)
    return counts
