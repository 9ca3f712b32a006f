"""Rows of the speed benchmark that need processes of their own: a grid search, imports, memory."""

import numpy as np
import scipy.sparse as sp

from benchmarks import _networks
from benchmarks._features import normalised, save_rows
from benchmarks._fit_rows import size_of
from benchmarks._memory import import_seconds, probes
from benchmarks._report import Line, Section, versus
from benchmarks._setting import Setting
from benchmarks._timing import Contender, Ratio, race

_IMPORTS = (
    "import skembed",
    "from skembed import EmbeddingDNNClassifier",
    "import sklearn.linear_model",
)
_CHUNKS = 5
_DIM = 16
_SLOTS = {"adagrad": 1, "adam": 2}


def _share_terms(setting: Setting, X: sp.csr_matrix, y: np.ndarray) -> None:
    """Write the lesson's features for fresh processes."""
    save_rows(setting.folder, "terms", X, y)


def grid(setting: Setting) -> Section:
    """Time a search over 4 points by 3 folds, and a refit."""
    X, y = setting.data.terms
    dense = normalised(X)
    cold = _cold_grid(setting, X, y)
    timings = race(
        [
            Contender("ours, after warm-up", lambda _: _networks.grid_search("ours").fit(X, y)),
            Contender(
                "scikeras, after warm-up",
                lambda _: _networks.grid_search("scikeras").fit(dense, y),
                warms_up=not setting.quick,
                shows_peak=not setting.quick,
            ),
        ],
        setting.sized(min(setting.repeats, 3), 1),
        "grid",
    )
    return Section(
        f"A grid search of 4 points x 3 folds + 1 refit: {size_of(X)}",
        "ours / rival",
        [*cold, *versus(timings, {"scikeras": 1 / 15})],
        [
            "embedding_dim 2, 4 x learning_rate 0.05, 0.1; two epochs of batch 256, hidden 20 and "
            "20, Adagrad; folds, scores and refit included; n_jobs=1 on both sides.",
            "Fresh process: all compiling is in it. The imports of TensorFlow, Keras and scikeras, "
            "the same for both, are not; the lines with imports add them.",
        ],
    )


def _cold_grid(setting: Setting, X: sp.csr_matrix, y: np.ndarray) -> list[Line]:
    _share_terms(setting, X, y)
    folder = str(setting.folder)
    questions = [{"name": "grid", "side": side, "folder": folder} for side in ("ours", "scikeras")]
    return _cold_lines(probes(questions, setting.sized(min(setting.repeats, 3), 1)), 1 / 5)


def _cold_lines(answers: list[list[dict[str, float]]], target: float | None) -> list[Line]:
    """Lines of work in fresh processes, ours and scikeras', without and with imports."""
    lines = []
    for suffix, parts, wanted in (
        ("fresh process", ("work",), target),
        ("with imports", ("import", "work"), None),
    ):
        ours, theirs = (
            [sum(answer[part] for part in parts) for answer in side] for side in answers
        )
        lines.append(Line(f"ours, {suffix}", ours))
        lines.append(Line(f"scikeras, {suffix}", theirs, "s", Ratio.of(ours, theirs), wanted))
    return lines


def cold(setting: Setting) -> Section:
    """Time imports, and the first fit of the lesson's network, in fresh processes."""
    repeats = setting.sized(setting.repeats, 2)
    seconds: dict[str, list[float]] = {statement: [] for statement in _IMPORTS}
    for _ in range(repeats):
        for statement, values in seconds.items():
            values.append(import_seconds(statement))
    rival = seconds[_IMPORTS[-1]]
    lines = [
        Line(f"`{name}`", values, "s", None if values is rival else Ratio.of(values, rival))
        for name, values in seconds.items()
    ]
    _share_terms(setting, *setting.data.terms)
    folder = str(setting.folder)
    questions = [
        {"name": "first_fit", "side": side, "folder": folder} for side in ("ours", "scikeras")
    ]
    fits = _cold_lines(probes(questions, setting.sized(min(setting.repeats, 3), 1)), None)
    return Section(
        "Fresh processes: imports, and the first fit of the lesson's network",
        "ours / rival",
        lines + fits,
        [
            "Imports are compared with that of sklearn.linear_model; files are in the system's "
            "cache after the first turn.",
            "First fit: all compiling is in it; the lines with imports add those of TensorFlow, "
            "Keras and scikeras.",
        ],
    )


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
    questions = [
        {"name": "fit_memory", "optimizer": name, "folder": str(setting.folder)}
        for name in optimizers
    ]
    lines = []
    answers = probes(questions, setting.sized(min(setting.repeats, 3), 1))
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
    questions = [
        {"name": "stream_memory", "times": n, "n_chunks": _CHUNKS, "folder": str(setting.folder)}
        for n in (1, 10)
    ]
    once, tenfold = (
        [found["peak"] for found in answer]
        for answer in probes(questions, setting.sized(min(setting.repeats, 3), 1))
    )
    allowed = [1.1 * peak for peak in once]
    return [
        Line("stream: the rows once", once, "MB"),
        Line("stream: ten times the rows", tenfold, "MB", Ratio.of(tenfold, allowed), 1.0),
    ]


def _growth_lines(setting: Setting) -> list[Line]:
    """Growth of memory over many fits."""
    _share_terms(setting, *setting.data.terms)
    n_fits = setting.sized(100, 30)
    lines = []
    for own in setting.sized((False, True), (False,)):
        question = {"fits": n_fits, "own_networks": own, "folder": str(setting.folder)}
        growth = [max(probes([{"name": "growth", **question}], 1)[0][0]["growth"], 0.0)]
        name = f"growth over {n_fits} fits" + ", networks of their own sizes" * own
        lines.append(Line(name, growth, "MB a fit", Ratio.of(growth, [1.0]), 1.0))
    return lines
