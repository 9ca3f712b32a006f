"""Fits on reviews, against rivals that take turns with them in one process."""

from benchmarks.shared._tables import Line, Section, versus
from benchmarks.shared._timing import Contender, Ratio, race
from benchmarks.shared.data._made_rows import widened
from benchmarks.speed import _models
from benchmarks.speed._features import size_of
from benchmarks.speed._rivals import fasttext_contenders, logistic_contenders, torch_contenders
from benchmarks.speed._setting import Setting

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
    dense = _models.normalised(X)
    timings = race(
        [
            Contender("ours", lambda _: _models.lesson(0).fit(X, y)),
            *logistic_contenders(X, y, setting.quick, max_iter=1000),
            Contender("scikeras, same network", lambda _: _models.scikeras_lesson().fit(dense, y)),
            Contender("SGDClassifier, one epoch", lambda _: _models.one_epoch_sgd(0).fit(X, y)),
            Contender(
                "MLPClassifier((2, 20, 20)), one epoch",
                lambda _: _models.one_epoch_mlp(0).fit(X, y),
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
            f"Ours and scikeras: {_models.LESSON_SETTINGS}.",
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
        Contender("ours", lambda _: _models.sparse_network(0).fit(X, y)),
        *torch_contenders(X, y, setting.quick),
        *logistic_contenders(X, y, setting.quick, C=0.1),
        Contender("SGDClassifier, one epoch", lambda _: _models.one_epoch_sgd(0).fit(X, y)),
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
        Contender("ours", lambda _: _models.sparse_network(0).fit(X, y)),
        Contender(f"ours, {_WIDE:,} columns", lambda _: _models.sparse_network(0).fit(wide, y)),
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
