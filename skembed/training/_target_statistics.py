"""Target statistics: mean targets and counts of categories and their combinations, as numbers.

For a category, or a combination of categories of several columns, that n rows have, whose
targets sum to t, the statistic is (t + a m) / (n + a) with the mean m of all rows: the
posterior mean of a normal model with a = (variance within) / (variance between), both
estimated by one-way analysis of variance (random effects; Searle et al., "Variance
Components", 1992). Training rows get the statistic of the other folds' rows, as in
scikit-learn's TargetEncoder, so that no row's own target is in its features. Beside the means
there is log(1 + n) of the rows that they are from, which tells how far to trust them.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

N_FOLDS = 5
# Bounds of the number of rows with the mean target that a category's rows are joined by.
_LEAST_PRIOR_ROWS, _MOST_PRIOR_ROWS = 0.5, 1e4
# Columns up to which triples of them are combined, too.
_MAX_TRIPLE_COLUMNS = 9
# Largest number that joins the codes of several columns.
_MAX_KEY = 2**62
# Keys are looked up in a table where it has at most so many places for each row.
_MAX_FLAGS_PER_ROW = 8
# Most numbers of a row.
_MAX_STATISTICS = 512

_FLOAT32 = np.dtype(np.float32)

Link = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class TargetStatistics:
    """Fitted statistics of combinations of coded columns.

    Arrays of all combinations are laid end to end, those of combination i between
    ``offsets[i]`` and ``offsets[i + 1]``.
    """

    sizes: np.ndarray  # (n_columns,) int64 codes of each column
    members: np.ndarray  # (n_combinations, order) int64 columns of each, -1 behind the last
    offsets: np.ndarray  # (n_combinations + 1,) int64
    keys: np.ndarray  # (n_keys,) int64, sorted within a combination
    values: np.ndarray  # (n_keys, n_outputs + 1) standardised statistics, the count last
    unknown: np.ndarray  # (n_combinations, n_outputs + 1), of keys without training rows

    @property
    def n_numbers(self) -> int:
        """Numbers of a row."""
        return self.unknown.size

    def rescaled(self, mean: np.ndarray, deviation: np.ndarray) -> "TargetStatistics":
        """Less a mean (n_numbers,), and divided by a deviation (n_numbers,)."""
        means, deviations = (x.reshape(self.unknown.shape) for x in (mean, deviation))
        each = np.repeat(np.arange(len(means)), np.diff(self.offsets))
        values = (self.values - means[each]) / deviations[each]
        return replace(self, values=values, unknown=(self.unknown - means) / deviations)

    def transform(self, codes: np.ndarray) -> np.ndarray:
        """Statistics (n_samples, n_numbers) of new rows' codes: those of all training rows."""
        out = np.empty((len(codes), *self.unknown.shape), self.values.dtype)
        for number, (start, end) in enumerate(zip(self.offsets, self.offsets[1:], strict=False)):
            members = self.members[number]
            keys = _joint_keys(codes, members[members >= 0], self.sizes)
            places = np.searchsorted(self.keys[start:end], keys).clip(max=end - start - 1)
            known = self.keys[start:end][places] == keys
            found = self.values[start:end][places]
            out[:, number] = np.where(known[:, None], found, self.unknown[number])
        return out.reshape(len(codes), -1)


def fit_statistics(
    codes: np.ndarray,
    sizes: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    order: int,
    link: Link,
    rng: np.random.Generator,
    n_folds: int = N_FOLDS,
    dtype: np.dtype = _FLOAT32,
) -> tuple[TargetStatistics, np.ndarray] | None:
    """Fit statistics and cross-fit those of the training rows.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_columns)
        Codes of the columns, int64.
    sizes : ndarray of shape (n_columns,)
        Codes that each column can have.
    targets : ndarray of shape (n_samples, n_outputs)
        Numbers whose means are taken.
    weights : ndarray of shape (n_samples,)
        Weights of the rows.
    order : int
        Most columns of a combination.
    link : callable
        Puts means on the scale of the logits.
    rng : numpy.random.Generator
        Draws the folds.
    n_folds : int, default=5
        Number of folds.
    dtype : dtype, default=float32
        Of the numbers.

    Returns
    -------
    tuple of TargetStatistics and ndarray of shape (n_samples, n_numbers), or None
        The statistics, and the numbers of the training rows; None where no combination
        has more than one key.
    """
    n_samples, n_outputs = targets.shape
    folds = rng.permutation(n_samples) % n_folds
    targets = targets.astype(np.float64)
    weights = weights.astype(np.float64)
    totals = _Totals.of(folds, n_folds, targets, weights)
    parts, crossed, ones = [], [], np.ones(n_samples)
    for members, keys, places in _combinations(codes, sizes, weights.sum(), order, n_outputs):
        cells, n_cells = places * n_folds + folds, len(keys) * n_folds
        groups = _Totals.of(cells, n_cells, targets, weights).split(n_folds)
        # each cell once, where there are fewer of them than rows
        at = np.divmod(np.arange(n_cells), n_folds) if n_cells < n_samples else (places, folds)
        whole, others = _statistics(groups, totals, *at)
        numbers = np.column_stack([link(others), groups.counts_of_others(*at)])
        numbers = numbers[cells] if n_cells < n_samples else numbers
        whole = np.column_stack([link(whole), groups.counts()])
        unknown = np.append(link((totals.sums.sum(0) / totals.weights.sum())[None])[0], 0.0)
        mean = ones @ numbers / n_samples
        numbers -= mean
        deviation = np.sqrt(np.einsum("ij,ij->j", numbers, numbers) / n_samples)
        deviation = np.where(deviation > 1e-9, deviation, 1.0)
        crossed.append((numbers / deviation).astype(dtype))
        standardised = (whole - mean) / deviation, ((unknown - mean) / deviation)[None]
        parts.append((members, keys, *standardised))
    if not parts:
        return None
    width = max(len(part[0]) for part in parts)
    padded = [np.pad(part[0], (0, width - len(part[0])), constant_values=-1) for part in parts]
    offsets = np.cumsum([0, *(len(part[1]) for part in parts)])
    statistics = TargetStatistics(
        np.asarray(sizes, np.int64),
        np.array(padded, np.int64),
        offsets.astype(np.int64),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]).astype(dtype),
        np.concatenate([part[3] for part in parts]).astype(dtype),
    )
    return statistics, np.hstack(crossed)


@dataclass(frozen=True)
class _Totals:
    """Sums over the rows of each group."""

    weights: np.ndarray  # (n_groups,)
    sums: np.ndarray  # (n_groups, n_outputs) of the targets
    squares: np.ndarray  # (n_groups, n_outputs)

    @classmethod
    def of(
        cls, groups: np.ndarray, n_groups: int, targets: np.ndarray, weights: np.ndarray
    ) -> "_Totals":
        def total(values: np.ndarray) -> np.ndarray:
            return np.bincount(groups, values, minlength=n_groups)

        columns = targets.T
        sums = np.stack([total(weights * column) for column in columns], axis=1)
        squares = np.stack([total(weights * column**2) for column in columns], axis=1)
        return cls(total(weights), sums, squares)

    def split(self, n_folds: int) -> "_Totals":
        """With the folds as a second axis: (n_groups, n_folds, ...)."""
        return _Totals(
            self.weights.reshape(-1, n_folds),
            self.sums.reshape(-1, n_folds, self.sums.shape[1]),
            self.squares.reshape(-1, n_folds, self.squares.shape[1]),
        )

    def counts_of_others(self, places: np.ndarray, folds: np.ndarray) -> np.ndarray:
        """log(1 + weight) (n_samples,) of the other folds' rows in each row's group."""
        others = _over_folds(self.weights)[places] - self.weights[places, folds]
        return np.log1p(np.maximum(others, 0))

    def counts(self) -> np.ndarray:
        """log(1 + weight) (n_groups,) of as many rows as the other folds have on average."""
        share = 1 - 1 / self.weights.shape[1]
        return np.log1p(_over_folds(self.weights) * share)


def _over_folds(values: np.ndarray) -> np.ndarray:
    """Sums over the second axis, which is short: numpy's own sum takes three times as long."""
    return np.einsum("ij...->i...", values)


def _statistics(
    groups: _Totals, totals: _Totals, places: np.ndarray, folds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Statistics (n_keys, n_outputs) of all rows, and (n_samples, n_outputs) of other folds'."""
    weights, sums = _over_folds(groups.weights), _over_folds(groups.sums)
    prior_rows = _prior_rows(weights, sums, groups.squares.sum(axis=(0, 1)))
    mean = totals.sums.sum(axis=0) / totals.weights.sum()
    whole = (sums + prior_rows * mean) / (weights[:, None] + prior_rows)
    left = totals.weights.sum() - totals.weights
    means = (totals.sums.sum(axis=0) - totals.sums) / np.maximum(left, 1e-12)[:, None]
    other_sums = sums[places] - groups.sums[places, folds]
    other_weights = weights[places] - groups.weights[places, folds]
    crossed = other_sums + prior_rows * means[folds]
    return whole, crossed / (other_weights[:, None] + prior_rows)


def _prior_rows(weights: np.ndarray, sums: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Rows (n_outputs,) with the mean target that suit the variances within and between."""
    total = weights.sum()
    mean = sums.sum(axis=0) / total
    means = sums / np.maximum(weights, 1e-12)[:, None]
    between_squares = (weights[:, None] * (means - mean) ** 2).sum(axis=0)
    all_squares = np.maximum(squares - total * mean**2, 0)
    n_groups = np.count_nonzero(weights)
    if total <= n_groups:
        return np.full(len(mean), _MOST_PRIOR_ROWS)
    within = np.maximum((all_squares - between_squares) / (total - n_groups), 1e-12)
    spread = max(total - (weights**2).sum() / total, 1e-12)
    between = np.maximum((between_squares - (n_groups - 1) * within) / spread, 1e-12)
    return np.clip(within / between, _LEAST_PRIOR_ROWS, _MOST_PRIOR_ROWS)


def _combinations(
    codes: np.ndarray, sizes: np.ndarray, weight: float, order: int, n_outputs: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield columns, sorted keys, and the place (n_samples,) of each row's key.

    `weight` is that of all rows together, 1 for each where they have none.

    A combination that has no more keys than one of its columns, or of the smaller
    combinations in it, says the same and is left out; so is one with a key for each row,
    of which the other rows say nothing.
    """
    n_columns, left = len(sizes), _MAX_STATISTICS // (n_outputs + 1)
    n_keys: dict[tuple[int, ...], int] = {(): 1}
    for size in range(1, min(order, n_columns) + 1):
        for members in combinations(range(n_columns), size):
            n_possible = math.prod(sizes[list(members)].tolist())
            if n_possible > _MAX_KEY:
                continue
            keys, places = _numbered(_joint_keys(codes, np.array(members), sizes), n_possible)
            n_keys[members] = len(keys)
            parts = combinations(members, size - 1)
            if len(keys) >= weight or any(n_keys.get(part) == len(keys) for part in parts):
                continue
            if not left:
                return
            left -= 1
            yield np.array(members, np.int64), keys, places


def deepest_order(n_columns: int) -> int:
    """Most columns of a combination that are worth their time."""
    return min(n_columns, 3 if n_columns <= _MAX_TRIPLE_COLUMNS else 2)


def _joint_keys(codes: np.ndarray, members: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """One number (n_samples,) for the codes of several columns."""
    keys = codes[:, members[0]]
    for column in members[1:]:
        keys = keys * sizes[column] + codes[:, column]
    return keys


def _numbered(keys: np.ndarray, n_possible: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct keys, sorted, and the place of each row's key among them."""
    if n_possible <= _MAX_FLAGS_PER_ROW * len(keys):
        present = np.zeros(n_possible, bool)
        present[keys] = True
        distinct = np.flatnonzero(present)
        numbers = np.empty(n_possible, np.int64)
        numbers[distinct] = np.arange(len(distinct))
        return distinct, numbers[keys]
    numbers, distinct = pd.factorize(keys)
    order = np.argsort(distinct)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return distinct[order], places[numbers]
