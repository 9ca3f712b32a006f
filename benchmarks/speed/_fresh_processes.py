"""The first work of a fresh process: imports, a fit, a grid search."""

import numpy as np
import scipy.sparse as sp

from benchmarks.shared._processes import Answer, import_seconds
from benchmarks.shared._tables import Line, Section, versus
from benchmarks.shared._timing import Contender, Ratio, race
from benchmarks.shared.data._rows import save_rows
from benchmarks.speed import _models
from benchmarks.speed._features import size_of
from benchmarks.speed._setting import Setting

_IMPORTS = (
    "import skembed",
    "from skembed import EmbeddingDNNClassifier",
    "import sklearn.linear_model",
)
_SIDES = ("ours", "scikeras")


def grid(setting: Setting) -> Section:
    """Time a search over 4 points by 3 folds, and a refit."""
    X, y = setting.data.terms
    dense = _models.normalised(X)
    cold = _cold_grid(setting, X, y)
    timings = race(
        [
            Contender("ours, after warm-up", lambda _: _models.grid_search("ours").fit(X, y)),
            Contender(
                "scikeras, after warm-up",
                lambda _: _models.grid_search("scikeras").fit(dense, y),
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
    save_rows(setting.folder, "terms", X, y)
    return _cold_lines(setting.answers([{"name": "grid", "side": x} for x in _SIDES]), 1 / 5)


def _cold_lines(answers: list[list[Answer]], target: float | None) -> list[Line]:
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
    save_rows(setting.folder, "terms", *setting.data.terms)
    fits = _cold_lines(setting.answers([{"name": "first_fit", "side": x} for x in _SIDES]), None)
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
