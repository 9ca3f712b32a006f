"""Rows of the speed benchmark: fits and predictions against rivals, in one process."""

from functools import partial
from typing import Any

import scipy.sparse as sp

from benchmarks import _networks
from benchmarks._features import normalised, widened
from benchmarks._report import Line, Section, versus
from benchmarks._rivals import fasttext_contenders, logistic_contenders, torch_contenders
from benchmarks._setting import Setting
from benchmarks._timing import Contender, Ratio, race

_WIDE = 4_000_000
_ABSENT = "PyTorch and fastText run where they are installed: `pip install --group rivals`."
_TORCH = (
    "PyTorch: hand-written eager loop on slices of the shuffled CSR, EmbeddingBag(mode='mean'), "
    "int32 ids, Adagrad 0.1 (fused for dense gradients); making the model is not timed. Ours is a "
    "whole `fit`: checks, initial weights, packing and copies included."
)
_LOGISTIC = (
    "LogisticRegression: lbfgs in float32, at most 100 iterations where max_iter is not given. "
    "The target is for the fastest of its lines, as of PyTorch's: on cores that are busy with "
    "other things one thread is the better choice."
)


def lesson(setting: Setting) -> Section:
    """Time the lesson's 1,000 steps."""
    X, y = setting.data.terms
    dense = normalised(X)
    timings = race(
        [
            Contender("ours", lambda _: _networks.lesson(0).fit(X, y)),
            *logistic_contenders(X, y, setting.quick, max_iter=1000),
            Contender(
                "scikeras, same network", lambda _: _networks.scikeras_lesson().fit(dense, y)
            ),
            Contender("SGDClassifier, one epoch", lambda _: _networks.one_epoch_sgd(0).fit(X, y)),
            Contender(
                "MLPClassifier((2, 20, 20)), one epoch",
                lambda _: _networks.one_epoch_mlp(0).fit(X, y),
            ),
        ],
        setting.repeats,
        "lesson",
    )
    return Section(
        f"The lesson: {size_of(X)}",
        "ours / rival",
        versus(timings, {"LogisticRegression": 0.5, "scikeras": 0.1}),
        [
            f"Ours and scikeras: {_networks.LESSON_SETTINGS}.",
            "scikeras: Dense(2) without bias on dense rows, divided by their sums beforehand, "
            "which is faster for Keras than sparse rows; Keras' own choice of jit_compile.",
            _LOGISTIC,
            "MLPClassifier has biases in its first layer and a ReLU behind it, and uses Adam.",
        ],
    )


def unigrams(setting: Setting) -> Section:
    """Time an epoch on words."""
    X, y = setting.data.unigrams
    contenders = [
        Contender("ours", lambda _: _networks.sparse_network(0).fit(X, y)),
        *torch_contenders(X, y, setting.quick),
        *logistic_contenders(X, y, setting.quick, C=0.1),
        Contender("SGDClassifier, one epoch", lambda _: _networks.one_epoch_sgd(0).fit(X, y)),
        *fasttext_contenders(X, y, setting.folder),
    ]
    timings = race(contenders, setting.repeats, "unigrams")
    targets = {"PyTorch": 0.5, "LogisticRegression": 0.5}
    return Section(
        f"An epoch on words: {size_of(X)}",
        "ours / rival",
        versus(timings, targets),
        [
            "Ours and PyTorch: dim 16, mean, hidden 20, batch 256, Adagrad 0.1.",
            _TORCH,
            _LOGISTIC,
            "fastText: dim 16, no hidden layer, a thread a core, in processes of its own; its time "
            "includes reading the ids from a file twice, as it has no other input.",
            _ABSENT,
        ],
    )


def bigrams(setting: Setting) -> Section:
    """Time an epoch on words and pairs, and on a table many times as wide."""
    X, y = setting.data.bigrams
    wide = widened(X, _WIDE)
    contenders = [
        Contender("ours", lambda _: _networks.sparse_network(0).fit(X, y)),
        Contender(f"ours, {_WIDE:,} columns", lambda _: _networks.sparse_network(0).fit(wide, y)),
        *torch_contenders(X, y, setting.quick, sparse_only=True),
        *logistic_contenders(X, y, setting.quick, C=0.1),
    ]
    timings = race(contenders, min(setting.repeats, 5), "bigrams")
    ours, widest, *_ = timings
    lines = versus([ours, *timings[2:]], {"LogisticRegression": 0.25})
    ratio = Ratio.of(widest.seconds, ours.seconds)
    lines.append(
        Line(
            f"{widest.contender.name} (ratio: to ours)",
            widest.seconds,
            "s",
            ratio,
            1.3,
            widest.peak_mb,
        )
    )
    return Section(
        f"An epoch on words and pairs: {size_of(X)}",
        "ours / rival",
        lines,
        [
            "Network and rivals as in the row on words.",
            f"{_WIDE:,} columns: the same entries, their columns sent to random ones. Columns "
            "without entries get no row in the table that is trained; how the time grows with "
            "columns that have entries is in the section on vocabularies.",
        ],
    )


def predict(setting: Setting) -> Section:
    """Time predictions of one row and of many."""
    X, y = setting.data.unigrams
    many = setting.data.test_unigrams[0]
    one = many[:1]
    ours, theirs = _networks.sparse_network(0).fit(X, y), _networks.linear().fit(X, y)
    lines = []
    for name, rows, calls in (("one row", one, 200), (f"{many.shape[0]:,} rows", many, 1)):
        contenders = [
            Contender(f"{who}, {name}", partial(_predict, model, rows), calls=calls)
            for who, model in (("ours", ours), ("LogisticRegression", theirs))
        ]
        timings = race(contenders, setting.repeats, "predict")
        lines += versus(timings)
    return Section(
        f"predict_proba: {many.shape[1]:,} columns, binary",
        "ours / rival",
        lines,
        ["Ours: dim 16, hidden 20. A call of one row is the mean of 200 calls."],
    )


def _predict(model: Any, rows: sp.csr_matrix, _: None) -> None:
    model.predict_proba(rows)


def size_of(X: sp.csr_matrix) -> str:
    """Tell the size of review features."""
    return f"{X.shape[0]:,} reviews, {X.shape[1]:,} columns, {X.nnz:,} entries"
