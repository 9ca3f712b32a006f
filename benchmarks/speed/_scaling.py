"""Cost of an epoch against the size of vocabulary and data, ours only."""

from functools import partial

import scipy.sparse as sp

from benchmarks.shared._tables import Line, Section
from benchmarks.shared._timing import Contender, Ratio, race
from benchmarks.shared.data._made_rows import zipf_rows
from benchmarks.shared.data._rows import Data
from benchmarks.speed import _models
from benchmarks.speed._setting import Setting

_SETTINGS = "Dim 16, mean, hidden 20, batch 256, Adagrad 0.1; a whole `fit` of one epoch."
_IDS = "Made rows of ids whose frequency falls as 1 / rank, spread over the columns at random."


def vocabulary(setting: Setting) -> Section:
    """Time an epoch on made rows with more and more columns."""
    n_rows = setting.sized(20_000, 4_000)
    sizes = setting.sized((40_000, 200_000, 1_000_000, 4_000_000), (40_000, 400_000))
    data = {f"{size:,} columns": zipf_rows(n_rows, 100, size) for size in sizes}
    return Section(
        f"An epoch against the vocabulary: {n_rows:,} rows of 100 ids",
        "to the first",
        _per_entry(data, setting),
        [_SETTINGS, _IDS, "Used: columns that have entries. Times are per entry of the CSR."],
    )


def rows(setting: Setting) -> Section:
    """Time an epoch on more and more made rows."""
    sizes = setting.sized((10_000, 100_000, 1_000_000), (10_000, 50_000))
    data = {f"{size:,} rows": zipf_rows(size, 50, 100_000) for size in sizes}
    return Section(
        "An epoch against the rows: 50 ids a row, 100,000 columns",
        "to the first",
        _per_entry(data, setting),
        [_SETTINGS, _IDS, "Times are per entry of the CSR."],
    )


def _per_entry(data: dict[str, Data], setting: Setting) -> list[Line]:
    """Lines of nanoseconds an entry, the sizes taking turns."""
    timings = race(
        [
            Contender(
                f"{name} ({_used(X):,} used), {X.nnz:,} entries",
                partial(_fit, data=(X, y)),
            )
            for name, (X, y) in data.items()
        ],
        setting.repeats,
        "sizes",
    )
    costs = [
        [1e9 * seconds / X.nnz for seconds in timing.seconds]
        for timing, (X, _) in zip(timings, data.values(), strict=True)
    ]
    return [
        Line(timing.contender.name, cost, "ns", Ratio.of(cost, costs[0]), None, timing.peak_mb)
        for timing, cost in zip(timings, costs, strict=True)
    ]


def _fit(_: None, data: Data) -> None:
    _models.sparse_network(0).fit(*data)


def _used(X: sp.csr_matrix) -> int:
    return int((X.getnnz(axis=0) > 0).sum())
