"""Peak memory of fits and streams, and its growth over many fits, in fresh processes."""

import numpy as np
import scipy.sparse as sp

from benchmarks.shared._tables import Line, Section
from benchmarks.shared._timing import Ratio
from benchmarks.shared.data._rows import save_rows
from benchmarks.speed._features import size_of
from benchmarks.speed._setting import Setting

_CHUNKS = 5
_DIM = 16
_SLOTS = {"adagrad": 1, "adam": 2}


def memory(setting: Setting) -> Section:
    """Measure peak memory and its growth in fresh processes."""
    X, y = setting.data.bigrams
    save_rows(setting.folder, "bigrams", X, y)
    return Section(
        f"Memory: {size_of(X)}",
        "share of what is allowed",
        [*_fit_lines(setting, X), *_stream_lines(setting, X, y), *_growth_lines(setting)],
        [
            "Fit: highest resident memory of a process that loads the CSR and fits, above what it "
            f"held after `import tensorflow`. Allowed: CSR + {_DIM} x 4 bytes a column x 3 x (the "
            "table + the optimizer's slots) + 300 MB.",
            f"Stream: the same rows read from {_CHUNKS} files, once or ten times over in an "
            "epoch; allowed for ten times the rows is 1.1 x the peak for one.",
            "Growth: resident memory after the last fit less that after the tenth, over the fits "
            "between; the lesson's network for 100 steps, each on rows of its own; allowed is "
            "1 MB a fit. Networks of their own sizes: each fit compiles.",
        ],
    )


def _fit_lines(setting: Setting, X: sp.csr_matrix) -> list[Line]:
    """Peaks of fitting in memory, against the budget."""
    optimizers = setting.sized([*_SLOTS, "linear"], ["adagrad"])
    lines = []
    answers = setting.answers([{"name": "fit_memory", "optimizer": x} for x in optimizers])
    for name, answer in zip(optimizers, answers, strict=True):
        peaks = [found["peak"] for found in answer]
        if name not in _SLOTS:
            lines.append(Line("fit: LogisticRegression(C=0.1)", peaks, "MB"))
            continue
        budget = [_budget_mb(X, _SLOTS[name])] * len(peaks)
        ratio = Ratio.of(peaks, budget)
        lines.append(Line(f"fit: ours, {name} ({budget[0]:,.0f} MB)", peaks, "MB", ratio, 1.0))
    return lines


def _budget_mb(X: sp.csr_matrix, n_slots: int) -> float:
    csr = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    table = X.shape[1] * _DIM * X.dtype.itemsize
    return (csr + 3 * (1 + n_slots) * table) / 2**20 + 300


def _stream_lines(setting: Setting, X: sp.csr_matrix, y: np.ndarray) -> list[Line]:
    """Peaks of training from files, on the rows and on ten times as many."""
    order = np.random.default_rng(0).permutation(X.shape[0])
    for number, chunk in enumerate(np.array_split(order, _CHUNKS)):
        save_rows(setting.folder, f"chunk{number}", X[chunk], y[chunk])
    questions = [{"name": "stream_memory", "times": n, "n_chunks": _CHUNKS} for n in (1, 10)]
    once, tenfold = ([found["peak"] for found in answer] for answer in setting.answers(questions))
    allowed = [1.1 * peak for peak in once]
    return [
        Line("stream: the rows once", once, "MB"),
        Line("stream: ten times the rows", tenfold, "MB", Ratio.of(tenfold, allowed), 1.0),
    ]


def _growth_lines(setting: Setting) -> list[Line]:
    """Growth of memory over many fits."""
    save_rows(setting.folder, "terms", *setting.data.terms)
    n_fits = setting.sized(100, 30)
    lines = []
    for own in setting.sized((False, True), (False,)):
        question = {"name": "growth", "fits": n_fits, "own_networks": own}
        growth = [max(setting.answers([question], repeats=1)[0][0]["growth"], 0.0)]
        name = f"growth over {n_fits} fits" + ", networks of their own sizes" * own
        lines.append(Line(name, growth, "MB a fit", Ratio.of(growth, [1.0]), 1.0))
    return lines
